// The console examples of a document: what it shows, whether that is true, and its corrected text.
//
//   ```console
//   $ ./commplan price all-reduce ...
//   expected line, with %float, %int, %hex or %any where a value is measured or build-dependent
//   ...                       any number of lines
//   [exit 1]                  as last line; 0 without it
//   ```
//
// A command ending in '\' goes on in the next line. stdout and stderr are one text. Blank lines at
// the end of an output do not count. Output that itself holds a line starting with "$ " or "```"
// cannot be shown. Nothing here starts a process or reads a file; console_test.cc does.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/house/rules.h"

namespace commplan::house {

struct Example {
  int line = 0;                       // of the "$ " line, first is 1
  std::string command;                // without "$ ", continued lines joined with '\n'
  int first_expected = 0;             // line number where the expected output begins
  std::vector<std::string> expected;  // as written, without "[exit N]"
  int exit_status = 0;
  int end = 0;  // line number after its last line, "[exit N]" included
};

// All examples of the ```console blocks, in order.
std::vector<Example> ExamplesOf(std::string_view document);

// Lines of a console block before its first command; they belong to nothing.
Findings CheckStrayLines(const SourceFile& document);

enum class Treatment { kRun, kLeave, kUnknown };

struct Verdict {
  Treatment treatment = Treatment::kUnknown;
  std::string reason;  // why it is left alone, or what to do about an unknown command
};

// kRun for commands of ./commplan, kLeave for those on the short list in console.cc.
Verdict Judge(std::string_view command);

// The command for /bin/sh: the leading ./commplan replaced by the quoted program.
std::string WithProgram(std::string_view command, std::string_view program);

// One line against one expected line with its holes.
bool LineMatches(std::string_view expected, std::string_view got);

// Lines of output without blank ones at the end.
std::vector<std::string> OutputLines(std::string_view output);

bool OutputMatches(const std::vector<std::string>& expected, const std::vector<std::string>& got);

// "  same", "- expected only", "+ got only", one line each; a hole that fits is the same.
std::string Diff(const std::vector<std::string>& expected, const std::vector<std::string>& got);

// What came out of one example.
struct Shown {
  std::vector<std::string> lines;
  int exit_status = 0;
};

// Empty when the example is true, else one finding with a diff.
Findings Compare(const std::string& path, const Example& example, const Shown& shown);

// The document with this example's output replaced. Lines that still match keep their holes. An
// expected "..." cannot be placed again: then the text comes back as it was.
std::string Corrected(std::string_view document, const Example& example, const Shown& shown);

}  // namespace commplan::house
