// The model library: names, paths, and the list.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/base/suggest.h"
#include "profiles/library.h"
#include "profiles/model_file.h"
#include "profiles/shipped_models.h"
#include "profiles/text_file.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

// More than this is no model but its weights.
constexpr std::size_t kMaxModelBytes = std::size_t{1} << 20;

bool EndsIn(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

// "dir/my-model/config.json" is my-model, "my-model.json" too.
std::string NameOfPath(std::string_view path) {
  std::string_view stem = path.substr(0, path.rfind('.'));
  if (EndsIn(stem, "/config")) stem.remove_suffix(std::string_view("/config").size());
  const std::size_t slash = stem.rfind('/');
  return std::string(slash == std::string_view::npos ? stem : stem.substr(slash + 1));
}

// The title's text in `title: "..."`, without parsing all of a file that has been shipped.
std::string TitleOf(const LibraryFile& file) {
  constexpr std::string_view kKey = "\ntitle: ";
  const std::size_t start = file.text.find(kKey);
  if (start == std::string_view::npos) return {};
  std::string_view title = file.text.substr(start + kKey.size());
  title = title.substr(0, title.find('\n'));
  if (title.size() > 1 && title.front() == '"') title = title.substr(1, title.size() - 2);
  return std::string(title);
}

}  // namespace

const Library& ShippedModels() {
  static const Library* const kLibrary = new Library(ShippedModelFiles());
  return *kLibrary;
}

Result<ModelFile> LoadModel(std::string_view name, const Library& library) {
  const bool json = EndsIn(name, ".json");
  const bool path = json || EndsIn(name, ".yaml") || name.find('/') != std::string_view::npos;
  if (!path) {
    if (const LibraryFile* const file = library.Find(name)) {
      return ReadModel(file->text, std::string(file->path));
    }
    std::vector<std::string_view> names;
    for (const LibraryFile& file : library.files()) names.push_back(file.name());
    std::string message = "found no model '";
    message += Shortened(name);
    message += '\'';
    return NotFoundError(std::move(message), {}, SuggestionHint(name, names, 100));
  }
  const std::string file(name);
  if (json) return ImportFile(file);
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(file, kMaxModelBytes));
  return ReadModel(text, file);
}

Result<ModelFile> ImportFile(const std::string& path, const std::string& name,
                             std::string_view architecture) {
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path, kMaxModelBytes));
  Result<ModelFile> imported =
      ImportConfig(text, name.empty() ? NameOfPath(path) : name, architecture, path);
  if (!imported.ok()) return Located(std::move(imported).error(), {path, 0, 0});
  return imported;
}

std::vector<Listed> ListModels(const Library& library) {
  std::vector<Listed> models;
  for (const LibraryFile& file : library.files()) {
    models.push_back({std::string(file.name()), TitleOf(file), std::string(file.path)});
  }
  return models;
}

}  // namespace commplan::profiles
