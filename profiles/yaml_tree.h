// A YAML tree is the text of one file as nodes with places. This is the only door to yaml-cpp:
// behind it stand the parser's exceptions, its 0-based marks, and its habit of keeping a duplicate
// key silently.
//
// Scalars stay text, so that no 010 becomes 8. Read are block and flow maps and lists, all scalar
// styles, anchors and aliases. Refused: tags, merge keys (`<<`), keys that are no words, a second
// document, tabs in the indentation, control characters, anything but UTF-8, and what is too large,
// too deep or expands to too much.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "profiles/document.h"

namespace commplan::profiles {

// No profile comes near these; what does is a mistake or an attack.
inline constexpr int kMaxDepth = 32;
inline constexpr int kMaxNodes = 50'000;
inline constexpr int kMaxKeys = 1'000;  // in one map; its keys are searched one by one

// The tree of `text`; `file` names it in messages, `file_index` goes into each Spot. Faults that
// leave a usable tree (a duplicate key) are added to `faults`, and the first of the two values is
// kept.
Result<Node> ParseYaml(std::string_view text, const std::string& file, int file_index,
                       std::vector<Error>& faults);

}  // namespace commplan::profiles
