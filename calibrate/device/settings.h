// Which settings of communication libraries this process was given.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace commplan::device {

// Variables of the environment whose names begin so, less what a sample must not keep
// (samples::ScrubEnvironment), by name.
std::vector<std::pair<std::string, std::string>> SettingsThatBegin(
    const std::vector<std::string_view>& starts);

}  // namespace commplan::device
