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
      DeviceEnd& end = ends_.devices[At(d)];
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
    ends->devices.front() = {ends->makespan, ends->makespan, Time()};
    return;
  }
  if (one_by_one) {
    Rounds(pipeline, ends).Run();
    return;
  }
  const schedule::PipelineOutcome outcome = schedule::Play(pipeline);
  ends->makespan = outcome.makespan;
  for (std::size_t d = 0; d < outcome.devices.size(); ++d) {
    const schedule::DeviceOutcome& device = outcome.devices[d];
    ends->devices[d] = {device.end, device.busy, device.sending};
  }
}

}  // namespace commplan::training_internal
