// A pipeline splits the layers into stages and the batch into microbatches; a schedule says in
// which order each device works through its passes.
//
// Stage s stands on device s % devices; with ZB-V, whose two chunks form a V, stage s of the second
// chunk stands on device 2 * devices - 1 - s. Each device takes its passes strictly in the order of
// its schedule; a pass starts when the one before it has ended and its input is there. So the
// makespan is a recurrence over the passes, exact for any stage times, O(stages * microbatches).
//
// The orders (d is the device, p their number, m the microbatches, v the chunks of a device):
//   GPipe         all forwards, then all backwards
//   1F1B          p-1-d forwards, then a forward and a backward in turn, then the other backwards
//   interleaved   the same over chunks: groups of g microbatches go through one chunk after the
//                 other, backwards from the last chunk on; 2(p-1-d) + (v-1)g forwards first. g is
//                 p unless set. A last group of fewer than p counts as p of which some do nothing.
//   ZB-H1         1F1B with the weight gradient apart: after backward k the weight gradient k - d
//   ZB-H2         the same with 2(p-1-d) forwards first and weight gradients 2d behind
//   ZB-V          the published V-shaped order
// In all but the last three a backward does both gradients in one pass.
//
// A transfer between two devices is hidden (the link of the ordered pair of devices works while the
// devices compute, one message after the other) or exposed (the sender stands still for it).
// Not captured: transfers slowing compute; a receiver that holds up its sender.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"

namespace commplan::schedule {

enum class PipelineKind { kGpipe, kOneForwardOneBackward, kInterleaved, kZbH1, kZbH2, kZbV };

// "gpipe", "1f1b", "interleaved", "zb-h1", "zb-h2", "zb-v".
std::string_view Name(PipelineKind kind);

// One microbatch through one stage.
struct StageTimes {
  Time forward{};
  Time backward_input{};   // gradient of the activations
  Time backward_weight{};  // gradient of the weights

  friend bool operator==(const StageTimes&, const StageTimes&) = default;
};

struct Pipeline {
  PipelineKind kind = PipelineKind::kOneForwardOneBackward;
  int devices = 1;
  int chunks = 1;  // stages per device: any for interleaved, 2 for ZB-V, else 1
  int microbatches = 1;
  int group = 0;  // interleaved: microbatches that go through a chunk in a row, at least `devices`;
                  // 0 means `devices`
  std::vector<StageTimes> stages{};  // devices * chunks, in the order of the model
  Time transfer{};                   // of one microbatch between two devices, either way
  bool transfer_hidden = true;
};

enum class Pass { kForward, kBackward, kBackwardInput, kBackwardWeight };

struct PipelineOp {
  Pass pass = Pass::kForward;
  int stage = 0;
  int microbatch = 0;
};

struct PipelineSpan {
  PipelineOp op{};
  Time start{};
  Time end{};   // of the compute
  Time sent{};  // of what follows it: later than `end` only where an exposed transfer does
  // What it hands to another device; -1: nothing.
  int receiver = -1;
  Time departs{};
  Time arrives{};
};

struct DeviceOutcome {
  Time busy{};     // computing
  Time sending{};  // standing still for exposed transfers
  Time start{};    // of the first pass
  Time end{};      // of the last one
  // The most activations held at once, in chunks of one microbatch: from a forward to the end of
  // the pass that makes the weight gradient.
  int peak_in_flight = 0;
  std::vector<PipelineSpan> spans{};  // in order, when asked for
};

struct PipelineOutcome {
  Time makespan{};
  // The longest time between start and end of a device: what an iteration takes when the next may
  // follow at once, as the zero-bubble schedules with a late check of the optimizer step allow.
  Time period{};
  std::vector<DeviceOutcome> devices{};

  // Idle share of the grid of devices and time: 1 - busy / (devices * makespan).
  double BubbleShare() const;
};

// The passes of one device.
std::vector<PipelineOp> DeviceOrder(const Pipeline& pipeline, int device);

PipelineOutcome Play(const Pipeline& pipeline, bool with_spans = false);

// The same makespan without playing, where a closed form is exact: no transfers, all stages of
// equal times F, B, W, and
//   GPipe, 1F1B          (m + p-1) (F + B + W)
//   interleaved          (v m + p-1) (F + B + W)                     for m a multiple of p and g =
//   p ZB-H1                m (F + B + W) + (p-1) max(F, F + B - W)     for m >= p and W <= F ZB-H2
//   m (F + B + W) + (p-1) max(F, F + B - 2W)    for m >= 2p-1 and W <= F
std::optional<Time> EqualStagesMakespan(const Pipeline& pipeline);

// (p-1) / (p-1 + v m): idle share of GPipe, 1F1B and interleaved 1F1B with equal stages.
double EqualStagesBubbleShare(int devices, int chunks, int microbatches);

// The fewest microbatches with at most this idle share: m >= (p-1)(1-x) / (x v).
int MicrobatchesForBubble(int devices, int chunks, double share);

}  // namespace commplan::schedule
