#include "cli/command.h"

#include <map>
#include <utility>

namespace commplan::cli {

void AddFormatOption(CLI::App& command, CommonOptions& options) {
  static const std::map<std::string, Format> kFormats{{"text", Format::kText},
                                                      {"json", Format::kJson},
                                                      {"csv", Format::kCsv},
                                                      {"markdown", Format::kMarkdown}};
  command.add_option("--format", options.format, "text (for people), json, csv or markdown")
      ->transform(CLI::CheckedTransformer(kFormats).description(""))
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
