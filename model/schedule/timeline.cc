#include "model/schedule/timeline.h"

#include "model/base/check.h"

namespace commplan::schedule {

void Waits::Add(int event) {
  if (event == kNoEvent) return;
  CHECK_LT(size_, kMost);
  events_[static_cast<std::size_t>(size_++)] = event;
}

Time WaitedFor(const Program& program, const Outcome& outcome, StreamKind kind) {
  Time sum;
  for (std::size_t block = 0; block < program.blocks.size(); ++block) {
    const std::vector<Task>& tasks = program.blocks[block].tasks;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const Stream& stream = program.streams[static_cast<std::size_t>(tasks[i].stream)];
      if (stream.kind == kind) sum += outcome.tasks[block][i].waited;
    }
  }
  return sum;
}

}  // namespace commplan::schedule
