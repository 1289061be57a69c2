#include "tests/house/real_tree.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace commplan::house {
namespace {

namespace fs = std::filesystem;

// Rules read what people write. The largest such file is far below; generated data may be above.
constexpr std::uintmax_t kMaxTextBytes = 2U << 20U;

// Hidden folders that hold files of ours; every other hidden folder is a cache or version control.
constexpr std::array<std::string_view, 2> kHiddenButOurs = {".ci", ".github"};

// Folders at the root that are no part of the repository, besides hidden ones.
constexpr std::array<std::string_view, 1> kSkippedPrefixes = {"bazel-"};

// Files that .gitignore names and tools leave at the root.
constexpr std::array<std::string_view, 1> kSkippedFiles = {"compile_commands.json"};

bool IsSkippedFile(const std::string& path) {
  return std::find(kSkippedFiles.begin(), kSkippedFiles.end(), path) != kSkippedFiles.end();
}

bool IsSkippedFolder(const fs::path& path, bool at_root) {
  const std::string name = path.filename().string();
  if (!name.empty() && name.front() == '.') {
    return std::find(kHiddenButOurs.begin(), kHiddenButOurs.end(), name) == kHiddenButOurs.end();
  }
  return at_root && std::any_of(kSkippedPrefixes.begin(), kSkippedPrefixes.end(),
                                [&name](std::string_view prefix) {
                                  return std::string_view(name).substr(0, prefix.size()) == prefix;
                                });
}

std::string TextOf(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size > kMaxTextBytes) return {};
  std::string text = ReadText(path);
  return text.find('\0') == std::string::npos ? text : std::string();
}

}  // namespace

std::filesystem::path FindRoot() {
  std::error_code error;
  const char* root = std::getenv("COMMPLAN_ROOT");
  if (root != nullptr && fs::exists(fs::path(root) / "WORKSPACE", error)) {
    return fs::canonical(root, error);
  }
  const fs::path workspace = fs::canonical("WORKSPACE", error);
  return error ? fs::path() : workspace.parent_path();
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Tree ReadTree(const std::filesystem::path& root) {
  Tree tree;
  fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied);
  for (; at != fs::recursive_directory_iterator(); ++at) {
    if (!at->is_symlink() && at->is_directory()) {
      if (IsSkippedFolder(at->path(), at.depth() == 0)) at.disable_recursion_pending();
      continue;
    }
    std::error_code error;
    if (!fs::is_regular_file(at->path(), error)) continue;
    const std::string path = at->path().lexically_relative(root).generic_string();
    if (!IsSkippedFile(path)) tree.push_back({path, TextOf(at->path())});
  }
  std::sort(tree.begin(), tree.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return tree;
}

}  // namespace commplan::house
