// The text of one source file as the house rules see it. Comments, literals and code are told apart
// by a small scanner, so that a word in a comment never counts as code and the other way round.
// It knows the C++ that this repository writes, not all of C++: no trigraphs, no line-spliced
// comments, no brace that only one branch of an #if opens.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace commplan::house {

// One file of the tree: path from the repository root with '/', and its bytes.
struct SourceFile {
  std::string path;
  std::string text;
};

using Tree = std::vector<SourceFile>;

// Two texts of the same length and line breaks as the source. In `code` every comment and the
// inside of every literal is blank; in `comments` everything but the comments is blank.
struct Views {
  std::string code;
  std::string comments;
};

Views SplitCpp(std::string_view text);

// The same for Starlark and shell-like files ('#' comments, "..." '...' and """...""" literals).
Views SplitStarlark(std::string_view text);

struct Include {
  int line = 0;
  std::string target;   // what stands between the quotes or the angle brackets
  bool quoted = false;  // "..." rather than <...>
};

// The #include lines of a C++ file, in order; those in comments and literals are none.
std::vector<Include> IncludesOf(std::string_view text);

struct FunctionSpan {
  std::string name;    // as written: "Ring::Price", "TEST(Ring, Price)"
  int first_line = 0;  // where the signature begins
  int last_line = 0;   // where the closing brace stands
};

// The function bodies of a C++ file, outermost only: a lambda counts to the function around it.
// Types, namespaces and initialisers of data are not functions.
std::vector<FunctionSpan> FunctionsOf(std::string_view text);

// Small helpers that every rule needs.
bool IsWordChar(char c);
int LineOf(std::string_view text, std::size_t position);  // first line is 1
int CountLines(std::string_view text);
std::vector<std::string_view> SplitLines(std::string_view text);
std::string_view Trim(std::string_view text);
// Next place of `word` that is not part of a longer identifier, or npos.
std::size_t FindWord(std::string_view text, std::string_view word, std::size_t from);
// The place that closes the bracket at `open` (one of "([{<"), or npos.
std::size_t FindClosing(std::string_view text, std::size_t open);
std::size_t SkipSpace(std::string_view text, std::size_t from);
std::string_view WordAt(std::string_view text, std::size_t from);

bool IsHeader(std::string_view path);     // .h .cuh
bool IsCpp(std::string_view path);        // .h .cc .cu .cuh
bool IsTestCode(std::string_view path);   // tests/..., ..._test.cc
bool IsBuildFile(std::string_view path);  // BUILD, BUILD.bazel, *.BUILD
bool IsMarkdown(std::string_view path);
std::string_view BaseName(std::string_view path);
std::string_view FolderOf(std::string_view path);  // without the last '/'; empty at the root

}  // namespace commplan::house
