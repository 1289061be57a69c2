// Plans of serving: every way to cut a model over devices for requests of one shape, priced, the
// best ones first.
//
//   ServingQuestion question{.model = &llama, .devices = 64, .shape = {2000, 300}};
//   ASSIGN_OR_RETURN(const ServingAnswer answer, PlanServing(machine, question, {.threads = 2}));
//
// The space. A cell is a stack of software (whose kernels, whose collectives) and a cut: tensor
// ranks x stages x attention ranks x context ranks x expert ranks, with and without sequence
// parallelism. Every whole number is tried, not powers of two alone.
// In a cell each way to overlap and each codec is tried with each of `batches` sequences, and as
// many as fit. Engines of a cell
// stand side by side, as many as the devices allow, or, where devices are the first thing to save,
// as few as carry the rate within the targets; devices that are left over stay idle.
//
// Order. Divisibility, then memory, then the price: what does not fit is never priced. Memory is
// for sequences at their full length.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/step/bill.h"
#include "model/step/machine.h"
#include "model/step/serving.h"
#include "planner/collector.h"
#include "planner/confidence.h"
#include "planner/metrics.h"
#include "planner/search.h"

namespace commplan::planner {

// Whole numbers from `least` to `most`.
struct Bound {
  int least = 1;
  int most = std::numeric_limits<int>::max();

  bool Has(int n) const { return least <= n && n <= most; }
};

// Whose kernels with whose collectives.
struct Stack {
  std::string kernels;
  std::string engine;
};

// Zero: none.
struct Targets {
  Time ttft{};
  Time tpot{};
  Time end_to_end{};
};

struct ServingQuestion {
  const Transformer* model = nullptr;
  Precision precision;
  int devices = 1;
  RequestShape shape;      // means
  double long_prompt = 0;  // tokens of the prompt that the targets are for; 0: the mean
  double rate = 0;         // requests in a second of all engines; 0: as many as they carry
  double quantile = 0;     // of the wait that the targets are for; 0: the mean
  Targets targets;
  double price = 0;  // of a device and hour; 0: not known

  std::vector<Stack> stacks;
  Bound tp, pp, ep, attention_dp;
  Bound cp = {1, 1};
  std::vector<bool> sequence_parallel = {false, true};
  std::vector<Overlap> overlaps = {Overlap::kNone};
  // Of the sums of tensor parallelism and of the way to experts, where it pays; "none": plain.
  std::vector<std::string> codecs = {"none"};
  std::vector<double> batches;  // rising; empty: EvenBatches
  Wanted wanted;
};

struct ServingPlan {
  Layout layout;  // dp: engines
  double batch = 1;
  int stack = 0;
  Overlap overlap = Overlap::kNone;
  int codec = 0;  // of the question's
};

// 1, 2, 3, 4, 6, 8, 12, ... 4096.
std::vector<double> EvenBatches();

struct ServingAnswer {
  Found<ServingPlan> found;
  std::int64_t cells = 0;  // stacks x cuts x ways to overlap
};

Result<ServingAnswer> PlanServing(const Machine& machine, const ServingQuestion& question,
                                  const Control& control);

// The step that a plan decodes with, for its bill, and the one of a prompt.
StepRequest DecodeOf(const ServingQuestion& question, const ServingPlan& plan);
StepRequest PromptOf(const ServingQuestion& question, const ServingPlan& plan);
// The step that holds as many whole prompts as the engine takes into one.
StepRequest FullStepOf(const ServingQuestion& question, const ServingPlan& plan,
                       const ServingCost* cost);

// Devices of one engine.
int EngineDevices(const Layout& layout);

// One plan by itself, whatever its targets: for reports, what-ifs and tests. `plan.layout.dp` is
// taken as it is.
struct ServingDetail {
  StepBill decode;
  StepBill prompt;   // of mean length
  StepBill longest;  // of the length that the targets are for
  MemoryNeed need;   // of sequences at their full length
  StepBill full;     // a step full of prompts
  double prompts_in_full = 1;
  const ServingCost* cost = nullptr;  // of the machine; null: the profile does not know the engine
  Served served;
  Banded ttft, tpot, end_to_end;
  Metrics metrics;
};
Result<ServingDetail> DetailOf(const Machine& machine, const ServingQuestion& question,
                               const ServingPlan& plan);

// The metrics if kernels took `compute` and what is exposed of collectives `communication` times as
// long.
Metrics Rescaled(const ServingQuestion& question, const ServingPlan& plan,
                 const ServingDetail& detail, double compute, double communication);

// The metrics under each change of the links, the plan kept.
Metrics WithHalfLatency(const ServingQuestion& question, const ServingPlan& plan,
                        const ServingDetail& detail);
Metrics WithDoubleBandwidth(const ServingQuestion& question, const ServingPlan& plan,
                            const ServingDetail& detail);

}  // namespace commplan::planner
