// A text file is read whole, and only up to a limit.
#pragma once

#include <cstddef>
#include <string>

#include "model/base/result.h"

namespace commplan::profiles {

bool IsRegularFile(const std::string& path);

// The bytes of the file, or an error that names it: kNotFound where there is none, kIo where it
// cannot be read, kBadInput where it has more than `limit` bytes.
Result<std::string> ReadTextFile(const std::string& path, std::size_t limit);

}  // namespace commplan::profiles
