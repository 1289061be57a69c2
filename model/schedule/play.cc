#include "model/schedule/play.h"

#include <algorithm>
#include <cstddef>

#include "model/base/check.h"

namespace commplan::schedule::internal {

namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

bool IsShare(double share) { return share >= 0 && share <= 1; }

}  // namespace

void Log::Append(const Played& played) {
  if (!open_) {
    stretches_.push_back({.first = size_, .stored = static_cast<int>(stored_.size())});
    open_ = true;
  }
  stored_.push_back(played);
  ++stretches_.back().length;
  ++size_;
}

void Log::Repeat(int length, int times) {
  CHECK(open_ && times > 0 && length > 0);
  CHECK_LE(length, stretches_.back().length);
  const int moving = std::max(size_ - 2 * length, 0);
  stretches_.push_back({size_, static_cast<int>(stored_.size()) - length, length, 1, moving});
  size_ += length * times;
  open_ = false;
}

Played Log::At(int index) const {
  auto stretch = std::prev(stretches_.end());
  while (stretch->first > index) --stretch;
  const int offset = index - stretch->first;
  if (stretch->shift == 0) return stored_[internal::At(stretch->stored + offset)];
  const int periods = stretch->shift + offset / stretch->length;
  Played played = stored_[internal::At(stretch->stored + offset % stretch->length)];
  played.start += periods * played.step;
  played.end += periods * played.step;
  // What is older than the period before the stored one stays where it is.
  if (played.held_by >= stretch->moving) played.held_by += periods * stretch->length;
  return played;
}

void PutDown(const Log& log, double from, int holder, std::vector<double>& waited) {
  while (holder != kNobody) {
    const Played played = log.At(holder);
    if (played.end <= from) return;
    waited[At(played.task)] += played.end - std::max(played.start, from);
    holder = played.held_by;
  }
}

std::vector<int> FirstTasks(const Program& program) {
  std::vector<int> first;
  first.reserve(program.blocks.size() + 1);
  int next = 0;
  for (const Block& block : program.blocks) {
    first.push_back(next);
    next += static_cast<int>(block.tasks.size());
  }
  first.push_back(next);
  return first;
}

void CheckProgram(const Program& program) {
  const int streams = static_cast<int>(program.streams.size());
  for (const Block& block : program.blocks) {
    CHECK_GE(block.count, 0);
    for (const Task& task : block.tasks) {
      CHECK(task.stream >= 0 && task.stream < streams);
      CHECK(task.work >= Time() && task.beside_compute > 0 && task.beside_compute <= 1);
      CHECK(IsShare(task.load.sm) && IsShare(task.load.memory));
      CHECK(task.records >= kNoEvent && task.records < program.events);
      for (const int event : task.waits) CHECK(event >= 0 && event < program.events);
    }
  }
}

bool HasSlowdown(const Program& program) {
  for (const Block& block : program.blocks) {
    for (const Task& task : block.tasks) {
      const bool compute = program.streams[At(task.stream)].kind == StreamKind::kCompute;
      if (!compute && (task.load.sm > 0 || task.load.memory > 0 || task.beside_compute < 1)) {
        return true;
      }
    }
  }
  return false;
}

Outcome Report(const Program& program, const Sums& sums) {
  Outcome outcome;
  std::size_t next = 0;
  for (const Block& block : program.blocks) {
    std::vector<TaskSum>& tasks = outcome.tasks.emplace_back();
    tasks.reserve(block.tasks.size());
    for (std::size_t i = 0; i < block.tasks.size(); ++i, ++next) {
      tasks.push_back({Seconds(sums.ran[next]), Seconds(sums.waited[next])});
    }
  }
  for (std::size_t stream = 0; stream < program.streams.size(); ++stream) {
    outcome.busy.push_back(Seconds(sums.busy[stream]));
    outcome.ends.push_back(Seconds(sums.ends[stream]));
    outcome.makespan = Max(outcome.makespan, outcome.ends.back());
  }
  return outcome;
}

}  // namespace commplan::schedule::internal
