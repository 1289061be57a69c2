// A workload file is the YAML text of what is asked of a model: requests that are served, or a
// training run.
//
//   ASSIGN_OR_RETURN(const WorkloadFile chat, LoadWorkload("chat", ShippedWorkloads()));
//
// The format is `commplan/workload/1`:
//
//   schema: commplan/workload/1
//   name: chat
//   title: Short questions, short answers
//   kind: serving                    # or training
//   note: "where the numbers come from"
//   prompt: {mean: 1020, long: 4000}   # tokens; targets are met for a long one
//   output: {mean: 129}
//   requests_per_second: 20          # left out: as many as the devices carry
//   quantile: 0.95                   # of waiting requests that the targets are for
//   targets: {ttft: 1 s, tpot: 50 ms, end_to_end: 10 s}
//
// and of training
//
//   sequence: 4096                   # tokens
//   global_batch: 1024               # sequences
//   tokens: 1e12                     # of the whole run; left out: not known
//
// Unknown keys are refused, with the nearest known one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "profiles/library.h"

namespace commplan::profiles {

inline constexpr char kWorkloadSchema[] = "commplan/workload/1";

struct WorkloadFile {
  std::string name, title, note;
  bool training = false;

  double prompt = 0;       // tokens, mean
  double long_prompt = 0;  // 0: as the mean
  double output = 0;
  double requests_per_second = 0;     // 0: as many as there can be
  double quantile = 0;                // 0: the mean wait
  Time ttft{}, tpot{}, end_to_end{};  // zero: no target

  double sequence = 0;
  double global_batch = 0;
  double tokens = 0;  // 0: not known

  friend bool operator==(const WorkloadFile&, const WorkloadFile&) = default;
};

// The text of one file; `file` names it in messages. All faults are reported at once.
Result<WorkloadFile> ReadWorkload(std::string_view text, const std::string& file);

// The workloads that the program ships with.
const Library& ShippedWorkloads();

// A name of the library, or a path: it contains a '/' or ends in .yaml.
Result<WorkloadFile> LoadWorkload(std::string_view name, const Library& library);

}  // namespace commplan::profiles
