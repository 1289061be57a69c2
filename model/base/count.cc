#include "model/base/count.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "model/base/result.h"

namespace commplan {
namespace count_internal {

Error OutOfRange(std::int64_t value, std::int64_t minimum, std::string_view plural) {
  const std::string found = "found " + std::to_string(value) + " " + std::string(plural);
  if (value < minimum) {
    return BadInputError(found + ", expected at least " + std::to_string(minimum));
  }
  return BadInputError(found + ", expected at most " + std::to_string(kMaxCount));
}

}  // namespace count_internal
}  // namespace commplan
