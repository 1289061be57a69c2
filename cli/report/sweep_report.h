// The documents of `sweep` and `whatif`: rows of values that other commands answered with, and the
// plot of one of them.
#pragma once

#include <optional>
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

// The first row of each line of which a condition holds.
struct SweepFirst {
  std::string condition;    // "comm_fraction<=10%", as it was given
  std::vector<bool> holds;  // of each row
};

struct SweepReport {
  std::string command;  // what was asked, without what varies
  std::vector<SweptName> names;
  std::vector<std::string> keys;
  std::vector<SweepRow> rows;  // the first name varies fastest
  std::optional<SweepFirst> first;
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

// At which value of an option a key of a's answer equals b's, or a target where `b` is empty.
struct SolvedPoint {
  Json value;          // of the option: a number, or with its unit
  std::string people;  // the same, with few digits
  double a = 0, b = 0;
};
struct SolveReport {
  std::string a, b;
  std::string name;
  std::string key;
  SolvedPoint low, high;             // the ends of the range
  std::optional<SolvedPoint> found;  // nothing: never in the range
  bool jumps = false;                // one passes the other there without being equal
};
Document SolveDocument(const SolveReport& report);

}  // namespace commplan::report
