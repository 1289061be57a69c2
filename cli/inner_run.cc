#include "cli/inner_run.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <utility>

#include "cli/exit_status.h"
#include "cli/report/tables.h"

namespace commplan::cli {
namespace {

constexpr std::string_view kProgram = "commplan: ";

// Whether the word at `i` is the option, alone or with its value behind '='.
bool IsOption(const std::string& word, const std::string& name) {
  const std::string option = "--" + name;
  return word == option || word.starts_with(option + "=");
}

std::string WithoutProgram(std::string text) {
  if (text.starts_with(kProgram)) text.erase(0, kProgram.size());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Notes and errors, a line each; a hint goes with its line.
void Sort(const std::string& said, bool failed, InnerAnswer* answer) {
  std::istringstream lines(said);
  std::string line;
  while (std::getline(lines, line)) {
    const bool note = line.starts_with("commplan: note: ");
    if (note || !failed) {
      answer->notes.push_back(line);
    } else {
      constexpr std::string_view kHint = "  hint: ";
      if (line.starts_with(kHint)) line.erase(0, kHint.size());
      answer->error += (answer->error.empty() ? "" : "; ") + line;
    }
  }
  answer->error = WithoutProgram(std::move(answer->error));
}

}  // namespace

Arguments WithOption(Arguments arguments, const std::string& name, const std::string& value) {
  const auto found = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const std::string& word) { return IsOption(word, name); });
  if (value == "true" || value == "false") {
    // A flag, whose value cannot be a word of its own.
    if (found != arguments.end()) arguments.erase(found);
    arguments.push_back("--" + name + "=" + value);
    return arguments;
  }
  if (found == arguments.end()) {
    arguments.push_back("--" + name);
    arguments.push_back(value);
    return arguments;
  }
  if (*found != "--" + name) {
    *found = "--" + name + "=" + value;
  } else if (found + 1 != arguments.end()) {
    *(found + 1) = value;
  } else {
    arguments.push_back(value);
  }
  return arguments;
}

Arguments WithoutSets(const Arguments& arguments) {
  Arguments rest;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!IsOption(arguments[i], "set")) {
      rest.push_back(arguments[i]);
    } else if (arguments[i] == "--set") {
      ++i;
    }
  }
  return rest;
}

Result<InnerAnswer> RunInner(const Runner& run, const Arguments& arguments) {
  const Arguments with_format = WithOption(arguments, "format", "json");
  std::ostringstream out, err;
  Io io{out, err, false};
  InnerAnswer answer;
  answer.status = run(with_format, io);
  answer.json = report::Json::parse(out.str(), nullptr, false);
  if (answer.json.is_discarded() || !answer.json.is_object()) answer.json = nullptr;
  Sort(err.str(), answer.json.is_null(), &answer);
  if (answer.status == kExitUsage) return UsageError(answer.error);
  if (answer.json.is_null() && answer.status == kExitOk) {
    return UsageError(
        "'" + (arguments.empty() ? std::string() : arguments.front()) + "' gives no answer in JSON",
        "name a command that does, such as price");
  }
  return answer;
}

const report::Json* FindKey(const report::Json& json, const std::string& path) {
  const report::Json* at = &json;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    const report::Json* next = nullptr;
    if (at->is_object()) {
      const auto found = at->find(part);
      if (found != at->end()) next = &*found;
    } else if (at->is_array()) {
      std::size_t index = 0;
      for (const report::Json& item : *at) {
        const bool named = report::ItemName(item) == part;
        if ((named && next == nullptr) || std::to_string(index) == part) next = &item;
        ++index;
      }
    }
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

}  // namespace commplan::cli
