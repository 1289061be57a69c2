// Running one command inside another: its arguments changed, its answer as JSON.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/io.h"
#include "cli/report/json.h"
#include "model/base/result.h"

namespace commplan::cli {

// The application itself, as a function of the words behind the program's name.
using Runner = std::function<int(const std::vector<std::string>&, Io&)>;

using Arguments = std::vector<std::string>;

// The arguments with --NAME VALUE in place of what they have of that option.
Arguments WithOption(Arguments arguments, const std::string& name, const std::string& value);
// The arguments without any --set.
Arguments WithoutSets(const Arguments& arguments);

// What a run came to.
struct InnerAnswer {
  int status = 0;
  report::Json json;               // null where there is none
  std::string error;               // what it said instead of an answer
  std::vector<std::string> notes;  // what else it said
};

// Runs a command of the application that answers in JSON. A wrong command line is an error; any
// other failure is an answer without JSON.
Result<InnerAnswer> RunInner(const Runner& run, const Arguments& arguments);

// The value at a dotted path: "time_us", "breakeven.bytes", "terms.latency.time_us". Items of a
// list go by their index or their name (ItemName), the first of several that are called so. Null
// where there is none.
const report::Json* FindKey(const report::Json& json, const std::string& path);

}  // namespace commplan::cli
