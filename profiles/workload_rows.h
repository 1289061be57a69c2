// Measured steps of whole models as rows of a table: what was run, on what, and how long it took.
//
// A table is CSV with a header. Its columns are those of docs/sample_format.md, or the names that
// published tables have for the same. What a published table leaves out of all its rows is filled
// in from what its source says of its runs (workload_sources.h); a row that says too little for a
// price is left out, with the reason.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/step/bill.h"
#include "model/step/training.h"
#include "model/workload/transformer.h"
#include "profiles/library.h"

namespace commplan::profiles {

// A step of an engine, or the time between two tokens of a request among others.
struct ServedStep {
  StepRequest step;
  // Where the row is of whole requests: the step decodes in the middle of the answer.
  double prompt = 0;
  double output = 0;
};

struct WorkloadRow {
  std::string file;
  int line = 0;
  std::string source;             // of the table, "" where it names none
  std::string label;              // what a report shows
  std::string group;              // rows of one shape and cut, which are held out together
  std::string profile;            // "": the row does not say
  std::vector<std::string> sets;  // what its cluster has otherwise
  Transformer model;
  // One of the two; the pointer to the model is set by who prices it.
  std::optional<TrainRequest> train;
  std::optional<ServedStep> served;
  double seconds = 0;          // measured
  bool simulated = false;      // printed by a simulator
  bool says_recompute = true;  // false: it may have recomputed any way
  std::string untimed;         // why it says enough for its memory, but not for a time
};

struct LeftOut {
  std::string file;
  int line = 0;
  std::string reason;
};

struct WorkloadRows {
  std::vector<WorkloadRow> rows;  // in the order of the files
  std::vector<LeftOut> left_out;
  std::vector<std::string> notes;
};

struct WorkloadFile {
  std::string name;
  std::string text;
};

// Of several files together, since one may say what another leaves open. An error only where a file
// is no such table at all.
Result<WorkloadRows> ReadWorkloads(const std::vector<WorkloadFile>& files, const Library& models);

// Of the rows of each source those of every other group, by name: half 0 or 1.
std::vector<const WorkloadRow*> HalfOf(const std::vector<WorkloadRow>& rows, int half);

}  // namespace commplan::profiles
