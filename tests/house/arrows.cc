// The rules about includes: arrows between rooms, outside libraries, the own header first.

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "tests/house/rules.h"

namespace commplan::house {
namespace {

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// Up to eight prefixes; unused places are empty.
using Prefixes = std::array<std::string_view, 8>;

bool AnyPrefixOf(const Prefixes& prefixes, std::string_view text) {
  return std::any_of(prefixes.begin(), prefixes.end(), [text](std::string_view prefix) {
    return !prefix.empty() && StartsWith(text, prefix);
  });
}

std::string Join(const Prefixes& prefixes) {
  std::string text;
  for (const std::string_view prefix : prefixes) {
    if (prefix.empty()) continue;
    text.append(text.empty() ? "" : ", ").append(prefix);
  }
  return text;
}

// ---- arrows: from user to used, nothing points back ----

struct Room {
  std::string_view prefix;
  Prefixes may_include;  // besides itself
};

constexpr std::string_view kBase = "model/base/";
constexpr Prefixes kOnBase = {kBase};
constexpr Prefixes kOnMiddleFloor = {"model/fabric/",   "model/codec/",    "model/compute/",
                                     "model/schedule/", "model/workload/", kBase};

// The longest matching prefix is a file's room. A room on one floor does not know its neighbours.
constexpr std::array<Room, 21> kRooms = {{
    {kBase, {}},
    {"model/fabric/", kOnBase},
    {"model/codec/", kOnBase},
    {"model/compute/", kOnBase},
    {"model/schedule/", kOnBase},
    {"model/workload/", kOnBase},
    {"model/collective/", kOnMiddleFloor},
    {"model/memory/", kOnMiddleFloor},
    {"model/step/",
     {"model/collective/", "model/memory/", "model/fabric/", "model/codec/", "model/compute/",
      "model/schedule/", "model/workload/", kBase}},
    {"planner/", {"model/"}},
    {"profiles/", {"model/"}},
    {"calibrate/samples/", {"model/"}},
    {"calibrate/device/", {"model/", "calibrate/samples/"}},
    {"calibrate/fit/", {"model/", "calibrate/samples/"}},
    {"cli/report/", {"model/", "planner/", "calibrate/", "profiles/"}},
    {"cli/", {"model/", "planner/", "calibrate/", "profiles/"}},
    {"tests/oracle/", {}},  // shares no formula with what it judges
    {"tests/", {"model/", "planner/", "calibrate/", "profiles/", "cli/"}},
    {"examples/", {"model/", "planner/", "calibrate/", "profiles/"}},
    {"third_party/", {}},
    {"tools/", {}},
}};

std::optional<Room> RoomOf(std::string_view path) {
  std::optional<Room> best;
  for (const Room& room : kRooms) {
    if (!StartsWith(path, room.prefix)) continue;
    if (!best || room.prefix.size() > best->prefix.size()) best = room;
  }
  return best;
}

bool MayInclude(std::string_view path, const Room& from, const Room& to) {
  if (from.prefix == to.prefix) return true;
  // A room may hold rooms (cli/report/): those above see in, those within do not see out.
  if (StartsWith(to.prefix, from.prefix)) return true;
  // A comparison of the oracle with the model stands beside the oracle and sees both.
  if (from.prefix == "tests/oracle/" && path.find("_test.cc") != std::string_view::npos) {
    return StartsWith(to.prefix, "model/");
  }
  return AnyPrefixOf(from.may_include, to.prefix);
}

std::string ArrowMessage(const Include& include, const Room& from) {
  const std::string allowed = Join(from.may_include);
  return "found \"" + include.target + "\", expected " + std::string(from.prefix) +
         " to include only itself" + (allowed.empty() ? "" : ", " + allowed) +
         "; move what both need one floor down, or let the caller pass it as a value";
}

// ---- outside libraries and the purity of the model ----

struct Outside {
  Prefixes headers;
  Prefixes rooms;
  bool free_in_tests;  // tests/ and ..._test.cc too
  std::string_view reason;
};

// Printing, clocks and chance are "outside" as well: what needs them is no pure model.
constexpr std::array<Outside, 9> kOutside = {{
    {{"yaml-cpp/"},
     {"profiles/"},
     false,
     "profiles/ is the only code that sees yaml-cpp; take its values instead"},
    {{"cuda", "nccl.h", "cublas", "cub/", "cooperative_groups"},
     {"calibrate/device/"},
     false,
     "everything else builds without a GPU; write samples there and read them here"},
    {{"mpi.h"},
     {"calibrate/device/"},
     false,
     "everything else builds without MPI; write samples there and read them here"},
    {{"CLI/"}, {"cli/"}, false, "the core never sees the parser; take plain options"},
    {{"Eigen/", "unsupported/Eigen/"},
     {"model/", "calibrate/fit/"},
     true,
     "linear algebra belongs to the model and the fit; ask one of them"},
    {{"nlohmann/"},
     {"cli/report/", "calibrate/samples/", "profiles/"},
     true,
     "JSON is read and written at the borders only; pass the value itself"},
    {{"fmt/"},
     {"planner/", "profiles/", "calibrate/", "cli/"},
     true,
     "the model is pure; give a value and let cli/report/ print it"},
    {{"iostream", "fstream", "cstdio", "stdio.h", "print", "filesystem", "unistd.h"},
     {"profiles/", "calibrate/", "cli/", "model/base/check."},
     true,
     "the model and the planner do no I/O; return the value and let cli/ print or read"},
    {{"chrono", "ctime", "time.h", "sys/time.h", "random"},
     {"planner/", "profiles/", "calibrate/", "cli/"},
     true,
     "the model has no clock and no chance, same input gives the same bits; take it as an "
     "argument"},
}};

// A prefix that ends in '/' or is a family ("cuda...") covers what follows; a header is itself.
bool NamesHeader(std::string_view header, std::string_view target) {
  const bool family = header.back() == '/' || header == "cuda" || header == "cublas" ||
                      header == "cooperative_groups";
  return family ? StartsWith(target, header) : header == target;
}

bool IsOutsideLibrary(const Outside& outside, std::string_view target) {
  return std::any_of(
      outside.headers.begin(), outside.headers.end(),
      [target](std::string_view header) { return !header.empty() && NamesHeader(header, target); });
}

bool IsOutsideLibrary(std::string_view target) {
  return std::any_of(kOutside.begin(), kOutside.end(), [target](const Outside& outside) {
    return IsOutsideLibrary(outside, target);
  });
}

void CheckOutsideInclude(const SourceFile& file, const Include& include, Findings& findings) {
  for (const Outside& outside : kOutside) {
    if (!IsOutsideLibrary(outside, include.target)) continue;
    if (AnyPrefixOf(outside.rooms, file.path)) continue;
    if (outside.free_in_tests && IsTestCode(file.path)) continue;
    findings.push_back({file.path, include.line, "outside",
                        "found <" + include.target + ">, expected it only in " +
                            Join(outside.rooms) + "; " + std::string(outside.reason)});
  }
}

std::string OwnHeader(const SourceFile& file, const std::set<std::string_view>& paths) {
  const std::size_t dot = file.path.rfind('.');
  for (const std::string_view ending : {".h", ".cuh"}) {
    std::string header = file.path.substr(0, dot).append(ending);
    if (paths.count(header) != 0) return header;
  }
  static constexpr std::string_view kTest = "_test";
  std::string stem = file.path.substr(0, dot);
  if (stem.size() < kTest.size() || stem.substr(stem.size() - kTest.size()) != kTest) return {};
  stem.resize(stem.size() - kTest.size());
  for (const std::string_view ending : {".h", ".cuh"}) {
    if (paths.count(stem + std::string(ending)) != 0) return stem + std::string(ending);
  }
  return {};
}

}  // namespace

Findings CheckOwnHeaderFirst(const Tree& tree) {
  std::set<std::string_view> paths;
  for (const SourceFile& file : tree) paths.insert(file.path);
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsCpp(file.path) || IsHeader(file.path)) continue;
    const std::string own = OwnHeader(file, paths);
    const std::vector<Include> includes = IncludesOf(file.text);
    if (own.empty() || (!includes.empty() && includes.front().target == own)) continue;
    const std::string first = includes.empty() ? "no include" : includes.front().target;
    findings.push_back({file.path, includes.empty() ? 1 : includes.front().line, "own-header",
                        "found " + first + " first, expected \"" + own +
                            "\"; move it to the top, it proves that the header stands alone"});
  }
  return findings;
}

Findings CheckArrows(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsCpp(file.path)) continue;
    const std::optional<Room> from = RoomOf(file.path);
    if (!from) {
      findings.push_back({file.path, 1, "arrows",
                          "found code in a folder that is no room, expected one of the rooms in "
                          "tests/house/arrows.cc; move it, or add the room and its arrows there"});
      continue;
    }
    for (const Include& include : IncludesOf(file.text)) {
      const std::optional<Room> to = RoomOf(include.target);
      if (to && !MayInclude(file.path, *from, *to)) {
        findings.push_back({file.path, include.line, "arrows", ArrowMessage(include, *from)});
      } else if (!to && include.quoted && include.target.find('/') == std::string::npos &&
                 !IsOutsideLibrary(include.target)) {
        findings.push_back({file.path, include.line, "arrows",
                            "found \"" + include.target +
                                "\", expected a path from the repository root; write the folder "
                                "too, or <...> for an outside library"});
      }
    }
  }
  return findings;
}

Findings CheckOutsideLibraries(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsCpp(file.path)) continue;
    for (const Include& include : IncludesOf(file.text)) {
      CheckOutsideInclude(file, include, findings);
    }
  }
  return findings;
}

}  // namespace commplan::house
