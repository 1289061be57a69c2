// Measurements that a command is given: files of any known format, with what the user knows of
// them and they do not say.
#pragma once

#include <string>
#include <vector>

#include "calibrate/fit/groups.h"
#include "calibrate/samples/sample.h"
#include "cli/command.h"

namespace commplan::cli {

struct SampleOptions {
  std::vector<std::string> files;
  // Hints: they fill what a file does not state.
  std::string op, engine, version, launch;
  int ranks = 0;
  int nodes = 0;
  // Filters where a file states them, hints where it does not.
  std::string device, system;
  std::string dtype;                        // a filter
  std::vector<int> only_ranks, only_nodes;  // filters; empty: all
};

// Adds FILES and the options above. `options` must outlive the parse.
void AddSampleOptions(CLI::App& command, SampleOptions& options);

struct SampleInput {
  fit::Groups groups;
  std::vector<samples::Sample> work;  // of single devices
};

// Whether both name one file that is there, by whatever paths.
bool SameFile(const std::string& a, const std::string& b);

// To `io.err`, a line each: for a command that ends without a report that could hold them.
void PrintNotes(const std::vector<std::string>& notes, Io& io);

// What was skipped goes to `io.err`, a line each. `apart` keeps the samples of each file that names
// no system to themselves; otherwise they are of one machine.
Result<SampleInput> ReadSampleFiles(const SampleOptions& options, bool apart, Io& io);

}  // namespace commplan::cli
