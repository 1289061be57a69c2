// Load: the files that a name stands for, found, parsed, merged and joined.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/base/suggest.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/head.h"
#include "profiles/library.h"
#include "profiles/merge.h"
#include "profiles/provenance.h"
#include "profiles/reader.h"
#include "profiles/text_file.h"
#include "profiles/utf8.h"
#include "profiles/yaml_tree.h"

namespace commplan::profiles {
namespace {

// A profile with this many files is a mistake; the shipped ones have about six.
constexpr std::size_t kMaxFiles = 64;

bool IsPath(std::string_view name) {
  return name.find('/') != std::string_view::npos ||
         (name.size() > 5 && name.substr(name.size() - 5) == ".yaml");
}

// `name` as seen from the file that names it: beside that file, unless it is absolute.
std::string Beside(const std::string& file, const std::string& name) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos || name.empty() || name.front() == '/') return name;
  return file.substr(0, slash + 1) + name;
}

// The same for "a.yaml" and "./a.yaml", so that a file is known again.
std::string KeyOf(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

// The names that a user may have meant, by the role in which the name stands.
enum class Role { kMachine, kNetwork, kExtended };

std::string Suggest(std::string_view name, Role role, const Library& library) {
  std::vector<std::string> names;
  const Result<Listing> listing = List(library);
  if (role == Role::kExtended || !listing.ok()) {
    for (const LibraryFile& file : library.files()) names.emplace_back(file.name());
  } else {
    const auto& listed = role == Role::kMachine ? listing->machines : listing->networks;
    for (const Listed& one : listed) names.push_back(one.name);
  }
  return SuggestionHint(name, names, 40);
}

struct Text {
  std::string path;
  std::string owned;  // what was read from disk; the library's texts stay where they are
  std::string_view shipped;
  bool from_disk = false;
  bool has_folder = false;  // whether files beside it can be meant

  std::string_view view() const { return from_disk ? std::string_view(owned) : shipped; }
};

class Loader {
 public:
  Loader(const Library& library, Document* document, Sections sections = Sections::kAll)
      : library_(library), document_(*document), sections_(sections) {}

  // One machine or network with all that it extends, merged. Nothing after a fatal fault.
  std::optional<Loaded> LoadNamed(const std::string& name, Role role) {
    Result<Text> text = Resolve(name, "", role);
    if (!text.ok()) {
      errors_.push_back(std::move(text).error());
      return std::nullopt;
    }
    return LoadMerged(*text);
  }

  std::optional<Loaded> LoadMerged(const Text& text) {
    order_.clear();
    stack_.clear();
    seen_.clear();
    const std::size_t errors_before = errors_.size();
    LoadFile(text);
    if (errors_.size() != errors_before || order_.empty()) return std::nullopt;
    // From the innermost base to the file itself: each file wins over those before it.
    Loaded merged = std::move(order_.front());
    for (std::size_t i = 1; i < order_.size(); ++i) {
      MergeFile(&order_[i].root, std::move(merged.root), &document_);
      merged = std::move(order_[i]);
    }
    return merged;
  }

  void Fail(Error error) { errors_.push_back(std::move(error)); }

  // All fatal faults, with the lesser ones.
  std::optional<Error> error() {
    if (errors_.empty()) return std::nullopt;
    std::vector<Error> all = std::move(errors_);
    std::move(document_.faults.begin(), document_.faults.end(), std::back_inserter(all));
    return Combine(std::move(all));
  }

 private:
  Result<Text> Resolve(const std::string& name, const std::string& from, Role role) const {
    if (name.empty()) return NotFoundError("found an empty name of a profile");
    if (!IsPath(name)) {
      if (const LibraryFile* const file = library_.Find(name)) {
        return Text{std::string(file->path), {}, file->text, false, false};
      }
    }
    const std::string path = from.empty() ? name : Beside(from, name);
    if (IsPath(name) || IsRegularFile(path)) {
      ASSIGN_OR_RETURN(std::string bytes, ReadTextFile(path, kMaxFileBytes));
      return Text{path, std::move(bytes), {}, true, true};
    }
    const std::string what = role == Role::kNetwork ? "network" : "profile";
    return NotFoundError("found no " + what + " '" + Shortened(name) + "'", {},
                         Suggest(name, role, library_));
  }

  // Appends the file and, before it, all that it extends; each file once. So a file wins over what
  // it extends, however many others extend that too.
  void LoadFile(const Text& text) {
    if (document_.files.size() >= kMaxFiles) {
      errors_.push_back(BadInputError(
          "found more than " + std::to_string(kMaxFiles) + " files that extend each other",
          {text.path, 0, 0}));
      return;
    }
    const int index = static_cast<int>(document_.files.size());
    document_.files.push_back(text.path);
    seen_.push_back(KeyOf(text.path));
    Result<Node> root = ParseYaml(text.view(), text.path, index, document_.faults);
    if (!root.ok()) {
      errors_.push_back(std::move(root).error());
      return;
    }
    Loaded loaded;
    loaded.root = std::move(*root);
    if (Status status = ReadHead(&loaded, &document_); !status.ok()) {
      errors_.push_back(std::move(status).error());
      return;
    }
    HandDownProvenance(&loaded.root, &document_);
    stack_.push_back(KeyOf(text.path));
    for (const Extended& extended : loaded.head.extends) {
      LoadExtended(extended, text, loaded.head);
    }
    for (const Extended& extended : loaded.head.extends_compute) {
      if (sections_ == Sections::kAll) LoadExtended(extended, text, loaded.head);
    }
    stack_.pop_back();
    order_.push_back(std::move(loaded));
  }

  void LoadExtended(const Extended& extended, const Text& from, const Head& head) {
    const Where where = document_.At(extended.spot);
    Result<Text> text =
        Resolve(extended.name, from.has_folder ? from.path : std::string(), Role::kExtended);
    if (!text.ok()) {
      Error error = std::move(text).error();
      // A file that cannot be read has its own name in the message; the place is where it was asked
      // for.
      errors_.push_back(Located(std::move(error), where));
      return;
    }
    const std::string key = KeyOf(text->path);
    const auto open = std::find(stack_.begin(), stack_.end(), key);
    if (open != stack_.end()) {
      std::string cycle;
      for (auto file = open; file != stack_.end(); ++file) cycle += *file + " -> ";
      errors_.push_back(BadInputError("extends: found a cycle: " + cycle + key, where,
                                      "move what both need into a part that extends neither"));
      return;
    }
    if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) return;
    const std::size_t files_before = order_.size();
    LoadFile(*text);
    if (order_.size() == files_before) return;
    if (order_.back().head.network && !head.network) {
      errors_.push_back(BadInputError(
          "extends: found the network '" + extended.name + "', expected a machine or a part", where,
          "join it by name, as in 'MACHINE+" + extended.name + "'"));
    }
  }

  const Library& library_;
  Document& document_;
  const Sections sections_;
  std::vector<Error> errors_;
  std::vector<Loaded> order_;       // the file last, each after all that it extends
  std::vector<std::string> stack_;  // paths from the file asked for to the one being read
  std::vector<std::string> seen_;
};

// The names between the '+' signs. A name of the library or of a file may contain one itself.
std::vector<std::string> SplitName(std::string_view name, const Library& library) {
  if (library.Find(name) != nullptr || (IsPath(name) && IsRegularFile(std::string(name)))) {
    return {std::string(name)};
  }
  std::vector<std::string> parts;
  for (std::size_t start = 0;;) {
    const std::size_t plus = name.find('+', start);
    parts.emplace_back(name.substr(start, plus == std::string_view::npos ? plus : plus - start));
    if (plus == std::string_view::npos) return parts;
    start = plus + 1;
  }
}

std::optional<Error> CheckMachine(const Loaded& loaded, const Library& library) {
  const std::string& name = loaded.head.name;
  if (loaded.head.network) {
    return BadInputError("found the network '" + name + "', expected a machine", {},
                         "join it to a machine, as in 'hgx-h100+" + name + "'");
  }
  if (loaded.head.part) {
    return BadInputError(
        "found the part '" + name + "', expected a machine", {},
        "a part is only for other profiles to extend; " + Suggest(name, Role::kMachine, library));
  }
  return std::nullopt;
}

std::optional<Error> CheckNetwork(const Loaded& loaded, const Library& library) {
  if (loaded.head.network && !loaded.head.part) return std::nullopt;
  const std::string what = loaded.head.part ? "part" : "machine";
  return BadInputError(
      "found the " + what + " '" + loaded.head.name + "' after a '+', expected a network", {},
      Suggest(loaded.head.name, Role::kNetwork, library));
}

void Finish(Loaded machine, Document* document) {
  document->name = machine.head.name;
  document->root = std::move(machine.root);
}

}  // namespace

Result<Document> Load(std::string_view name, const Library& library, Sections sections) {
  Document document;
  Loader loader(library, &document, sections);
  const std::vector<std::string> parts = SplitName(name, library);
  if (parts.size() > kMaxFiles) {
    return NotFoundError("found " + std::to_string(parts.size()) + " names joined by '+'");
  }
  std::vector<Loaded> loaded;
  for (const std::string& part : parts) {
    const Role role = &part == &parts.front() ? Role::kMachine : Role::kNetwork;
    std::optional<Loaded> one = loader.LoadNamed(part, role);
    if (!one) continue;
    std::optional<Error> wrong =
        role == Role::kMachine ? CheckMachine(*one, library) : CheckNetwork(*one, library);
    if (wrong) {
      loader.Fail(Located(std::move(*wrong), {document.At(one->root.spot).file, 0, 0}));
    } else {
      loaded.push_back(std::move(*one));
    }
  }
  if (std::optional<Error> error = loader.error()) return *std::move(error);
  for (std::size_t i = 1; i < loaded.size(); ++i) {
    if (Status status = Join(&loaded.front(), std::move(loaded[i]), &document); !status.ok()) {
      loader.Fail(std::move(status).error());
    }
  }
  if (std::optional<Error> error = loader.error()) return *std::move(error);
  Finish(std::move(loaded.front()), &document);
  return document;
}

Result<Document> LoadText(std::string_view text, std::string file, const Library& library) {
  Document document;
  Loader loader(library, &document);
  if (text.size() > kMaxFileBytes) {
    return BadInputError("found " + std::to_string(text.size()) + " bytes, expected at most 1 MiB",
                         {std::move(file), 0, 0});
  }
  std::optional<Loaded> loaded = loader.LoadMerged(Text{std::move(file), {}, text, false, true});
  if (loaded) {
    if (std::optional<Error> wrong = CheckMachine(*loaded, library)) {
      loader.Fail(Located(std::move(*wrong), {document.files.front(), 0, 0}));
    }
  }
  if (std::optional<Error> error = loader.error()) return *std::move(error);
  Finish(std::move(*loaded), &document);
  return document;
}

Result<Machine> LoadMachine(std::string_view name, const Library& library) {
  ASSIGN_OR_RETURN(const Document document, Load(name, library));
  return ToMachine(document);
}

}  // namespace commplan::profiles
