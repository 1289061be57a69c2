#include "profiles/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

#include "model/base/result.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

Error CannotRead(const std::string& path, int code) {
  const std::string reason = std::generic_category().message(code);
  const std::string message = "cannot read '" + Shortened(path) + "': " + reason;
  return code == ENOENT || code == ENOTDIR ? NotFoundError(message) : IoError(message);
}

// Closes the descriptor on every way out.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

bool IsRegularFile(const std::string& path) {
  struct stat status {};
  if (path.empty() || path.find('\0') != std::string::npos) return false;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

Result<std::string> ReadTextFile(const std::string& path, std::size_t limit) {
  if (path.find('\0') != std::string::npos) return CannotRead(path, ENOENT);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return CannotRead(path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return CannotRead(path, errno);
  if (S_ISDIR(status.st_mode)) return CannotRead(path, EISDIR);
  std::string bytes;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotRead(path, errno);
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > limit) {
      return BadInputError(
          "found more than " + std::to_string(limit) + " bytes, expected a profile", {path, 0, 0});
    }
  }
}

}  // namespace commplan::profiles
