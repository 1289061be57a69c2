// JSON as the program writes it: keys in the order they were put in, numbers as the shortest text
// that reads back.
#pragma once

#include <nlohmann/json.hpp>

namespace commplan::report {

using Json = nlohmann::ordered_json;

}  // namespace commplan::report
