#include "profiles/document.h"

#include <cstddef>
#include <string_view>

#include "model/base/check.h"
#include "model/base/result.h"

namespace commplan::profiles {

const Node* Node::Find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node* Node::Find(std::string_view key) {
  for (Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Where Document::At(const Spot& spot) const {
  const auto file = static_cast<std::size_t>(spot.file);
  CHECK(file < files.size());
  return {files[file], spot.line, spot.column};
}

}  // namespace commplan::profiles
