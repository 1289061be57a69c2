// The documents of `sweep` and `whatif`: rows of values that other commands answered with, and the
// plot of one of them.
#pragma once

#include <string>
#include <vector>

#include "cli/report/document.h"
#include "cli/report/plot.h"

namespace commplan::report {

// What varies.
struct SweptName {
  std::string name;
  AxisKind axis = AxisKind::kNumber;
  bool words = false;  // its values are no numbers
};

struct SweptValueText {
  std::string text;
  double number = 0;  // as it is plotted: bytes, us, GB/s, plain
};

struct SweepRow {
  std::vector<SweptValueText> values;  // in the order of the names
  std::vector<Json> answers;           // in the order of the keys; null where there is none
  std::string error;
};

struct SweepReport {
  std::string command;  // what was asked, without what varies
  std::vector<SweptName> names;
  std::vector<std::string> keys;
  std::vector<SweepRow> rows;  // the first name varies fastest
};

Document SweepDocument(const SweepReport& report);

// The given keys over the first name, a line for each further combination. Empty with a reason
// where there is nothing to draw.
struct SweepPicture {
  std::string svg;
  std::string why_not;
};
SweepPicture SweepPlot(const SweepReport& report, const std::vector<std::string>& keys);

// A number of JSON for people, by the unit that its key ends with.
std::string PeopleOf(const std::string& key, const Json& value);

struct WhatifReport {
  std::string a, b;  // what was asked
  Json answer_a, answer_b;
};
Document WhatifDocument(const WhatifReport& report);

}  // namespace commplan::report
