// A group is all that was measured of one thing: one operation, by one library in one version and
// started in one way, among one number of ranks on one number of nodes of one system. It is what
// one curve is fitted to.
#pragma once

#include <string>
#include <vector>

#include "calibrate/fit/rows.h"
#include "calibrate/samples/sample.h"
#include "model/collective/algorithm.h"

namespace commplan::fit {

// One size of a group. The time out of place counts; the one in place is a repeat of it.
struct GroupRow {
  Point point;
  samples::Origin origin;
};

struct Group {
  Op op = Op::kAllReduce;
  std::string engine;  // the library; "" where it is not stated
  std::string version;
  std::string kernel;
  samples::Launch launch = samples::Launch::kNotStated;
  std::string dtype;
  std::string codec;  // "" where nothing was compressed
  double share = 1;   // bytes on the wire for each byte of the tensor; 0 where it is not stated
  std::string device;
  std::string system;
  int ranks = 0;
  int nodes = 0;
  std::vector<GroupRow> rows;  // in the order of the samples

  // The files that it was read from, in their order.
  std::vector<std::string> Files() const;
  // "all-reduce, 8 ranks on 2 nodes, nccl 2.27.3, half": for people, without the system.
  std::string Text() const;
};

// Samples that cannot be fitted are left out, each reason said once.
struct Groups {
  std::vector<Group> groups;  // in the order of their first samples
  std::vector<std::string> notes;
};

// Nodes that are not stated count as one.
Groups GroupSamples(const std::vector<samples::Sample>& samples);

// Of the groups that differ in nothing but the data type, the one that a model's activations would
// use: two bytes before four before others, floating point before integers. The rest is named in
// the notes.
Groups OneDtypeEach(Groups groups);

// The fit's input. With `odd_held_out` only rows of an even place in their file.
std::vector<Point> TrainingPoints(const Group& group, bool odd_held_out);
// Rows of an odd place.
std::vector<GroupRow> HeldOutRows(const Group& group);

}  // namespace commplan::fit
