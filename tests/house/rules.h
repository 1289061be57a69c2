// The house rules, each a pure function from a tree of texts to what it found there.
// A rule's tables stand at the top of the .cc file that holds it; each row carries its reason, and
// the reason is what the reader of a finding sees. What a rule cannot know it leaves to review:
// these are checks of text, not of meaning.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/house/source_text.h"

namespace commplan::house {

// The message says what was found, what was expected and what to do.
struct Finding {
  std::string path;
  int line = 0;
  std::string rule;
  std::string message;
};

using Findings = std::vector<Finding>;

struct Rule {
  std::string_view name;
  std::string_view promise;  // what holds in a clean tree
  Findings (*check)(const Tree& tree);
};

std::span<const Rule> Rules();

// All rules over the whole tree, by path and line.
Findings CheckTree(const Tree& tree);

// "path:line: [rule] message"
std::string Describe(const Finding& finding);

inline constexpr int kMaxFileLines = 500;     // what a reader can hold in the head
inline constexpr int kMaxFunctionLines = 70;  // one screen
inline constexpr int kMinPurposeWords = 4;    // fewer is a title, not a sentence

// The single rules, for Rules() and for their tests.
Findings CheckPurpose(const Tree& tree);           // rules.cc
Findings CheckAliases(const Tree& tree);           // rules.cc
Findings CheckExits(const Tree& tree);             // rules.cc
Findings CheckLengths(const Tree& tree);           // rules.cc
Findings CheckTodos(const Tree& tree);             // rules.cc
Findings CheckWords(const Tree& tree);             // rules.cc
Findings CheckOwnHeaderFirst(const Tree& tree);    // arrows.cc
Findings CheckArrows(const Tree& tree);            // arrows.cc
Findings CheckOutsideLibraries(const Tree& tree);  // arrows.cc
Findings CheckPages(const Tree& tree);             // documents.cc
Findings CheckLinks(const Tree& tree);             // documents.cc
Findings CheckBuildFiles(const Tree& tree);        // documents.cc

}  // namespace commplan::house
