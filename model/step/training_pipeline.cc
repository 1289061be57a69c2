#include "model/step/training_pipeline.h"

#include <algorithm>
#include <cstddef>

#include "model/base/check.h"

namespace commplan::training_internal {
namespace {

using schedule::Pipeline;
using schedule::PipelineKind;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// A round that moves clocks by the same time up to this share of it, which is rounding, is steady.
constexpr double kSteady = 1e-13;

// Sums in another order differ by less.
constexpr double kRounding = 1e-12;

class Rounds {
 public:
  Rounds(const Pipeline& pipeline, PipelineEnds* ends)
      : pipeline_(pipeline),
        p_(pipeline.devices),
        m_(pipeline.microbatches),
        transfer_(pipeline.transfer.base()),
        hidden_(pipeline.transfer_hidden),
        ends_(*ends),
        clocks_(At(p_)),
        before_(At(p_)) {}

  void Run() {
    int k = -(p_ - 1);
    const int steady_end = m_ - p_;  // the last round in which all devices do both
    for (; k < m_; ++k) {
      const bool watch = k > 0 && k < steady_end;
      if (watch) before_ = clocks_;
      Round(k);
      if (watch) {
        const double step = Step();
        if (step >= 0) {
          Shift(step * (steady_end - k));
          k = steady_end;
        }
      }
    }
    for (int d = 0; d < p_; ++d) {
      const schedule::StageTimes& stage = pipeline_.stages[At(d)];
      schedule::DeviceEnd& end = ends_.devices[At(d)];
      end.end = Seconds(clocks_[At(d)].free);
      end.busy = m_ * (stage.forward + stage.backward_input + stage.backward_weight);
      const int links = (d > 0 ? 1 : 0) + (d < p_ - 1 ? 1 : 0);
      end.sending = hidden_ ? Time() : m_ * links * pipeline_.transfer;
      ends_.makespan = Max(ends_.makespan, end.end);
    }
  }

 private:
  struct Clock {
    double free = 0;
    double activation = 0;  // what the device before has sent last has arrived
    double gradient = 0;    // and the device behind
    double link_up = 0, link_down = 0;
  };

  // Hands over what has ended at `end`; gives when it arrives.
  double Send(Clock& from, double end, double Clock::*link) const {
    if (!hidden_) {
      from.free = end + transfer_;
      return from.free;
    }
    from.*link = std::max(from.*link, end) + transfer_;
    return from.*link;
  }

  // From the last device to the first: an activation comes from the round before, a gradient from
  // this one.
  void Round(int k) {
    for (int d = p_ - 1; d >= 0; --d) {
      Clock& own = clocks_[At(d)];
      const schedule::StageTimes& stage = pipeline_.stages[At(d)];
      const int forward = k + p_ - 1 - d;
      double arrives = -1;
      if (forward >= 0 && forward < m_) {
        own.free = std::max(own.free, own.activation) + stage.forward.base();
        if (d < p_ - 1) arrives = Send(own, own.free, &Clock::link_up);
      }
      if (k >= 0) {
        own.free = std::max(own.free, own.gradient) +
                   (stage.backward_input + stage.backward_weight).base();
        if (d > 0) clocks_[At(d - 1)].gradient = Send(own, own.free, &Clock::link_down);
      }
      // The device behind has done this round already and reads it in the next.
      if (arrives >= 0) clocks_[At(d + 1)].activation = arrives;
    }
  }

  // By how much a round moved every clock, or -1 where not by the same.
  double Step() const {
    const double step = clocks_[0].free - before_[0].free;
    const double slack = kSteady * clocks_[0].free;
    const auto moved = [step, slack](double now, double before) {
      return std::abs(now - before - step) <= slack;
    };
    for (int d = 0; d < p_; ++d) {
      const Clock& now = clocks_[At(d)];
      const Clock& before = before_[At(d)];
      if (!moved(now.free, before.free)) return -1;
      if (d > 0 && !moved(now.activation, before.activation)) return -1;
      if (d < p_ - 1 && !moved(now.gradient, before.gradient)) return -1;
      if (!hidden_) continue;
      if (d < p_ - 1 && !moved(now.link_up, before.link_up)) return -1;
      if (d > 0 && !moved(now.link_down, before.link_down)) return -1;
    }
    return step;
  }

  void Shift(double time) {
    for (Clock& clock : clocks_) {
      clock.free += time;
      clock.activation += time;
      clock.gradient += time;
      clock.link_up += time;
      clock.link_down += time;
    }
  }

  const Pipeline& pipeline_;
  int p_, m_;
  double transfer_;
  bool hidden_;
  PipelineEnds& ends_;
  std::vector<Clock> clocks_, before_;
};

// One half of GPipe from `begin` on: when each device is done with the last microbatch and what it
// sends then.
template <class TimeOf>
void FlowEnds(const Pipeline& pipeline, bool forward, double begin, TimeOf time_of,
              PipelineEnds* ends) {
  const double transfer = pipeline.transfer.base();
  const int p = pipeline.devices;
  const double more = pipeline.microbatches - 1;
  double path = begin;
  double longest = 0;
  for (int i = 0; i < p; ++i) {
    const int d = forward ? i : p - 1 - i;
    const bool sends = i + 1 < p;
    const double own = time_of(pipeline.stages[At(d)]);
    // The sender stands still for an exposed transfer; a hidden one is a machine of its own.
    const double held = own + (sends && !pipeline.transfer_hidden ? transfer : 0);
    path += held;
    longest = std::max(longest, held);
    ends->devices[At(d)].end = Seconds(path + more * longest);
    if (sends && pipeline.transfer_hidden) {
      path += transfer;
      longest = std::max(longest, transfer);
    }
  }
}

void RunGpipe(const Pipeline& pipeline, PipelineEnds* ends) {
  using schedule::StageTimes;
  FlowEnds(
      pipeline, true, 0, [](const StageTimes& stage) { return stage.forward.base(); }, ends);
  const double turn = ends->devices.back().end.base();
  FlowEnds(
      pipeline, false, turn,
      [](const StageTimes& stage) { return (stage.backward_input + stage.backward_weight).base(); },
      ends);
  const double m = pipeline.microbatches;
  for (int d = 0; d < pipeline.devices; ++d) {
    const StageTimes& stage = pipeline.stages[At(d)];
    schedule::DeviceEnd& end = ends->devices[At(d)];
    end.busy = (stage.forward + stage.backward_input + stage.backward_weight) * m;
    const double sends = (d > 0 ? 1 : 0) + (d + 1 < pipeline.devices ? 1 : 0);
    if (!pipeline.transfer_hidden) end.sending = pipeline.transfer * (sends * m);
    ends->makespan = Max(ends->makespan, end.end);
  }
}

std::uint64_t KeyOf(const Pipeline& pipeline) {
  constexpr std::uint64_t kMost = 1U << 16U;
  auto key = static_cast<std::uint64_t>(pipeline.kind);
  for (const int n : {pipeline.devices, pipeline.chunks, pipeline.group}) {
    key = key * kMost + static_cast<std::uint64_t>(n);
  }
  return key;
}

}  // namespace

void RunPipeline(const Pipeline& pipeline, PipelineEnds* ends) {
  CHECK_EQ(static_cast<int>(pipeline.stages.size()), pipeline.devices * pipeline.chunks);
  ends->devices.assign(At(pipeline.devices), {});
  ends->makespan = Time();
  const bool one_by_one = pipeline.kind == PipelineKind::kOneForwardOneBackward;
  if (pipeline.devices == 1 && pipeline.kind != PipelineKind::kZbV) {
    Time pass;
    for (const schedule::StageTimes& stage : pipeline.stages) {
      pass += stage.forward + stage.backward_input + stage.backward_weight;
    }
    ends->makespan = pass * static_cast<double>(pipeline.microbatches);
    ends->devices.front() = {.busy = ends->makespan, .sending = Time(), .end = ends->makespan};
    return;
  }
  if (one_by_one) {
    Rounds(pipeline, ends).Run();
    return;
  }
  if (pipeline.kind == PipelineKind::kGpipe) {
    RunGpipe(pipeline, ends);
    return;
  }
  std::vector<schedule::Rehearsal>& known = ends->rehearsed[KeyOf(pipeline)];
  const auto covers = [&](const schedule::Rehearsal& one) { return one.Covers(pipeline); };
  auto found = std::find_if(known.begin(), known.end(), covers);
  if (found == known.end()) {
    found = known.insert(known.end(), schedule::Rehearsal::Of(pipeline));
  }
  found->Run(pipeline, &ends->devices);
  for (const schedule::DeviceEnd& device : ends->devices) {
    ends->makespan = Max(ends->makespan, device.end);
  }
}

void BoundPipeline(const Pipeline& pipeline, PipelineEnds* ends) {
  const int p = pipeline.devices;
  const double m = pipeline.microbatches;
  const bool v_shaped = pipeline.kind == PipelineKind::kZbV;
  const bool exposed = !pipeline.transfer_hidden && p > 1;
  const int stages = static_cast<int>(pipeline.stages.size());
  ends->devices.assign(At(p), {});
  ends->makespan = Time();
  for (int stage = 0; stage < stages; ++stage) {
    const schedule::StageTimes& times = pipeline.stages[At(stage)];
    schedule::DeviceEnd& end =
        ends->devices[At(v_shaped && stage >= p ? stages - 1 - stage : stage % p)];
    end.busy += (times.forward + times.backward_input + times.backward_weight) * m;
    // In the V the turning stages send nothing; what is left out makes a bound lower.
    if (!exposed || v_shaped) continue;
    const int links = (stage > 0 ? 1 : 0) + (stage + 1 < stages ? 1 : 0);
    end.sending += pipeline.transfer * (m * links);
  }
  Time fill;
  for (int device = 0; device < p; ++device) {
    schedule::DeviceEnd& end = ends->devices[At(device)];
    end.end = fill + end.busy + end.sending;
    fill += pipeline.stages[At(device)].forward + pipeline.transfer;
  }
  // The zero-bubble schedules end with weight gradients, which nobody waits for.
  const bool drains = pipeline.kind == PipelineKind::kGpipe ||
                      pipeline.kind == PipelineKind::kOneForwardOneBackward ||
                      pipeline.kind == PipelineKind::kInterleaved;
  for (int device = p - 2; drains && device >= 0; --device) {
    const schedule::StageTimes& times = pipeline.stages[At(device)];
    Time done = ends->devices[At(device + 1)].end + times.backward_input + times.backward_weight;
    if (!exposed || device > 0) done += pipeline.transfer;
    ends->devices[At(device)].end = Max(ends->devices[At(device)].end, done);
  }
  for (schedule::DeviceEnd& end : ends->devices) {
    end.end = end.end * (1 - kRounding);
    ends->makespan = Max(ends->makespan, end.end);
  }
}

}  // namespace commplan::training_internal
