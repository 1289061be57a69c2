// A JSON document is read here for the whole room: strictly, and without exceptions getting out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "model/base/result.h"

namespace commplan::samples {

using Json = nlohmann::ordered_json;

// Refuses what is no JSON and an object that has a key twice, both with line and column.
Result<Json> ParseJson(std::string_view text, const std::string& file);

}  // namespace commplan::samples
