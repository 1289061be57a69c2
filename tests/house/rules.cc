#include "tests/house/rules.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace commplan::house {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

constexpr std::array<Rule, 12> kRules = {{
    {"purpose", "a header opens with what the thing is, and has #pragma once", CheckPurpose},
    {"alias", "no alias of a plain number pretends to be a type", CheckAliases},
    {"exit", "only cli/main.cc ends the process", CheckExits},
    {"length", "files and functions stay short", CheckLengths},
    {"todo", "a TODO carries its reason", CheckTodos},
    {"words", "no file speaks of one machine's folders", CheckWords},
    {"own-header", "a source includes its own header first", CheckOwnHeaderFirst},
    {"arrows", "includes follow the arrows between the rooms", CheckArrows},
    {"outside", "outside libraries stay in their rooms", CheckOutsideLibraries},
    {"pages", "every page of docs/ can be reached from the front door", CheckPages},
    {"links", "every relative link leads to a file", CheckLinks},
    {"build", "BUILD files: private, without globs, with the common flags", CheckBuildFiles},
}};

// ---- purpose ----

// The text of the comment block that opens the file, markers removed; empty when there is none.
std::string OpeningComment(const SourceFile& file) {
  const Views views = SplitCpp(file.text);
  const std::vector<std::string_view> code = SplitLines(views.code);
  const std::vector<std::string_view> comments = SplitLines(views.comments);
  std::string opening;
  for (std::size_t i = 0; i < comments.size(); ++i) {
    std::string_view line = Trim(comments[i]);
    if (!Trim(code[i]).empty() || (line.empty() && !opening.empty())) break;
    while (!line.empty() && std::string_view("/*! ").find(line.front()) != kNone) {
      line.remove_prefix(1);
    }
    while (!line.empty() && std::string_view("/* ").find(line.back()) != kNone) {
      line.remove_suffix(1);
    }
    opening.append(line).append(line.empty() ? "" : " ");
  }
  return opening;
}

// Words of the first sentence; 0 when no sentence ends within the text.
int WordsOfFirstSentence(std::string_view text) {
  int words = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ' ' && !inside) ++words;
    inside = text[i] != ' ';
    const bool last = i + 1 == text.size() || text[i + 1] == ' ';
    if (text[i] == '.' && last) return words;
  }
  return 0;
}

// ---- alias ----

// Names that the standard library asks for; they describe, they do not name a quantity.
constexpr std::array<std::string_view, 8> kStandardAliases = {
    "value_type", "difference_type", "size_type", "result_type", "element_type", "type",
    "rep",        "is_transparent"};

constexpr std::array<std::string_view, 26> kNumberWords = {
    "const",    "unsigned", "signed",    "short",   "long",      "int",      "float",
    "double",   "int8_t",   "int16_t",   "int32_t", "int64_t",   "uint8_t",  "uint16_t",
    "uint32_t", "uint64_t", "size_t",    "ssize_t", "ptrdiff_t", "intptr_t", "uintptr_t",
    "intmax_t", "std",      "uintmax_t", "float_t", "double_t"};

template <class Table>
bool Contains(const Table& table, std::string_view word) {
  return std::find(table.begin(), table.end(), word) != table.end();
}

// "const std::uint64_t", "unsigned long": words of numbers and nothing else.
bool IsPlainNumber(std::string_view type) {
  bool any = false;
  for (std::size_t i = 0; i < type.size();) {
    const std::string_view word = WordAt(type, i);
    if (!word.empty() && !Contains(kNumberWords, word)) return false;
    if (word.empty() && type[i] != ' ' && type[i] != ':' && type[i] != '\n') return false;
    any = any || (!word.empty() && word != "const" && word != "std");
    i += std::max<std::size_t>(word.size(), 1);
  }
  return any;
}

struct Alias {
  std::string_view name;
  std::string_view type;
};

// `statement` runs from the keyword to before the ';'.
Alias ParseAlias(std::string_view statement) {
  if (StartsWith(statement, "using")) {
    const std::size_t assignment = statement.find('=');
    if (assignment == kNone) return {};
    return {Trim(statement.substr(5, assignment - 5)), Trim(statement.substr(assignment + 1))};
  }
  statement = Trim(statement.substr(std::string_view("typedef").size()));
  std::size_t name = statement.size();
  while (name > 0 && IsWordChar(statement[name - 1])) --name;
  return {statement.substr(name), Trim(statement.substr(0, name))};
}

// ---- exit ----

struct Ending {
  std::string_view call;
  std::string_view allowed;  // path prefix
  std::string_view instead;
};

constexpr std::string_view kReturnAnError =
    "return an Error (model/base/result.h) and let cli/main.cc choose the exit status";

constexpr std::array<Ending, 6> kEndings = {{
    {"exit", "cli/main.cc", kReturnAnError},
    {"_exit", "cli/main.cc", kReturnAnError},
    {"_Exit", "cli/main.cc", kReturnAnError},
    {"quick_exit", "cli/main.cc", kReturnAnError},
    {"terminate", "cli/main.cc", kReturnAnError},
    {"abort", "model/base/check.", "use CHECK (model/base/check.h) for what no input can cause"},
}};

// A call of the function itself: not a method of that name, not a longer name.
std::size_t FindCall(std::string_view code, std::string_view name, std::size_t from) {
  for (std::size_t at = FindWord(code, name, from); at != kNone;
       at = FindWord(code, name, at + 1)) {
    const std::size_t next = SkipSpace(code, at + name.size());
    const bool method = at > 0 && (code[at - 1] == '.' || code[at - 1] == '>');
    if (next < code.size() && code[next] == '(' && !method) return at;
  }
  return kNone;
}

// ---- words ----

struct Forbidden {
  std::string_view text;
  std::string_view reason;
};

constexpr std::string_view kNoMachineFolder =
    "a folder of one machine; name it relative to the repository or to a variable such as $HOME";

// Each literal is written in two halves, so that this table is no finding itself.
constexpr std::array<Forbidden, 4> kForbidden = {{
    {"/wo"
     "rk/",
     kNoMachineFolder},
    {"/ro"
     "ot/",
     kNoMachineFolder},
    {"/ho"
     "me/",
     kNoMachineFolder},
    {"/Us"
     "ers/",
     kNoMachineFolder},
}};

// Part of a longer relative path or of an address, as in "docs/home/page.md".
bool ContinuesPath(std::string_view text, std::size_t at) {
  return at > 0 && (IsWordChar(text[at - 1]) ||
                    std::string_view(".-~})*").find(text[at - 1]) != std::string_view::npos);
}

// ---- length, todo ----

bool IsScript(const SourceFile& file) { return StartsWith(file.text, "#!"); }

void AddTodos(const SourceFile& file, const std::string& comments, Findings& findings) {
  static constexpr std::array<std::string_view, 2> kMarks = {"TODO", "FIXME"};
  for (const std::string_view mark : kMarks) {
    for (std::size_t at = FindWord(comments, mark, 0); at != kNone;
         at = FindWord(comments, mark, at + 1)) {
      const std::size_t open = at + mark.size();
      const std::string_view rest = std::string_view(comments).substr(open);
      const std::size_t close = StartsWith(rest, "(") ? rest.find(')') : kNone;
      if (close != kNone && !Trim(rest.substr(1, close - 1)).empty()) continue;
      const std::string name(mark);
      findings.push_back({file.path, LineOf(comments, at), "todo",
                          "found a bare " + name + ", expected " + name +
                              "(reason); write why it waits and for what, or do it now"});
    }
  }
}

}  // namespace

std::span<const Rule> Rules() { return kRules; }

Findings CheckTree(const Tree& tree) {
  Findings all;
  for (const Rule& rule : kRules) {
    const Findings findings = rule.check(tree);
    all.insert(all.end(), findings.begin(), findings.end());
  }
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.path, a.line) < std::tie(b.path, b.line);
  });
  return all;
}

std::string Describe(const Finding& finding) {
  return finding.path + ":" + std::to_string(finding.line) + ": [" + finding.rule + "] " +
         finding.message;
}

Findings CheckPurpose(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsHeader(file.path)) continue;
    const std::string opening = OpeningComment(file);
    const int words = WordsOfFirstSentence(opening);
    if (words < kMinPurposeWords) {
      const std::string found = opening.empty() ? "no opening comment"
                                : words == 0
                                    ? "an opening comment without a whole sentence"
                                    : "a first sentence of " + std::to_string(words) + " words";
      findings.push_back({file.path, 1, "purpose",
                          "found " + found + ", expected a sentence of at least " +
                              std::to_string(kMinPurposeWords) +
                              " words with its period; say at the top what the thing is"});
    }
    if (SplitCpp(file.text).code.find("#pragma once") == std::string::npos) {
      findings.push_back({file.path, 1, "purpose",
                          "found no #pragma once, expected it in every header; add it after the "
                          "opening comment"});
    }
  }
  return findings;
}

Findings CheckAliases(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsCpp(file.path)) continue;
    const std::string code = SplitCpp(file.text).code;
    const std::string_view view = code;
    for (const std::string_view keyword : {"using", "typedef"}) {
      for (std::size_t at = FindWord(view, keyword, 0); at != kNone;
           at = FindWord(view, keyword, at + 1)) {
        const Alias alias = ParseAlias(view.substr(at, view.find(';', at) - at));
        if (Contains(kStandardAliases, alias.name) || !IsPlainNumber(alias.type)) continue;
        findings.push_back(
            {file.path, LineOf(view, at), "alias",
             "found '" + std::string(alias.name) + "' as another name of '" +
                 std::string(alias.type) +
                 "', expected a type that the compiler tells apart; use a quantity or a count "
                 "from model/base, a struct or enum class of your own, or the plain number with "
                 "its unit in the variable's name"});
      }
    }
  }
  return findings;
}

Findings CheckExits(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsCpp(file.path) || IsTestCode(file.path)) continue;
    const std::string code = SplitCpp(file.text).code;
    for (const Ending& ending : kEndings) {
      if (StartsWith(file.path, ending.allowed)) continue;
      for (std::size_t at = FindCall(code, ending.call, 0); at != kNone;
           at = FindCall(code, ending.call, at + 1)) {
        const std::string call(ending.call);
        findings.push_back({file.path, LineOf(code, at), "exit",
                            "found a call of " + call + "(), expected it only in " +
                                std::string(ending.allowed) + (ending.call == "abort" ? "*" : "") +
                                "; " + std::string(ending.instead)});
      }
    }
  }
  return findings;
}

Findings CheckLengths(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!IsCpp(file.path) && !IsScript(file)) continue;
    const int lines = CountLines(file.text);
    if (lines > kMaxFileLines) {
      findings.push_back({file.path, kMaxFileLines + 1, "length",
                          "found " + std::to_string(lines) + " lines, expected at most " +
                              std::to_string(kMaxFileLines) +
                              "; split the file where its ideas part"});
    }
    if (!IsCpp(file.path)) continue;
    for (const FunctionSpan& function : FunctionsOf(file.text)) {
      const int length = function.last_line - function.first_line + 1;
      if (length <= kMaxFunctionLines) continue;
      findings.push_back({file.path, function.first_line, "length",
                          "found " + function.name + " with " + std::to_string(length) +
                              " lines, expected at most " + std::to_string(kMaxFunctionLines) +
                              "; give its parts names of their own, or move its data to a table"});
    }
  }
  return findings;
}

Findings CheckTodos(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (IsMarkdown(file.path)) continue;  // prose may speak about them
    const Views views = IsCpp(file.path) ? SplitCpp(file.text) : SplitStarlark(file.text);
    AddTodos(file, views.comments, findings);
  }
  return findings;
}

Findings CheckWords(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    for (const Forbidden& forbidden : kForbidden) {
      for (std::size_t at = file.text.find(forbidden.text); at != std::string::npos;
           at = file.text.find(forbidden.text, at + 1)) {
        if (ContinuesPath(file.text, at)) continue;
        findings.push_back({file.path, LineOf(file.text, at), "words",
                            "found '" + std::string(forbidden.text) +
                                "', expected none: " + std::string(forbidden.reason)});
      }
    }
  }
  return findings;
}

}  // namespace commplan::house
