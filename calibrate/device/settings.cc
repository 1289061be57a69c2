#include "calibrate/device/settings.h"

#include <unistd.h>

#include <algorithm>

#include "calibrate/samples/sample.h"

namespace commplan::device {

std::vector<std::pair<std::string, std::string>> SettingsThatBegin(
    const std::vector<std::string_view>& starts) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (std::any_of(starts.begin(), starts.end(),
                    [text](std::string_view start) { return text.starts_with(start); })) {
      settings.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return samples::ScrubEnvironment(std::move(settings)).kept;
}

}  // namespace commplan::device
