// The working tree on disk, as the house rules read it.

#pragma once

#include <filesystem>

#include "tests/house/source_text.h"

namespace commplan::house {

// The root of the checkout. The environment variable COMMPLAN_ROOT where ./test set it, else the
// folder that the link WORKSPACE in the current folder leads to. Empty when there is neither.
std::filesystem::path FindRoot();

// Every file below `root`, sorted by path, without version control, build outputs and caches
// (the table in real_tree.cc). A binary or very large file keeps its path but has no text, so that
// links to it still hold. Links to folders are not followed.
Tree ReadTree(const std::filesystem::path& root);

// The bytes of one file; empty when it cannot be read.
std::string ReadText(const std::filesystem::path& path);

}  // namespace commplan::house
