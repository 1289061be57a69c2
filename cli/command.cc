#include "cli/command.h"

#include <cstdint>
#include <map>
#include <utility>

#include "model/base/units.h"

namespace commplan::cli {

CLI::Option* AddCount(CLI::App& command, const std::string& name, int* count,
                      const std::string& description, int least) {
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  const auto read = [count, name, least](const std::string& text) {
    const Result<std::int64_t> number = ParseInteger(text);
    if (!number.ok()) {
      throw CLI::ValidationError(
          name, number.error().message +
                    (number.error().hint.empty() ? "" : " (" + number.error().hint + ")"));
    }
    if (*number < least || *number > kMost) {
      throw CLI::ValidationError(name, "found " + text + ", expected a count from " +
                                           std::to_string(least) + " to " + std::to_string(kMost));
    }
    *count = static_cast<int>(*number);
  };
  return command.add_option_function<std::string>(name, read, description);
}

void AddFormatOption(CLI::App& command, CommonOptions& options) {
  static const std::map<std::string, Format> kFormats{{"text", Format::kText},
                                                      {"json", Format::kJson},
                                                      {"csv", Format::kCsv},
                                                      {"markdown", Format::kMarkdown}};
  const auto read = [&options](const std::string& text) {
    const auto found = kFormats.find(text);
    if (found == kFormats.end()) {
      throw CLI::ValidationError("--format",
                                 "found '" + text + "', expected text, json, csv or markdown");
    }
    options.format = found->second;
  };
  command
      .add_option_function<std::string>("--format", read,
                                        "text (for people), json, csv or markdown")
      ->option_text("FORMAT");
}

void AddSetOption(CLI::App& command, CommonOptions& options) {
  command
      .add_option("--set", options.set,
                  "override a value of the profile for a what-if, such as tiers.0.latency=5us; may "
                  "be repeated")
      ->option_text("PATH=VALUE")
      ->take_all();
}

void AddCommonOptions(CLI::App& command, CommonOptions& options) {
  AddFormatOption(command, options);
  AddSetOption(command, options);
  command.add_flag("--explain", options.explain,
                   "show the formula, the numbers put in, and where each came from");
}

void SetAction(CLI::App& command, Action* chosen, Action action) {
  command.callback([chosen, action = std::move(action)] { *chosen = action; });
}

}  // namespace commplan::cli
