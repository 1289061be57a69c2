#include "calibrate/fit/measured_data.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "model/base/check.h"

namespace commplan::fit {
namespace {

std::filesystem::path Folder(const std::string& folder) {
  const char* root = std::getenv("COMMPLAN_ROOT");
  return std::filesystem::path(root == nullptr ? "." : root) / ".." / "shared" / "measured" /
         folder;
}

}  // namespace

std::vector<std::string> MeasuredFiles(const std::string& folder, const std::string& ending) {
  std::vector<std::string> names;
  if (!std::filesystem::is_directory(Folder(folder))) return names;
  for (const auto& entry : std::filesystem::directory_iterator(Folder(folder))) {
    if (entry.path().extension() == ending) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Groups MeasuredGroups(const std::string& folder, const std::string& file,
                      const samples::ImportHints& hints) {
  std::ifstream in(Folder(folder) / file);
  std::ostringstream text;
  text << in.rdbuf();
  const Result<samples::Imported> imported = samples::ImportAny(text.str(), file, hints);
  CHECK(imported.ok());
  return GroupSamples(imported->samples.samples);
}

}  // namespace commplan::fit
