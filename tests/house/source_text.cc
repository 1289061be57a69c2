#include "tests/house/source_text.h"

#include <algorithm>
#include <array>

namespace commplan::house {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Copies one C++ text into the two views. Blank on both sides until told otherwise.
class CppSplitter {
 public:
  explicit CppSplitter(std::string_view text) : text_(text) {
    views_.code.assign(text.size(), ' ');
    views_.comments.assign(text.size(), ' ');
  }

  Views Run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '/' && Peek(1) == '/') {
        Comment(std::min(text_.find('\n', at_), text_.size()));
      } else if (c == '/' && Peek(1) == '*') {
        const std::size_t end = text_.find("*/", at_ + 2);
        Comment(end == kNone ? text_.size() : end + 2);
      } else if (c == '"' && OpensRawString()) {
        RawString();
      } else if (c == '"' || (c == '\'' && !IsDigitSeparator())) {
        Literal(c);
      } else {
        Code();
      }
    }
    return std::move(views_);
  }

 private:
  char Peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void Code() {
    views_.code[at_] = text_[at_];
    if (text_[at_] == '\n') views_.comments[at_] = '\n';
    ++at_;
  }

  void Newline() {
    if (text_[at_] == '\n') views_.code[at_] = views_.comments[at_] = '\n';
    ++at_;
  }

  void Comment(std::size_t end) {
    while (at_ < end) {
      views_.comments[at_] = text_[at_];
      Newline();
    }
  }

  // A literal of one line; an unclosed one ends with its line.
  void Literal(char quote) {
    Code();
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) Newline();
      Newline();
    }
    if (at_ < text_.size()) Code();
  }

  std::size_t TokenStart() const {
    std::size_t start = at_;
    while (start > 0 && (IsWordChar(text_[start - 1]) || text_[start - 1] == '\'')) --start;
    return start;
  }

  // 1'000 is a number, 'x' and u8'x' are characters.
  bool IsDigitSeparator() const { return TokenStart() < at_ && IsDigit(text_[TokenStart()]); }

  bool OpensRawString() const {
    static constexpr std::array<std::string_view, 5> kPrefixes = {"R", "LR", "uR", "UR", "u8R"};
    const std::string_view prefix = text_.substr(TokenStart(), at_ - TokenStart());
    return std::find(kPrefixes.begin(), kPrefixes.end(), prefix) != kPrefixes.end();
  }

  void RawString() {
    const std::size_t open = std::min(text_.find('(', at_), text_.size());
    std::string closing = ")";
    closing.append(text_.substr(at_ + 1, open - at_ - 1)).append("\"");
    const std::size_t close = text_.find(closing, open);
    const std::size_t end = close == kNone ? text_.size() : close + closing.size();
    Code();
    while (at_ + 1 < end) Newline();
    if (at_ < end) Code();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Views views_;
};

// Blanks preprocessor lines with their continuations, so that only the language is left.
std::string WithoutPreprocessor(std::string code) {
  std::size_t begin = 0;
  bool continued = false;
  while (begin < code.size()) {
    const std::size_t end = std::min(code.find('\n', begin), code.size());
    const std::string_view line = Trim(std::string_view(code).substr(begin, end - begin));
    const bool directive = continued || (!line.empty() && line.front() == '#');
    continued = directive && !line.empty() && line.back() == '\\';
    if (directive) std::fill_n(code.begin() + static_cast<std::ptrdiff_t>(begin), end - begin, ' ');
    begin = end + 1;
  }
  return code;
}

std::string_view WithoutTemplatePrefix(std::string_view head) {
  head = Trim(head);
  while (WordAt(head, 0) == "template") {
    const std::size_t close = FindClosing(head, SkipSpace(head, 8));
    if (close == kNone) break;
    head = Trim(head.substr(close + 1));
  }
  return head;
}

// First place outside brackets where `wanted` says yes, or npos.
template <class Predicate>
std::size_t FindOutside(std::string_view head, Predicate wanted) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (wanted(i)) return i;
    if (head[i] == '(' || head[i] == '[' || head[i] == '{') {
      const std::size_t close = FindClosing(head, i);
      if (close == kNone) return kNone;
      i = close;
    }
  }
  return kNone;
}

std::size_t FindAssignment(std::string_view head) {
  return FindOutside(head, [head](std::size_t i) {
    if (head[i] != '=') return false;
    const char before = i == 0 ? ' ' : head[i - 1];
    const char after = i + 1 < head.size() ? head[i + 1] : ' ';
    if (after == '=' || std::string_view("=!<>+-*/%&|^").find(before) != kNone) return false;
    const std::size_t name = head.rfind("operator", i);
    return name == kNone || !Trim(head.substr(name + 8, i - name - 8)).empty();
  });
}

bool DeclaresType(std::string_view head) {
  static constexpr std::array<std::string_view, 6> kSkipped = {"static", "constexpr", "const",
                                                               "inline", "typedef",   "friend"};
  static constexpr std::array<std::string_view, 4> kTypes = {"class", "struct", "union", "enum"};
  std::string_view word = WordAt(head, 0);
  while (std::find(kSkipped.begin(), kSkipped.end(), word) != kSkipped.end()) {
    head = Trim(head.substr(word.size()));
    word = WordAt(head, 0);
  }
  return std::find(kTypes.begin(), kTypes.end(), word) != kTypes.end();
}

// Ring::Ring() : steps_{0}, ... : a brace that follows a name inside the initialiser list.
bool OpensMemberInitializer(std::string_view head) {
  const std::size_t colon = FindOutside(head, [head](std::size_t i) {
    return head[i] == ':' && (i == 0 || head[i - 1] != ':') &&
           (i + 1 >= head.size() || head[i + 1] != ':');
  });
  if (colon == kNone || head.substr(0, colon).find('(') == kNone) return false;
  const char last = Trim(head).back();
  return IsWordChar(last) || last == '>';
}

enum class Brace { kScope, kFunction, kData };

Brace Classify(std::string_view head) {
  head = WithoutTemplatePrefix(head);
  if (FindWord(head, "namespace", 0) != kNone) return Brace::kScope;
  if (WordAt(head, 0) == "extern" && head.find('(') == kNone) return Brace::kScope;
  if (DeclaresType(head)) return Brace::kScope;
  const std::size_t assignment = FindAssignment(head);
  if (assignment != kNone) {
    const std::size_t value = SkipSpace(head, assignment + 1);
    return value < head.size() && head[value] == '[' ? Brace::kFunction : Brace::kData;
  }
  if (head.find('(') == kNone || OpensMemberInitializer(head)) return Brace::kData;
  return Brace::kFunction;
}

std::string NameOf(std::string_view head) {
  head = WithoutTemplatePrefix(head);
  const std::size_t open = FindOutside(head, [head](std::size_t i) { return head[i] == '('; });
  const std::size_t symbol = FindWord(head, "operator", 0);
  if (symbol < open) {
    return std::string(Trim(head.substr(symbol, open - symbol)));
  }
  const std::size_t before = std::min({FindAssignment(head), open, head.size()});
  const std::size_t end = Trim(head.substr(0, before)).size();
  std::size_t begin = end;
  while (begin > 0 &&
         (IsWordChar(head[begin - 1]) || head[begin - 1] == ':' || head[begin - 1] == '~')) {
    --begin;
  }
  std::string name(head.substr(begin, end - begin));
  // TEST(Ring, Price): the macro alone would say little.
  const bool macro = name.substr(0, 4) == "TEST";
  const std::size_t close = macro ? FindClosing(head, open) : kNone;
  if (close != kNone) name.append(head.substr(open, close - open + 1));
  return name;
}

bool IsAccessSpecifier(std::string_view head) {
  head = Trim(head);
  return head == "public" || head == "private" || head == "protected";
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

Views SplitCpp(std::string_view text) { return CppSplitter(text).Run(); }

Views SplitStarlark(std::string_view text) {
  Views views{std::string(text.size(), ' '), std::string(text.size(), ' ')};
  std::string_view closing;  // empty: in code; "\n": in a comment; else in a literal
  for (std::size_t i = 0; i < text.size();) {
    std::size_t step = 1;
    if (text[i] == '\n') views.code[i] = views.comments[i] = '\n';
    if (closing.empty()) {
      views.code[i] = text[i];
      if (text[i] == '#') closing = "\n";
      if (text[i] == '"' || text[i] == '\'') {
        step = text.substr(i, 3) == "\"\"\"" ? 3 : 1;
        closing = text.substr(i, step);
      }
      if (closing == "\n") views.code[i] = ' ';
    } else if (text.substr(i, closing.size()) == closing) {
      step = closing.size();
      if (closing != "\n") views.code[i] = text[i];
      closing = {};
    } else if (closing == "\n") {
      views.comments[i] = text[i];
    } else if (text[i] == '\n' && closing.size() == 1) {
      closing = {};  // an apostrophe in plain text; no literal of one mark spans lines
    } else if (text[i] == '\\') {
      step = 2;
    }
    i += step;
  }
  return views;
}

std::vector<Include> IncludesOf(std::string_view text) {
  const Views views = SplitCpp(text);
  const std::vector<std::string_view> code = SplitLines(views.code);
  const std::vector<std::string_view> raw = SplitLines(text);
  std::vector<Include> includes;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const std::string_view line = Trim(code[i]);
    if (line.empty() || line.front() != '#') continue;
    if (WordAt(line, SkipSpace(line, 1)) != "include") continue;
    const std::size_t open = raw[i].find_first_of("<\"");
    if (open == kNone) continue;
    const bool quoted = raw[i][open] == '"';
    const std::size_t close = raw[i].find(quoted ? '"' : '>', open + 1);
    if (close == kNone) continue;
    includes.push_back(
        {static_cast<int>(i) + 1, std::string(raw[i].substr(open + 1, close - open - 1)), quoted});
  }
  return includes;
}

std::vector<FunctionSpan> FunctionsOf(std::string_view text) {
  const std::string code = WithoutPreprocessor(SplitCpp(text).code);
  const std::string_view view = code;
  std::vector<FunctionSpan> functions;
  std::size_t head_begin = 0;
  for (std::size_t i = 0; i < view.size(); ++i) {
    const char c = view[i];
    const std::string_view head = view.substr(head_begin, i - head_begin);
    const bool specifier = c == ':' && IsAccessSpecifier(head);
    if (c == ';' || c == '}' || specifier) head_begin = i + 1;
    if (c != '(' && c != '[' && c != '{') continue;
    const Brace brace = c == '{' ? Classify(head) : Brace::kData;
    if (brace == Brace::kScope) {
      head_begin = i + 1;
      continue;
    }
    const std::size_t close = FindClosing(view, i);
    if (close == kNone) break;
    if (brace == Brace::kFunction) {
      functions.push_back(
          {NameOf(head), LineOf(view, SkipSpace(view, head_begin)), LineOf(view, close)});
      head_begin = close + 1;
    }
    i = close;
  }
  return functions;
}

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_';
}

int LineOf(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

int CountLines(std::string_view text) { return static_cast<int>(SplitLines(text).size()); }

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == kNone) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::size_t FindWord(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != kNone; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !IsWordChar(text[at - 1]);
    if (begins && (end >= text.size() || !IsWordChar(text[end]))) return at;
  }
  return kNone;
}

std::size_t FindClosing(std::string_view text, std::size_t open) {
  if (open >= text.size()) return kNone;
  static constexpr std::string_view kOpen = "([{<";
  static constexpr std::string_view kClose = ")]}>";
  const std::size_t kind = kOpen.find(text[open]);
  if (kind == kNone) return kNone;
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == kOpen[kind]) ++depth;
    if (text[i] == kClose[kind] && --depth == 0) return i;
  }
  return kNone;
}

std::size_t SkipSpace(std::string_view text, std::size_t from) {
  return std::min(text.find_first_not_of(" \t\r\n", from), text.size());
}

std::string_view WordAt(std::string_view text, std::size_t from) {
  std::size_t end = std::min(from, text.size());
  const std::size_t begin = end;
  while (end < text.size() && IsWordChar(text[end])) ++end;
  return text.substr(begin, end - begin);
}

bool IsHeader(std::string_view path) { return EndsWith(path, ".h") || EndsWith(path, ".cuh"); }

bool IsCpp(std::string_view path) {
  return IsHeader(path) || EndsWith(path, ".cc") || EndsWith(path, ".cu");
}

bool IsTestCode(std::string_view path) {
  return path.substr(0, 6) == "tests/" || EndsWith(path, "_test.cc");
}

bool IsBuildFile(std::string_view path) {
  const std::string_view name = BaseName(path);
  return name == "BUILD" || name == "BUILD.bazel" || EndsWith(name, ".BUILD");
}

bool IsMarkdown(std::string_view path) { return EndsWith(path, ".md"); }

std::string_view BaseName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == kNone ? path : path.substr(slash + 1);
}

std::string_view FolderOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == kNone ? std::string_view() : path.substr(0, slash);
}

}  // namespace commplan::house
