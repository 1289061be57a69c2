// The rules about pages, links and BUILD files.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "tests/house/rules.h"

namespace commplan::house {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// The front door: what a visitor of the repository sees first.
constexpr std::array<std::string_view, 3> kFrontDoor = {"README.md", "ARCHITECTURE.md",
                                                        "CONTRIBUTING.md"};

struct Link {
  int line = 0;
  std::string target;  // without anchor and title
};

// Replaces `code` spans of one line by blanks; a link shown as an example leads nowhere.
std::string WithoutCodeSpans(std::string_view line) {
  std::string text(line);
  for (std::size_t open = text.find('`'); open != std::string::npos; open = text.find('`', open)) {
    const std::size_t close = text.find('`', open + 1);
    if (close == std::string::npos) break;
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(open),
              text.begin() + static_cast<std::ptrdiff_t>(close) + 1, ' ');
  }
  return text;
}

bool IsRelative(std::string_view target) {
  return !target.empty() && target.front() != '#' && target.find("://") == kNone &&
         !StartsWith(target, "mailto:");
}

void AddTarget(std::string_view target, int line, std::vector<Link>& links) {
  target = Trim(target);
  target = target.substr(0, target.find_first_of(" \t"));
  if (target.size() > 1 && target.front() == '<' && target.back() == '>') {
    target = target.substr(1, target.size() - 2);
  }
  if (IsRelative(target)) links.push_back({line, std::string(target.substr(0, target.find('#')))});
}

// The relative links of a page: [text](target), ![text](target) and "[name]: target", outside code.
std::vector<Link> LinksOf(std::string_view page) {
  std::vector<Link> links;
  std::string_view fence;
  int number = 0;
  for (const std::string_view raw : SplitLines(page)) {
    ++number;
    const std::string_view start = Trim(raw);
    const bool fenced = StartsWith(start, "```") || StartsWith(start, "~~~");
    if (fenced && fence.empty()) {
      fence = start.substr(0, 3);
    } else if (fenced && StartsWith(start, fence)) {
      fence = {};
    }
    if (fenced || !fence.empty()) continue;
    const std::string line = WithoutCodeSpans(raw);
    for (std::size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 1)) {
      const std::size_t close = FindClosing(line, at + 1);
      if (close != kNone) {
        AddTarget(std::string_view(line).substr(at + 2, close - at - 2), number, links);
      }
    }
    const std::size_t definition = line.find("]: ");
    if (!line.empty() && line.front() == '[' && definition != std::string::npos) {
      AddTarget(std::string_view(line).substr(definition + 3), number, links);
    }
  }
  return links;
}

// `target` as seen from `folder`, as a path from the root: "docs" + "../README.md" -> "README.md".
// Empty when it leaves the repository.
std::string Resolve(std::string_view folder, std::string_view target) {
  std::vector<std::string_view> parts;
  const std::string joined = StartsWith(target, "/") || folder.empty()
                                 ? std::string(target)
                                 : std::string(folder) + "/" + std::string(target);
  std::string_view rest = joined;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part == ".." && parts.empty()) return {};
    if (part == "..") {
      parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  std::string path;
  for (const std::string_view part : parts) path.append(path.empty() ? "" : "/").append(part);
  return path;
}

bool Exists(const std::set<std::string>& paths, const std::string& path) {
  if (path.empty()) return false;
  if (paths.count(path) != 0) return true;
  const auto inside = paths.lower_bound(path + "/");  // a folder
  return inside != paths.end() && StartsWith(*inside, path + "/");
}

std::set<std::string> PathsOf(const Tree& tree) {
  std::set<std::string> paths;
  for (const SourceFile& file : tree) paths.insert(file.path);
  return paths;
}

// ---- BUILD files ----

// Where a glob may stand, and why.
struct GlobRoom {
  std::string_view prefix;
  std::string_view reason;
};

constexpr std::array<GlobRoom, 3> kGlobRooms = {{
    {"profiles/", "data files come and go without code"},
    {"third_party/", "the outside world lists its own headers"},
    {"docs/", "pages are exported as a whole"},
}};

constexpr std::array<std::string_view, 3> kCompiledRules = {"cc_library", "cc_test", "cc_binary"};

struct Call {
  std::size_t at = 0;
  std::size_t close = 0;
};

std::vector<Call> CallsOf(std::string_view code, std::string_view function) {
  std::vector<Call> calls;
  for (std::size_t at = FindWord(code, function, 0); at != kNone;
       at = FindWord(code, function, at + 1)) {
    const std::size_t open = SkipSpace(code, at + function.size());
    if (open >= code.size() || code[open] != '(') continue;
    calls.push_back({at, std::min(FindClosing(code, open), code.size())});
  }
  return calls;
}

bool HasCommonFlags(std::string_view call) {
  const std::size_t copts = FindWord(call, "copts", 0);
  if (copts == kNone) return false;
  const std::size_t equals = SkipSpace(call, copts + 5);
  return call.substr(equals, 1) == "=" && WordAt(call, SkipSpace(call, equals + 1)) == "COPTS";
}

// The attribute `name = "..."` of a call; literals come from the raw text.
std::string TargetName(std::string_view raw_call) {
  const std::size_t name = FindWord(raw_call, "name", 0);
  const std::size_t open = name == kNone ? kNone : raw_call.find('"', name);
  if (open == kNone) return "?";
  return std::string(raw_call.substr(open + 1, raw_call.find('"', open + 1) - open - 1));
}

void CheckVisibility(const SourceFile& file, std::string_view code, Findings& findings) {
  const std::size_t at = FindWord(code, "default_visibility", 0);
  if (at == kNone) return;
  const std::size_t end = std::min(code.find(']', at), code.size());
  if (file.text.substr(at, end - at).find("//visibility:public") == std::string::npos) return;
  findings.push_back({file.path, LineOf(code, at), "build",
                      "found a public default_visibility, expected private by default; list the "
                      "rooms that may use each target"});
}

void CheckGlobs(const SourceFile& file, std::string_view code, Findings& findings) {
  for (const GlobRoom& room : kGlobRooms) {
    if (StartsWith(file.path, room.prefix)) return;
  }
  for (const Call& call : CallsOf(code, "glob")) {
    findings.push_back({file.path, LineOf(code, call.at), "build",
                        "found glob(), expected explicit sources; list the files, so that a new "
                        "one shows in review"});
  }
}

void CheckCopts(const SourceFile& file, std::string_view code, Findings& findings) {
  if (StartsWith(file.path, "third_party/")) return;  // stubs and outside code
  for (const std::string_view rule : kCompiledRules) {
    for (const Call& call : CallsOf(code, rule)) {
      if (HasCommonFlags(code.substr(call.at, call.close - call.at))) continue;
      const std::string name =
          TargetName(std::string_view(file.text).substr(call.at, call.close - call.at));
      findings.push_back({file.path, LineOf(code, call.at), "build",
                          "found " + std::string(rule) + " '" + name +
                              "' without the common flags, expected copts = COPTS; load COPTS from "
                              "//tools:copts.bzl and add it"});
    }
  }
}

}  // namespace

Findings CheckPages(const Tree& tree) {
  std::map<std::string, const SourceFile*> pages;
  for (const SourceFile& file : tree) {
    if (IsMarkdown(file.path)) pages[file.path] = &file;
  }
  std::set<std::string> reached;
  std::vector<std::string> open(kFrontDoor.begin(), kFrontDoor.end());
  while (!open.empty()) {
    const std::string path = open.back();
    open.pop_back();
    if (pages.count(path) == 0 || !reached.insert(path).second) continue;
    for (const Link& link : LinksOf(pages[path]->text)) {
      open.push_back(Resolve(FolderOf(path), link.target));
    }
  }
  Findings findings;
  for (const auto& [path, page] : pages) {
    if (!StartsWith(path, "docs/") || reached.count(path) != 0) continue;
    findings.push_back({path, 1, "pages",
                        "found a page that nobody can reach, expected a chain of links from "
                        "README.md, ARCHITECTURE.md or CONTRIBUTING.md; link it where a reader "
                        "would look, or delete it"});
  }
  return findings;
}

Findings CheckLinks(const Tree& tree) {
  const std::set<std::string> paths = PathsOf(tree);
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsMarkdown(file.path)) continue;
    for (const Link& link : LinksOf(file.text)) {
      if (Exists(paths, Resolve(FolderOf(file.path), link.target))) continue;
      findings.push_back({file.path, link.line, "links",
                          "found a link to '" + link.target +
                              "', expected a file of this repository; correct the path or remove "
                              "the link"});
    }
  }
  return findings;
}

Findings CheckBuildFiles(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsBuildFile(file.path)) continue;
    const std::string code = SplitStarlark(file.text).code;
    CheckVisibility(file, code, findings);
    CheckGlobs(file, code, findings);
    CheckCopts(file, code, findings);
  }
  return findings;
}

}  // namespace commplan::house
