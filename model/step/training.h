// The training step: what one optimizer step of a transformer takes under a plan, where the time
// goes, whether it fits in memory, and how far the answer can be trusted.
//
//   TrainRequest request;
//   request.job = {.model = &gpt, .sequence = 2048, .global_batch = 512};
//   request.plan = {.layout = {.tp = 8, .pp = 8, .dp = 4}, .micro_batch = 1};
//   ASSIGN_OR_RETURN(const TrainBill bill, TrainBillOf(machine, request));
//
// A step is
//   1. a pass of each microbatch forward and backward through the stages, in the order of the
//      schedule. A stage takes the sum of its kernels and of the collectives between them, each
//      waited for; weights that are kept in shards (ZeRO-3, FSDP, generalized tensor parallelism)
//      are gathered ahead as model/schedule/chain.h plays it;
//   2. the exchange of gradients between ranks that hold the same weights, behind the last backward
//      pass or, in buckets, beside it; tied embeddings on two stages add theirs;
//   3. the optimizer, and the gather of what it has updated where its state is in shards.
// A rank of the busiest stage stands for all: compute, communication and bubble are its own, so
//   step = compute + exposed + bubble + optimizer.
//
// The central time is that of a healthy run. Runs are slower than that, by stragglers and shared
// links, far more often than they are faster: the profile's RunBand holds by how much, from
// measured runs.
//
// Not captured: the loading of data, checkpoints, the small reductions of norms' gradients under
// sequence parallelism, and sends between stages slowing other traffic.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/algorithm.h"
#include "model/collective/price.h"
#include "model/memory/fit.h"
#include "model/schedule/chain.h"
#include "model/schedule/pipeline.h"
#include "model/step/machine.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/sharding.h"
#include "model/workload/transformer.h"

namespace commplan {

// What is trained.
struct TrainJob {
  const Transformer* model = nullptr;
  Precision precision;      // gradients as they are accumulated
  double sequence = 2048;   // tokens
  double global_batch = 1;  // sequences
  bool fused_attention = true;
  bool dropout = false;
  // Times of fused attention over those of the kernels; nothing: as the framework's entry says.
  std::optional<double> attention_factor;
  double optimizer_bytes = 12;  // of state for a weight: Adam with an fp32 copy
  double expert_imbalance = 1;  // tokens of the fullest expert rank over the mean
  std::string framework;        // of Machine::training; "": its first
  std::string kernels;          // whose; "": the framework's, else the machine's first
  std::string engine;           // whose collectives; "": the machine's first
};

struct TrainOverlap {
  bool gradients = false;   // reduced in buckets while the last backward pass runs
  bool parameters = false;  // ZeRO-1 and 2: gathered while the next forward pass runs
  bool boundaries = false;  // sends between stages, while the stages compute
  bool tensor = false;     // sequence-parallel gathers and reduce-scatters, beside the product that
                           // reads or makes them, in as many tiles as there are ranks
  Bytes bucket = MB(160);  // of gradients: Megatron's 40 million values in fp32
  std::optional<double> fraction;  // a what-if: this share of the collectives in a stage hides

  friend bool operator==(const TrainOverlap&, const TrainOverlap&) = default;
};

// How it is run.
struct TrainPlan {
  Layout layout;
  double micro_batch = 1;  // sequences
  Recompute recompute = Recompute::kNone;
  // Nothing: 1F1B, interleaved where there are virtual stages.
  std::optional<schedule::PipelineKind> schedule;
  Sharding sharding;
  TrainOverlap overlap;
  schedule::ChainRules chain;  // of weights in shards
  bool graph = false;          // captured graphs: no launch from the host per kernel

  friend bool operator==(const TrainPlan&, const TrainPlan&) = default;
};

struct TrainRequest {
  TrainJob job;
  TrainPlan plan;
};

// One kind of exchange at one site. Of a rank of the busiest stage.
struct TrainLine {
  std::string site;  // of the model, or "gradients", "parameters", "weights", "tied embedding"
  Exchange exchange = Exchange::kAllReduce;
  GroupKind group = GroupKind::kTensor;
  int ranks = 1;
  double count = 0;  // in a step
  Bytes bytes{};     // of one, as nccl-tests counts it
  Time time{};       // of all
  Time exposed{};
  Time low{}, high{};  // of all
  Algorithm algorithm = Algorithm::kRing;
  std::string engine;
  Regime regime = Regime::kLatency;
  bool extrapolated = false;
};

struct TrainKernelLine {
  std::string kind;  // the site's name, or "optimizer"
  double count = 0;
  Time time{};
};

struct TrainBill {
  Time step{};
  Time compute{};        // kernels of forward, backward and recomputation
  Time communication{};  // as if nothing overlapped
  Time exposed{};
  Time bubble{};
  Time optimizer{};
  Time low{}, high{};
  bool extrapolated = false;
  double microbatches = 0;
  std::int64_t devices = 0;
  double tokens_per_second = 0;  // of the whole job
  double mfu = 0;                // flops of the model without recomputation, over the peak
  FlopRate model_rate{};         // per device
  std::vector<TrainLine> exchanges;
  std::vector<TrainKernelLine> kernels;
  std::vector<Time> stage_times;  // forward and backward of one microbatch, by stage
  Fit memory;                     // of the fullest stage
  std::vector<MemoryNeed> memory_by_stage;
  Time half_latency{}, double_bandwidth{};  // the step under each what-if
  std::string framework, provider;          // of kernels: as used
  std::vector<std::string> notes;

  double CommunicationShare() const { return step > Time() ? exposed / step : 0; }
};

// Flops of forward and backward of one token without recomputation: 6 for each weight that it is
// multiplied with, and 12·s·(width of the heads) for each layer's scores, not halved for causality
// (Narayanan et al.). The embedding is only looked up.
Flops ModelFlops(const Transformer& model, double sequence);

// Asked for many plans of one job. Times of kernels are kept by the cut that they depend on, so
// that plans which share it cost little more than their schedule.
class TrainPricer {
 public:
  // `machine` and the job's model must outlive it.
  static Result<TrainPricer> Create(const Machine& machine, const TrainJob& job);
  TrainPricer(TrainPricer&&) noexcept;
  TrainPricer& operator=(TrainPricer&&) noexcept;
  ~TrainPricer();

  // The step's time alone. Unsupported where the engines would refuse the layout, or where the
  // batch does not divide.
  Result<Time> TimeOf(const TrainPlan& plan);
  // A time that the step cannot be shorter than, for less work: the busiest device's passes, and
  // what must come before its first and behind its last one. Exact where stages are equal.
  Result<Time> BoundOf(const TrainPlan& plan);
  Result<TrainBill> BillOf(const TrainPlan& plan);
  // What the fullest rank must hold; as the bill's memory.
  Result<MemoryNeed> NeedOf(const TrainPlan& plan);

  // Drops the kept times of kernels, as memory or a benchmark may want it.
  void Forget();

  class Impl;

 private:
  explicit TrainPricer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

Result<TrainBill> TrainBillOf(const Machine& machine, const TrainRequest& request);

}  // namespace commplan
