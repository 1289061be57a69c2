// The library is the set of profiles that names stand for: those compiled into the program, or any
// other set of texts for a test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"

namespace commplan::profiles {

struct LibraryFile {
  std::string_view path;  // "profiles/hardware/hgx-h100.yaml"
  std::string_view text;

  // The last part of the path without its ending: "hgx-h100".
  std::string_view name() const;
};

class Library {
 public:
  Library() = default;
  // The texts must outlive the library.
  explicit Library(std::vector<LibraryFile> files);

  // The file of that name, or null.
  const LibraryFile* Find(std::string_view name) const;
  // By name.
  const std::vector<LibraryFile>& files() const { return files_; }

 private:
  std::vector<LibraryFile> files_;
};

// The profiles that the program ships with.
const Library& ShippedLibrary();

struct Listed {
  std::string name;
  std::string title;
  std::string path;
};

// What a user can name, each by name. Parts, which only other files use, are left out.
struct Listing {
  std::vector<Listed> machines;
  std::vector<Listed> networks;
};

Result<Listing> List(const Library& library);

}  // namespace commplan::profiles
