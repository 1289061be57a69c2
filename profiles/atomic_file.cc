// WriteFileAtomically: a file that is replaced wholly or not at all.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "model/base/result.h"
#include "profiles/utf8.h"
#include "profiles/writer.h"

namespace commplan::profiles {
namespace {

Error CannotWrite(const std::string& path, const std::string& doing, int code) {
  std::string hint;
  if (code == ENOENT) hint = "create the folder first";
  if (code == EACCES || code == EROFS) hint = "choose a folder that you may write to";
  if (code == ENOSPC || code == EDQUOT) hint = "free some space; the file is as it was before";
  return IoError("cannot write '" + Shortened(path) + "': " + doing + ": " +
                     std::generic_category().message(code),
                 std::move(hint));
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Where the bytes shall lie: a link's target, else the path itself.
std::string Target(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  return ::realpath(path.c_str(), resolved.data()) != nullptr ? std::string(resolved.data()) : path;
}

// The rights of the file that is replaced, or those of a new one.
mode_t ModeFor(const std::string& target) {
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0) return status.st_mode & 07777U;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666U & ~mask;
}

// A file beside the target, removed again unless it takes the target's place.
class Temporary {
 public:
  explicit Temporary(const std::string& target)
      : name_(target + ".XXXXXX"), descriptor_(::mkstemp(name_.data())) {}
  ~Temporary() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (created_ && !renamed_) ::unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  bool ok() const { return created_; }

  bool WriteAll(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool Finish(mode_t mode) {
    if (::fchmod(descriptor_, mode) != 0 || ::fsync(descriptor_) != 0) return false;
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    return closed == 0;
  }

  bool Rename(const std::string& target) {
    renamed_ = std::rename(name_.c_str(), target.c_str()) == 0;
    return renamed_;
  }

 private:
  std::string name_;
  int descriptor_;
  bool created_ = descriptor_ >= 0;
  bool renamed_ = false;
};

// So that the new name survives a power cut. Not every file system knows this, hence no error.
void SyncFolder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  if (path.empty() || path.back() == '/' || path.find('\0') != std::string::npos) {
    return IoError("cannot write '" + Shortened(path) + "': it is no name of a file");
  }
  const std::string target = Target(path);
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return IoError("cannot write '" + Shortened(path) + "': it exists and is no regular file");
  }
  const mode_t mode = ModeFor(target);
  Temporary temporary(target);
  if (!temporary.ok()) {
    return CannotWrite(path, "no file can be made in '" + Shortened(FolderOf(target)) + "'", errno);
  }
  if (!temporary.WriteAll(bytes) || !temporary.Finish(mode)) {
    return CannotWrite(path, "the bytes did not reach the disk", errno);
  }
  if (!temporary.Rename(target)) return CannotWrite(path, "it cannot be replaced", errno);
  SyncFolder(FolderOf(target));
  return OkStatus();
}

}  // namespace commplan::profiles
