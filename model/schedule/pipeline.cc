#include "model/schedule/pipeline.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "model/base/check.h"

namespace commplan::schedule {

namespace {

constexpr double kUnknown = -1;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

int DeviceOf(const Pipeline& pipeline, int stage) {
  if (pipeline.kind == PipelineKind::kZbV && stage >= pipeline.devices) {
    return 2 * pipeline.devices - 1 - stage;
  }
  return stage % pipeline.devices;
}

void CheckPipeline(const Pipeline& pipeline) {
  CHECK(pipeline.devices > 0 && pipeline.chunks > 0 && pipeline.microbatches > 0);
  CHECK_EQ(pipeline.stages.size(), pipeline.devices * pipeline.chunks);
  if (pipeline.kind == PipelineKind::kZbV) {
    CHECK_EQ(pipeline.chunks, 2);
  } else if (pipeline.kind != PipelineKind::kInterleaved) {
    CHECK_EQ(pipeline.chunks, 1);
  }
  CHECK(pipeline.group == 0 || pipeline.group >= pipeline.devices);
  CHECK(pipeline.transfer >= Time());
}

class Player {
 public:
  Player(const Pipeline& pipeline, bool with_spans);
  PipelineOutcome Run();

 private:
  struct Device {
    std::vector<PipelineOp> order;
    std::size_t next = 0;
    double free = 0;
    int in_flight = 0;
    double link_up = 0;    // free again: the link to the next device
    double link_down = 0;  // and that to the one before
  };

  double& Input(const PipelineOp& op);
  double WorkOf(const PipelineOp& op) const;
  int ReceiverOf(const PipelineOp& op) const;  // the stage that takes its result, or -1
  void PlayOp(int device, const PipelineOp& op, double ready);
  void Deliver(const PipelineOp& op, int stage, double time);

  const Pipeline& pipeline_;
  bool with_spans_;
  std::vector<Device> devices_;
  std::vector<double> forward_ready_;  // stage * microbatches + microbatch
  std::vector<double> backward_ready_;
  std::vector<int> woken_;  // devices that may go on
  PipelineOutcome outcome_;
};

Player::Player(const Pipeline& pipeline, bool with_spans)
    : pipeline_(pipeline),
      with_spans_(with_spans),
      devices_(At(pipeline.devices)),
      forward_ready_(pipeline.stages.size() * At(pipeline.microbatches), kUnknown),
      backward_ready_(forward_ready_.size(), kUnknown) {
  outcome_.devices.resize(At(pipeline.devices));
  std::fill_n(forward_ready_.begin(), pipeline.microbatches, 0.0);
  for (int device = pipeline.devices - 1; device >= 0; --device) {
    devices_[At(device)].order = DeviceOrder(pipeline, device);
    woken_.push_back(device);
  }
}

double& Player::Input(const PipelineOp& op) {
  std::vector<double>& ready = op.pass == Pass::kForward ? forward_ready_ : backward_ready_;
  return ready[At(op.stage * pipeline_.microbatches + op.microbatch)];
}

double Player::WorkOf(const PipelineOp& op) const {
  const StageTimes& times = pipeline_.stages[At(op.stage)];
  switch (op.pass) {
    case Pass::kForward:
      return times.forward.base();
    case Pass::kBackward:
      return (times.backward_input + times.backward_weight).base();
    case Pass::kBackwardInput:
      return times.backward_input.base();
    case Pass::kBackwardWeight:
      return times.backward_weight.base();
  }
  return 0;
}

int Player::ReceiverOf(const PipelineOp& op) const {
  const int last = static_cast<int>(pipeline_.stages.size()) - 1;
  if (op.pass == Pass::kForward) return op.stage < last ? op.stage + 1 : -1;
  if (op.pass == Pass::kBackwardWeight) return -1;
  return op.stage - 1;
}

void Player::Deliver(const PipelineOp& op, int stage, double time) {
  Input({op.pass, stage, op.microbatch}) = time;
  woken_.push_back(DeviceOf(pipeline_, stage));
}

void Player::PlayOp(int device, const PipelineOp& op, double ready) {
  Device& own = devices_[At(device)];
  DeviceOutcome& outcome = outcome_.devices[At(device)];
  const double start = std::max(own.free, ready);
  const double end = start + WorkOf(op);
  own.free = end;
  const int receiver = ReceiverOf(op);
  const int other = receiver < 0 ? device : DeviceOf(pipeline_, receiver);
  const double transfer = pipeline_.transfer.base();
  double departs = end;
  if (other != device && pipeline_.transfer_hidden) {
    const bool up = other == (device + 1) % pipeline_.devices;
    double& link = up ? own.link_up : own.link_down;
    departs = std::max(link, end);
    link = departs + transfer;
    Deliver(op, receiver, link);
  } else if (other != device) {
    own.free = end + transfer;
    outcome.sending += pipeline_.transfer;
    Deliver(op, receiver, own.free);
  } else if (receiver >= 0) {
    Deliver(op, receiver, end);
  }
  // The last stage turns round: its forward is what its backward waits for.
  const bool last_stage = op.stage + 1 == static_cast<int>(pipeline_.stages.size());
  if (op.pass == Pass::kForward && last_stage) {
    Input({Pass::kBackward, op.stage, op.microbatch}) = end;
  }
  if (own.next == 0) outcome.start = Seconds(start);
  outcome.end = Seconds(own.free);
  outcome.busy += Seconds(WorkOf(op));
  own.in_flight += op.pass == Pass::kForward ? 1 : 0;
  outcome.peak_in_flight = std::max(outcome.peak_in_flight, own.in_flight);
  own.in_flight -= op.pass == Pass::kBackward || op.pass == Pass::kBackwardWeight ? 1 : 0;
  if (with_spans_) {
    outcome.spans.push_back(
        {.op = op, .start = Seconds(start), .end = Seconds(end), .sent = Seconds(own.free)});
    if (other != device) {
      PipelineSpan& span = outcome.spans.back();
      span.receiver = other;
      span.departs = Seconds(departs);
      span.arrives = Seconds(departs + transfer);
    }
  }
}

PipelineOutcome Player::Run() {
  while (!woken_.empty()) {
    const int device = woken_.back();
    woken_.pop_back();
    Device& own = devices_[At(device)];
    for (; own.next < own.order.size(); ++own.next) {
      const PipelineOp& op = own.order[own.next];
      // The gradient that a weight gradient needs is that of its own device, earlier in the order.
      const double ready = op.pass == Pass::kBackwardWeight ? 0 : Input(op);
      if (ready == kUnknown) break;
      PlayOp(device, op, ready);
    }
  }
  for (int device = 0; device < pipeline_.devices; ++device) {
    const Device& own = devices_[At(device)];
    CHECK_EQ(own.next, own.order.size());  // no schedule makes devices wait for each other
    const DeviceOutcome& outcome = outcome_.devices[At(device)];
    outcome_.makespan = Max(outcome_.makespan, outcome.end);
    outcome_.period = Max(outcome_.period, outcome.end - outcome.start);
  }
  return std::move(outcome_);
}

}  // namespace

std::string_view Name(PipelineKind kind) {
  switch (kind) {
    case PipelineKind::kGpipe:
      return "gpipe";
    case PipelineKind::kOneForwardOneBackward:
      return "1f1b";
    case PipelineKind::kInterleaved:
      return "interleaved";
    case PipelineKind::kZbH1:
      return "zb-h1";
    case PipelineKind::kZbH2:
      return "zb-h2";
    case PipelineKind::kZbV:
      return "zb-v";
  }
  CHECK(false);
  return "";
}

double PipelineOutcome::BubbleShare() const {
  Time busy;
  for (const DeviceOutcome& device : devices) busy += device.busy;
  return 1 - busy / (static_cast<double>(devices.size()) * makespan);
}

PipelineOutcome Play(const Pipeline& pipeline, bool with_spans) {
  CheckPipeline(pipeline);
  return Player(pipeline, with_spans).Run();
}

std::optional<Time> EqualStagesMakespan(const Pipeline& pipeline) {
  CheckPipeline(pipeline);
  const StageTimes& first = pipeline.stages.front();
  const auto differs = [&first](const StageTimes& stage) {
    return stage.forward != first.forward || stage.backward_input != first.backward_input ||
           stage.backward_weight != first.backward_weight;
  };
  const bool equal = std::none_of(pipeline.stages.begin(), pipeline.stages.end(), differs);
  if (!equal || (pipeline.transfer > Time() && pipeline.devices > 1)) return std::nullopt;
  const int p = pipeline.devices;
  const int m = pipeline.microbatches;
  const Time pass = first.forward + first.backward_input + first.backward_weight;
  const bool light = first.backward_weight <= first.forward;
  const auto zero_bubble = [&first, &pass, p, m](double weights) {
    const Time idle = first.forward + first.backward_input - weights * first.backward_weight;
    return m * pass + (p - 1.0) * Max(first.forward, idle);
  };
  switch (pipeline.kind) {
    case PipelineKind::kGpipe:
    case PipelineKind::kOneForwardOneBackward:
      return (m + p - 1.0) * pass;
    case PipelineKind::kInterleaved:
      if (m % p != 0 || pipeline.group > p) return std::nullopt;
      return (static_cast<double>(m) * pipeline.chunks + p - 1) * pass;
    case PipelineKind::kZbH1:
      if (m < p || !light) return std::nullopt;
      return zero_bubble(1);
    case PipelineKind::kZbH2:
      if (m < 2 * p - 1 || !light) return std::nullopt;
      return zero_bubble(2);
    case PipelineKind::kZbV:
      return std::nullopt;
  }
  return std::nullopt;
}

double EqualStagesBubbleShare(int devices, int chunks, int microbatches) {
  CHECK(devices > 0 && chunks > 0 && microbatches > 0);
  return (devices - 1.0) / (devices - 1.0 + static_cast<double>(chunks) * microbatches);
}

int MicrobatchesForBubble(int devices, int chunks, double share) {
  CHECK(devices > 0 && chunks > 0 && share > 0 && share < 1);
  const double wanted = (devices - 1) * (1 - share) / (share * chunks);
  // Rounding must not ask for one more where the quotient is whole: 7 * 0.9 / 0.1 is 63.
  const double nearest = std::round(wanted);
  const bool whole = std::abs(wanted - nearest) <= 1e-9 * std::max(wanted, 1.0);
  return std::max(1, static_cast<int>(whole ? nearest : std::ceil(wanted)));
}

}  // namespace commplan::schedule
