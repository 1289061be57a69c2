// The bill of one step: what a transformer under a layout computes, moves and stores on a machine,
// where the time goes, and how far the answer can be trusted.
//
//   ASSIGN_OR_RETURN(const StepBill bill, BillOf(machine, {.model = &llama, .layout = {.tp = 8},
//                                                          .demand = Decode(64, 2048)}));
//
// Time. Without overlap the operations of a layer run one after the other, so that
//   step = compute + exposed + bubble + other,
// all on the critical path of one batch: with pp > 1 its stages work in turn and compute is the sum
// over them. A serving step has no bubble; that the other stages are idle or hold other batches is
// said in a note. With overlap `exposed` is what the timeline of model/schedule leaves of the
// communication, and compute is what its streams are busy with.
//
// Band. Errors of one kind of kernel (products, attention, experts, sweeps) or of one operation's
// collectives share their cause and add up; those of different kinds are independent, so that their
// distances from the middle add in quadrature. Where an engine's own cost was fitted to served
// requests, the band is at least as wide as what that fit leaves over.
//
// What-if. The step is priced again: with half the latency of all collectives, and with twice the
// bandwidth of all links (Sensitivity of model/collective).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/cost.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/algorithm.h"
#include "model/collective/compressed.h"
#include "model/collective/price.h"
#include "model/memory/fit.h"
#include "model/step/machine.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan {

// How communication hides behind compute.
enum class Overlap {
  kNone,      // each collective waits for its kernel, the next kernel waits for it
  kTiles,     // a product and its reduction are cut into tiles that overlap each other
  kLadder,    // a module starts without the sum of the one before it (needs such a model)
  kTwoBatch,  // the batch runs as two halves; one computes while the other communicates
};
std::string_view Name(Overlap overlap);  // "none", "tiles", "ladder", "two-batch"
std::optional<Overlap> OverlapNamed(std::string_view word);
std::vector<std::string_view> OverlapNames();

enum class CodecUse {
  kAlways,
  kWhereItPays,  // exchange by exchange, where the compressed time is the smaller one
};

struct StepRequest {
  const Transformer* model = nullptr;
  Layout layout;
  Precision precision;
  Demand demand;        // of one engine; sequences of all its ranks
  std::string kernels;  // whose kernels: "vllm", "sglang", "trtllm"; "": the machine's first
  std::string engine;   // whose collectives; "": the machine's first engine
  // Of what tensor parallel ranks exchange, and of tokens on their way to experts and back; "" or
  // "none": plain (model/step/compression_step.h).
  std::string codec;
  std::string expert_codec;
  std::optional<CompressedScheme> codec_scheme;  // of `codec`; none: what is the fastest
  CodecUse codec_use = CodecUse::kAlways;
  Overlap overlap = Overlap::kNone;
  std::optional<double> overlap_fraction;  // a what-if: this share of communication hides
  bool graph = true;                       // captured graphs: no launch from the host per kernel
  double expert_imbalance = 1;             // tokens of the fullest expert rank over the mean
  // Tokens that a sequence will have at the end, for the memory; 0: those of the demand.
  double longest = 0;
};

// One site that exchanges something; all passes of it in one step.
struct BillLine {
  Site site = Site::kAttentionOutput;
  Exchange exchange = Exchange::kAllReduce;
  GroupKind group = GroupKind::kTensor;
  int ranks = 1;
  double count = 0;
  Bytes bytes{};   // of one, as nccl-tests counts it
  Time time{};     // of all `count`
  Time exposed{};  // of all
  Time each{};
  Time low{}, high{};  // of all
  Algorithm algorithm = Algorithm::kRing;
  std::string engine;
  std::string codec;   // "none": plain
  std::string scheme;  // of the codec: "two-shot", "measured-kernel"; empty: plain
  Cost terms;          // of one: codec work and launches stand apart from the wire
  Time plain_each{};   // of one without the codec
  Regime regime = Regime::kLatency;
  bool extrapolated = false;
};

// One site that computes.
struct ComputeLine {
  std::string kind;  // the site's name: "attention qkv", "moe up"
  double count = 0;  // kernels
  Time time{};       // of all
  Time low{}, high{};
};

struct StepBill {
  Time step{};
  Time compute{};
  Time communication{};  // as if nothing overlapped
  Time exposed{};        // what of it the step waits for
  Time bubble{};
  Time other{};  // the engine's own: scheduling, sampling, launches
  Time low{}, high{};
  bool extrapolated = false;
  std::vector<BillLine> collectives;
  std::vector<ComputeLine> kernels;
  Fit memory;  // of the fullest rank
  Time half_latency{}, double_bandwidth{};
  std::vector<std::string> notes;

  // Of the step, what it waits for communication.
  double CommunicationShare() const { return step > Time() ? exposed / step : 0; }
};

// Unsupported where the engines would refuse the layout or the machine has no kernel for it. A step
// that does not fit in memory is priced all the same; `memory` says so.
Result<StepBill> BillOf(const Machine& machine, const StepRequest& request);

}  // namespace commplan
