#include "profiles/library.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "profiles/document.h"
#include "profiles/head.h"
#include "profiles/shipped_files.h"
#include "profiles/yaml_tree.h"

namespace commplan::profiles {
namespace {

// The text with every line blank that belongs to none of the head's keys. Parsing is what reading a
// profile costs, and a head is a twentieth of a file.
std::string HeadText(std::string_view text) {
  constexpr std::array<std::string_view, 7> kHeadKeys = {"schema", "name",    "title",  "date",
                                                         "part",   "network", "extends"};
  std::string head;
  bool keep = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view key = line.substr(0, line.find(':'));
    const bool starts_key = !line.empty() && line.front() != ' ' && line.front() != '#';
    if (starts_key) keep = std::find(kHeadKeys.begin(), kHeadKeys.end(), key) != kHeadKeys.end();
    if (keep) head += line;
    head += '\n';
  }
  return head;
}

Result<Head> HeadOf(const LibraryFile& file) {
  Document document;
  document.files.emplace_back(file.path);
  ASSIGN_OR_RETURN(Node root,
                   ParseYaml(HeadText(file.text), document.files.front(), 0, document.faults));
  Loaded loaded;
  loaded.root = std::move(root);
  RETURN_IF_ERROR(ReadHead(&loaded, &document));
  if (!document.faults.empty()) return Combine(std::move(document.faults));
  return std::move(loaded.head);
}

}  // namespace

std::string_view LibraryFile::name() const {
  const std::size_t slash = path.rfind('/');
  const std::string_view file = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return file.substr(0, file.rfind('.'));
}

Library::Library(std::vector<LibraryFile> files) : files_(std::move(files)) {
  std::sort(files_.begin(), files_.end(), [](const LibraryFile& a, const LibraryFile& b) {
    return a.name() != b.name() ? a.name() < b.name() : a.path < b.path;
  });
}

const LibraryFile* Library::Find(std::string_view name) const {
  const auto found =
      std::lower_bound(files_.begin(), files_.end(), name,
                       [](const LibraryFile& file, std::string_view n) { return file.name() < n; });
  return found != files_.end() && found->name() == name ? &*found : nullptr;
}

const Library& ShippedLibrary() {
  static const Library* const kLibrary = new Library(ShippedFiles());
  return *kLibrary;
}

Result<Listing> List(const Library& library) {
  Listing listing;
  std::vector<Error> errors;
  for (const LibraryFile& file : library.files()) {
    Result<Head> head = HeadOf(file);
    if (!head.ok()) {
      errors.push_back(std::move(head).error());
      continue;
    }
    if (head->part) continue;
    auto& listed = head->network ? listing.networks : listing.machines;
    listed.push_back({std::string(file.name()), head->title, std::string(file.path)});
  }
  if (!errors.empty()) return Combine(std::move(errors));
  return listing;
}

}  // namespace commplan::profiles
