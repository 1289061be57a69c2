#include "tests/house/console.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace commplan::house {
namespace {

constexpr std::string_view kProgram = "./commplan";
constexpr std::string_view kAnyLines = "...";

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

struct LeftAlone {
  std::string_view start;
  std::string_view reason;
};

// Commands that documents may show and that are not run here. Everything else is a finding.
constexpr std::array<LeftAlone, 11> kLeftAlone = {{
    {"./test", "runs this test among others"},
    {"tools/", "needs the developer's tools; CI runs it"},
    {".ci/run", "runs every test, this one among them"},
    {"git ", "changes or fetches a checkout"},
    {"cd ", "each document already runs in its own folder"},
    {"bazel ", "a build inside a test would wait for itself"},
    {"sudo ", "changes the machine"},
    {"apt-get ", "changes the machine"},
    {"mpirun ", "needs MPI and several processes"},
    {"scp ", "needs a second machine"},
    {"ssh ", "needs a second machine"},
}};

// ---- holes ----

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t SkipDigits(std::string_view text, std::size_t from) {
  while (from < text.size() && IsDigit(text[from])) ++from;
  return from;
}

std::size_t SkipSign(std::string_view text, std::size_t from) {
  return from < text.size() && (text[from] == '-' || text[from] == '+') ? from + 1 : from;
}

// Each takes the longest value at the start of the text and gives its length, 0 when none is there.
std::size_t IntLength(std::string_view text) {
  const std::size_t begin = SkipSign(text, 0);
  const std::size_t end = SkipDigits(text, begin);
  return end == begin ? 0 : end;
}

std::size_t FloatLength(std::string_view text) {
  std::size_t end = IntLength(text);
  if (end == 0) return 0;
  if (end + 1 < text.size() && text[end] == '.' && IsDigit(text[end + 1])) {
    end = SkipDigits(text, end + 1);
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    const std::size_t exponent = SkipSign(text, end + 1);
    if (SkipDigits(text, exponent) > exponent) end = SkipDigits(text, exponent);
  }
  return end;
}

std::size_t HexLength(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789abcdefABCDEF");
  return std::min(end, text.size());
}

struct Hole {
  std::string_view mark;
  std::size_t (*length)(std::string_view text);
};

constexpr std::array<Hole, 3> kHoles = {{
    {"%float", FloatLength},
    {"%int", IntLength},
    {"%hex", HexLength},
}};
constexpr std::string_view kAny = "%any";

// ---- lines of a document ----

bool IsFence(std::string_view line) { return StartsWith(Trim(line), "```"); }

bool OpensConsole(std::string_view line) { return Trim(line) == "```console"; }

// "[exit 3]" -> 3; -1 for any other line.
int ExitStatusOf(std::string_view line) {
  static constexpr std::string_view kStart = "[exit ";
  if (!StartsWith(line, kStart) || line.back() != ']') return -1;
  const std::string_view number = line.substr(kStart.size(), line.size() - kStart.size() - 1);
  int status = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), status);
  return error == std::errc() && end == number.data() + number.size() ? status : -1;
}

void FinishExample(Example& example) {
  while (!example.expected.empty() && Trim(example.expected.back()).empty()) {
    example.expected.pop_back();
  }
  const int status = example.expected.empty() ? -1 : ExitStatusOf(example.expected.back());
  if (status < 0) return;
  example.exit_status = status;
  example.expected.pop_back();
}

// ---- diff ----

enum class Edit { kSame, kRemoved, kAdded };

// The fewest edits from `expected` to `got`, by the longest common subsequence. Outputs are short.
std::vector<Edit> Edits(const std::vector<std::string>& expected,
                        const std::vector<std::string>& got) {
  const std::size_t n = expected.size();
  const std::size_t m = got.size();
  std::vector<std::vector<int>> common(n + 1, std::vector<int>(m + 1, 0));
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = m; j-- > 0;) {
      common[i][j] = LineMatches(expected[i], got[j])
                         ? common[i + 1][j + 1] + 1
                         : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<Edit> edits;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && LineMatches(expected[i], got[j])) {
      edits.push_back(Edit::kSame);
      ++i;
      ++j;
    } else if (j >= m || (i < n && common[i + 1][j] >= common[i][j + 1])) {
      edits.push_back(Edit::kRemoved);
      ++i;
    } else {
      edits.push_back(Edit::kAdded);
      ++j;
    }
  }
  return edits;
}

bool HasAnyLines(const std::vector<std::string>& expected) {
  return std::find(expected.begin(), expected.end(), kAnyLines) != expected.end();
}

}  // namespace

std::vector<Example> ExamplesOf(std::string_view document) {
  const std::vector<std::string_view> lines = SplitLines(document);
  std::vector<Example> examples;
  bool console = false;
  bool other_fence = false;
  bool open = false;  // the last example still takes lines
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    const int number = static_cast<int>(i) + 1;
    const bool fence = IsFence(line);
    const bool command = console && StartsWith(line, "$ ");
    if (open && (fence || command)) {
      examples.back().end = number;
      FinishExample(examples.back());
      open = false;
    }
    if (fence) {
      console = !console && !other_fence && OpensConsole(line);
      other_fence = !console && !other_fence && Trim(line) != "```";
    } else if (command) {
      std::string text(line.substr(2));
      while (!text.empty() && text.back() == '\\' && i + 1 < lines.size()) {
        text.append("\n").append(lines[++i]);
      }
      examples.push_back({number, text, static_cast<int>(i) + 2, {}, 0, 0});
      open = true;
    } else if (open) {
      examples.back().expected.emplace_back(line);
    }
  }
  if (open) {
    examples.back().end = static_cast<int>(lines.size()) + 1;
    FinishExample(examples.back());
  }
  return examples;
}

Findings CheckStrayLines(const SourceFile& document) {
  Findings findings;
  bool waiting = false;  // inside a console block, before its first command
  int number = 0;
  for (const std::string_view line : SplitLines(document.text)) {
    ++number;
    if (waiting && !IsFence(line) && !StartsWith(line, "$ ")) {
      findings.push_back({document.path, number, "console",
                          "found output before the first command, expected '$ command'; show how "
                          "it was made, or mark the block as text"});
    }
    waiting = OpensConsole(line);
  }
  return findings;
}

Verdict Judge(std::string_view command) {
  const bool program = StartsWith(command, kProgram);
  if (program &&
      (command.size() == kProgram.size() ||
       std::string_view(" \n\\;|>").find(command[kProgram.size()]) != std::string_view::npos)) {
    return {Treatment::kRun, ""};
  }
  for (const LeftAlone& row : kLeftAlone) {
    const std::string_view start = Trim(row.start);
    if (command == start || StartsWith(command, row.start)) {
      return {Treatment::kLeave, std::string(row.reason)};
    }
  }
  return {Treatment::kUnknown,
          "found a command that is not run here, expected ./commplan; show it in a block that is "
          "not ```console, or add it with its reason to kLeftAlone in tests/house/console.cc"};
}

std::string WithProgram(std::string_view command, std::string_view program) {
  std::string quoted = "'";
  for (const char c : program) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted.append("'").append(command.substr(kProgram.size()));
}

bool LineMatches(std::string_view expected, std::string_view got) {
  while (!expected.empty()) {
    if (StartsWith(expected, kAny)) {
      const std::string_view rest = expected.substr(kAny.size());
      for (std::size_t length = 1; length <= got.size(); ++length) {
        if (LineMatches(rest, got.substr(length))) return true;
      }
      return false;
    }
    std::size_t taken = 0;  // from `expected`
    std::size_t length = 0;
    for (const Hole& hole : kHoles) {
      if (!StartsWith(expected, hole.mark)) continue;
      taken = hole.mark.size();
      length = hole.length(got);
    }
    if (taken == 0 && !got.empty() && got.front() == expected.front()) taken = length = 1;
    if (length == 0) return false;
    expected.remove_prefix(taken);
    got.remove_prefix(length);
  }
  return got.empty();
}

std::vector<std::string> OutputLines(std::string_view output) {
  std::vector<std::string> lines;
  for (const std::string_view line : SplitLines(output)) lines.emplace_back(line);
  while (!lines.empty() && Trim(lines.back()).empty()) lines.pop_back();
  return lines;
}

bool OutputMatches(const std::vector<std::string>& expected, const std::vector<std::string>& got) {
  // reach[j]: the expected lines so far can account for exactly the first j lines of `got`.
  std::vector<bool> reach(got.size() + 1, false);
  reach[0] = true;
  for (const std::string& line : expected) {
    std::vector<bool> next(got.size() + 1, false);
    for (std::size_t j = 0; j <= got.size(); ++j) {
      if (line == kAnyLines) {
        next[j] = reach[j] || (j > 0 && next[j - 1]);
      } else if (j > 0) {
        next[j] = reach[j - 1] && LineMatches(line, got[j - 1]);
      }
    }
    reach = next;
  }
  return reach[got.size()];
}

std::string Diff(const std::vector<std::string>& expected, const std::vector<std::string>& got) {
  std::string text;
  std::size_t i = 0;
  std::size_t j = 0;
  for (const Edit edit : Edits(expected, got)) {
    if (edit == Edit::kSame) text += "  " + got[j] + "\n";
    if (edit == Edit::kRemoved) text += "- " + expected[i] + "\n";
    if (edit == Edit::kAdded) text += "+ " + got[j] + "\n";
    if (edit != Edit::kAdded) ++i;
    if (edit != Edit::kRemoved) ++j;
  }
  return text;
}

Findings Compare(const std::string& path, const Example& example, const Shown& shown) {
  const bool same_status = example.exit_status == shown.exit_status;
  if (same_status && OutputMatches(example.expected, shown.lines)) return {};
  std::vector<std::string> expected = example.expected;
  std::vector<std::string> got = shown.lines;
  if (!same_status) {
    expected.push_back("[exit " + std::to_string(example.exit_status) + "]");
    got.push_back("[exit " + std::to_string(shown.exit_status) + "]");
  }
  return {{path, example.line, "console",
           "found another output of `" + example.command +
               "`, expected what the document shows; correct the program, or look at the diff and "
               "run the test with COMMPLAN_UPDATE_DOCS=1\n" +
               Diff(expected, got)}};
}

std::string Corrected(std::string_view document, const Example& example, const Shown& shown) {
  const bool matches = OutputMatches(example.expected, shown.lines);
  if (!matches && HasAnyLines(example.expected)) return std::string(document);
  std::vector<std::string> output;
  if (matches) {
    output = example.expected;
  } else {
    std::size_t i = 0;
    std::size_t j = 0;
    for (const Edit edit : Edits(example.expected, shown.lines)) {
      if (edit == Edit::kSame) output.push_back(example.expected[i]);
      if (edit == Edit::kAdded) output.push_back(shown.lines[j]);
      if (edit != Edit::kAdded) ++i;
      if (edit != Edit::kRemoved) ++j;
    }
  }
  if (shown.exit_status != 0) {
    output.push_back("[exit " + std::to_string(shown.exit_status) + "]");
  }
  std::string text;
  int number = 0;
  for (const std::string_view line : SplitLines(document)) {
    ++number;
    if (number == example.first_expected) {
      for (const std::string& shown_line : output) text += shown_line + "\n";
    }
    const bool replaced = number >= example.first_expected && number < example.end;
    if (!replaced) text.append(line).append("\n");
  }
  return text;
}

}  // namespace commplan::house
