#include "model/schedule/rehearsal.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

#include "model/base/check.h"

namespace commplan::schedule {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// A repetition that moves clocks by the same time up to this share of it, which is rounding.
constexpr double kSteady = 1e-13;
constexpr int kWorks = 3;  // of a stage

bool Split(PipelineKind kind) {
  return kind == PipelineKind::kZbH1 || kind == PipelineKind::kZbH2 || kind == PipelineKind::kZbV;
}

int DeviceOf(const Pipeline& pipeline, int stage) {
  if (pipeline.kind == PipelineKind::kZbV && stage >= pipeline.devices) {
    return 2 * pipeline.devices - 1 - stage;
  }
  return stage % pipeline.devices;
}

int PeriodOf(const Pipeline& pipeline) {
  if (pipeline.kind != PipelineKind::kInterleaved) return 1;
  return pipeline.group > 0 ? pipeline.group : pipeline.devices;
}

// The schedule with one tick for each pass.
Pipeline Ticking(const Pipeline& pipeline, int microbatches) {
  Pipeline ticking = pipeline;
  ticking.microbatches = microbatches;
  ticking.transfer = Time();
  const StageTimes one{Seconds(1), Seconds(1), Split(pipeline.kind) ? Seconds(1) : Time()};
  ticking.stages.assign(At(pipeline.devices * pipeline.chunks), one);
  return ticking;
}

}  // namespace

std::vector<Rehearsal::Op> Rehearsal::ListOf(const Pipeline& pipeline,
                                             std::vector<double>* starts) {
  const PipelineOutcome outcome = schedule::Play(pipeline, true);
  const int stages = pipeline.devices * pipeline.chunks;
  std::vector<std::pair<double, Op>> timed;
  for (int d = 0; d < pipeline.devices; ++d) {
    for (const PipelineSpan& span : outcome.devices[At(d)].spans) {
      const auto [pass, stage, microbatch] = span.op;
      Op op;
      op.device = d;
      op.microbatch = microbatch;
      const bool forward = pass == Pass::kForward;
      const bool weight = pass == Pass::kBackwardWeight;
      op.work = kWorks * stage + (forward ? 0 : weight ? 2 : 1);
      // Rows: activations into each stage, then gradients.
      if (forward && stage > 0) op.input = stage;
      if (!forward && !weight) op.input = stages + stage;
      const int next = forward ? stage + 1 : stage - 1;
      if (forward) op.output = next < stages ? next : stages + stage;
      if (!forward && !weight && next >= 0) op.output = stages + next;
      const bool leaves = !weight && next >= 0 && next < stages;
      if (leaves && DeviceOf(pipeline, next) != d) {
        const bool up = DeviceOf(pipeline, next) == (d + 1) % pipeline.devices;
        op.transfer = up ? Transfer::kUp : Transfer::kDown;
      }
      timed.emplace_back(InSeconds(span.start), op);
    }
  }
  const auto earlier = [](const auto& a, const auto& b) {
    return std::tuple(a.first, a.second.device) < std::tuple(b.first, b.second.device);
  };
  std::sort(timed.begin(), timed.end(), earlier);
  std::vector<Op> list;
  for (const auto& [start, op] : timed) {
    list.push_back(op);
    if (starts != nullptr) starts->push_back(start);
  }
  return list;
}

// Lists of m and of m + period microbatches are alike in front of the stretch and behind it; the
// stretch is what the longer one has more. It stands where two repetitions follow each other.
bool Rehearsal::FindStretch(const Pipeline& pipeline) {
  if (pipeline.kind == PipelineKind::kGpipe) return false;  // all forwards, then all backwards
  const int period = PeriodOf(pipeline);
  const int rest = pipeline.microbatches % period;
  const bool groups = pipeline.kind == PipelineKind::kInterleaved;
  constexpr int kTries = 6;
  for (int i = 1; i <= kTries; ++i) {
    const int enough = groups ? i * period + rest : i * pipeline.devices;
    if (enough + 2 * period > pipeline.microbatches) return false;
    if (FindStretchIn(pipeline, enough, period)) return true;
  }
  return false;
}

bool Rehearsal::FindStretchIn(const Pipeline& pipeline, int enough, int period) {
  std::vector<Op> list = ListOf(Ticking(pipeline, enough), nullptr);
  const std::vector<Op> longer = ListOf(Ticking(pipeline, enough + period), nullptr);
  const auto same = [](const Op& a, const Op& b, int moved) {
    return a.device == b.device && a.work == b.work && a.microbatch + moved == b.microbatch;
  };
  const std::size_t length = longer.size() - list.size();
  // The longest alike end, behind which the stretch ends.
  std::size_t tail = 0;
  while (tail < list.size() &&
         same(list[list.size() - 1 - tail], longer[longer.size() - 1 - tail], period)) {
    ++tail;
  }
  std::size_t head = 0;
  while (head < list.size() && same(list[head], longer[head], 0)) ++head;
  // list = A + S + B, longer = A + S + S' + B': A + S within the head, S + B within the tail.
  if (length == 0 || head + tail < list.size() + length || head < length) return false;
  begin_ = list.size() - tail;
  end_ = begin_ + length;
  CHECK(end_ <= head);
  list_ = std::move(list);
  shape_ = pipeline;
  shape_.microbatches = enough;
  period_ = period;
  return true;
}

void Rehearsal::SizeRows() {
  // The most results of a row between a result's making and its last use.
  int most = 1;
  std::map<int, int> newest;
  for (const Op& op : list_) {
    if (op.output >= 0) newest[op.output] = std::max(newest[op.output], op.microbatch);
    if (op.input >= 0) most = std::max(most, newest[op.input] - op.microbatch + 1);
  }
  width_ = 1;
  while (width_ < At(most + 2 * period_ + 1)) width_ *= 2;
  ready_.assign(2 * shape_.stages.size() * width_, 0);
  std::map<std::pair<int, int>, bool> waits;
  for (std::size_t i = 0; i < end_; ++i) {
    if (list_[i].output >= 0) waits[{list_[i].output, list_[i].microbatch}] = true;
    if (list_[i].input >= 0) waits[{list_[i].input, list_[i].microbatch}] = false;
  }
  pending_.clear();
  for (const auto& [result, waiting] : waits) {
    if (waiting) pending_.push_back({result.first, result.second});
  }
}

Rehearsal Rehearsal::Of(const Pipeline& pipeline) {
  Rehearsal made;
  if (!made.FindStretch(pipeline)) {
    made.shape_ = pipeline;
    made.list_ = ListOf(Ticking(pipeline, pipeline.microbatches), nullptr);
  }
  made.shape_.stages.assign(At(pipeline.devices * pipeline.chunks), {});
  made.SizeRows();
  return made;
}

bool Rehearsal::Covers(const Pipeline& pipeline) const {
  const bool alike = pipeline.kind == shape_.kind && pipeline.devices == shape_.devices &&
                     pipeline.chunks == shape_.chunks && PeriodOf(pipeline) == PeriodOf(shape_);
  if (!alike || period_ == 0) return alike && pipeline.microbatches == shape_.microbatches;
  const int more = pipeline.microbatches - shape_.microbatches;
  return more >= 0 && more % period_ == 0;
}

template <bool kHidden>
void Rehearsal::Play(std::size_t begin, std::size_t end, int moved) {
  for (std::size_t i = begin; i < end; ++i) {
    const Op& op = list_[i];
    Device& own = devices_[At(op.device)];
    const int microbatch = op.microbatch + moved;
    double start = own.free;
    if (op.input >= 0) start = std::max(start, Ready(op.input, microbatch));
    const double done = start + works_[At(op.work)];
    own.free = done;
    if (op.output < 0) continue;
    double arrives = done;
    if (op.transfer != Transfer::kNone) {
      if constexpr (kHidden) {
        double& link = op.transfer == Transfer::kUp ? own.up : own.down;
        link = std::max(link, done) + transfer_;
        arrives = link;
      } else {
        own.free = done + transfer_;
        arrives = own.free;
      }
    }
    Ready(op.output, microbatch) = arrives;
  }
}

// By how much a repetition moved all clocks, or -1 where not by the same time.
double Rehearsal::StepOf(int moved, bool hidden) const {
  const double step = devices_[0].free - before_[0].free;
  const double slack = kSteady * devices_[0].free;
  const auto same = [step, slack](double now, double before) {
    return std::abs(now - before - step) <= slack;
  };
  for (std::size_t d = 0; d < devices_.size(); ++d) {
    if (!same(devices_[d].free, before_[d].free)) return -1;
    // A link that nobody uses stands still.
    const auto link = [&](double now, double before) { return now == 0 || same(now, before); };
    if (hidden && !link(devices_[d].up, before_[d].up)) return -1;
    if (hidden && !link(devices_[d].down, before_[d].down)) return -1;
  }
  for (const Pending& one : pending_) {
    const int microbatch = one.microbatch + moved;
    if (!same(Ready(one.row, microbatch), Ready(one.row, microbatch - period_))) return -1;
  }
  return step;
}

// As if repetitions had been played that move the microbatches on from `from` to `to`.
void Rehearsal::Shift(double time, int from, int to) {
  for (Device& device : devices_) {
    device.free += time;
    device.up += time;
    device.down += time;
  }
  std::vector<double> values;
  values.reserve(pending_.size());
  for (const Pending& one : pending_)
    values.push_back(Ready(one.row, one.microbatch + from) + time);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    Ready(pending_[i].row, pending_[i].microbatch + to) = values[i];
  }
}

template <bool kHidden>
void Rehearsal::PlayAll(int repetitions) {
  Play<kHidden>(0, end_, 0);
  int moved = 0;
  for (int left = repetitions; left > 0; --left) {
    before_ = devices_;
    moved += period_;
    Play<kHidden>(begin_, end_, moved);
    const double step = StepOf(moved, kHidden);
    if (step < 0 || left == 1) continue;
    const int more = (left - 1) * period_;
    Shift(step * (left - 1), moved, moved + more);
    moved += more;
    break;
  }
  Play<kHidden>(end_, list_.size(), moved);
}

void Rehearsal::Run(const Pipeline& pipeline, std::vector<DeviceEnd>* ends) {
  CHECK(Covers(pipeline));
  const bool split = Split(pipeline.kind);
  works_.clear();
  for (const StageTimes& stage : pipeline.stages) {
    const double input = stage.backward_input.base();
    const double weight = stage.backward_weight.base();
    works_.push_back(stage.forward.base());
    works_.push_back(split ? input : input + weight);
    works_.push_back(weight);
  }
  transfer_ = pipeline.transfer.base();
  devices_.assign(At(pipeline.devices), {});
  const int more = pipeline.microbatches - shape_.microbatches;
  const int repetitions = period_ > 0 ? more / period_ : 0;
  pipeline.transfer_hidden ? PlayAll<true>(repetitions) : PlayAll<false>(repetitions);
  ends->assign(At(pipeline.devices), {});
  const int stages = static_cast<int>(pipeline.stages.size());
  for (int stage = 0; stage < stages; ++stage) {
    const int device = DeviceOf(pipeline, stage);
    const StageTimes& times = pipeline.stages[At(stage)];
    DeviceEnd& end = (*ends)[At(device)];
    end.busy += (times.forward + times.backward_input + times.backward_weight) *
                static_cast<double>(pipeline.microbatches);
    for (const int next : {stage + 1, stage - 1}) {
      const bool leaves = next >= 0 && next < stages && DeviceOf(pipeline, next) != device;
      if (leaves && !pipeline.transfer_hidden) {
        end.sending += pipeline.transfer * static_cast<double>(pipeline.microbatches);
      }
    }
  }
  for (int d = 0; d < pipeline.devices; ++d) {
    (*ends)[At(d)].end = Seconds(devices_[At(d)].free);
  }
}

}  // namespace commplan::schedule
