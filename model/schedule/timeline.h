// A timeline plays tasks on streams that run side by side: overlap is its result, never its input.
//
// A stream runs its tasks one at a time, in the order in which the program issues them. A task also
// waits for events. An event is set when the task that records it ends; a wait means the latest
// record that was issued before it, as with events of CUDA, so a program cannot be stuck. A wait
// for an event that nobody recorded is no wait.
//
//   Program program{.streams = {{StreamKind::kCompute}, {StreamKind::kCommunicator}}, .events = 2};
//   program.blocks = {{.tasks = {{.stream = 0, .work = gemm, .waits = {kReduced}, .records =
//   kDone},
//                                {.stream = 1, .work = reduce, .waits = {kDone},
//                                 .records = kReduced}},
//                      .count = layers}};
//   const Outcome outcome = Evaluate(program);
//
// Slowdown. While tasks of communicators and copy engines run on a device, they take the sum U of
// their loads from it, and a compute task with load L there runs at the rate
//   min(1, (1 - U.sm) / L.sm, (1 - U.memory) / L.memory),
// where a zero in L is no bound. A communication runs at its rate `beside_compute` while a compute
// task runs on its device. Rates change only where tasks start and end, so the play is exact.
// Not captured: two compute streams of one device slowing each other.
//
// Waiting. Whenever a compute stream stands still before a task (or before the end of the whole
// play), that time is put down to the tasks that it stood still for: the one that held the task up
// last, back to that one's start, then the one that held that one up, and so on back to the
// beginning of the gap. Of several that end together the first in `waits` counts, then the task
// before it on the stream. So the waits sum up to the idle time of the compute streams; those of
// communications are their exposed time, those of compute tasks of other streams are bubbles.
#pragma once

#include <array>
#include <initializer_list>
#include <vector>

#include "model/base/quantity.h"

namespace commplan::schedule {

enum class StreamKind { kCompute, kCommunicator, kCopy };

struct Stream {
  StreamKind kind = StreamKind::kCompute;
  int device = 0;  // loads slow only tasks of the same device
};

inline constexpr int kNoEvent = -1;

// The events that a task waits for: at most four, kept inside the task.
class Waits {
 public:
  static constexpr int kMost = 4;
  Waits() = default;
  Waits(std::initializer_list<int> events) {
    for (const int event : events) Add(event);
  }
  void Add(int event);  // kNoEvent adds nothing
  const int* begin() const { return events_.data(); }
  const int* end() const { return events_.data() + size_; }

 private:
  std::array<int, kMost> events_{};
  int size_ = 0;
};

// Parts of a device: for a communication what it takes away, for a compute task what it needs to
// run at its full rate.
struct Load {
  double sm = 0;
  double memory = 0;
};

struct Task {
  int stream = 0;
  Time work{};  // its duration when nothing slows it
  Waits waits{};
  int records = kNoEvent;
  Load load{};
  double beside_compute = 1;  // of communications; more than 0
  int site = -1;              // the caller's own number, for tables and traces
};

struct Block {
  std::vector<Task> tasks{};
  int count = 1;  // played so many times in a row; 0 is left out
};

struct Program {
  std::vector<Stream> streams{};
  int events = 0;
  std::vector<Block> blocks{};
};

// One task in one repetition of its block, in issue order.
struct Span {
  int block = 0;
  int repeat = 0;
  int task = 0;
  Time start{};
  Time end{};
};

// Sums of a task over all repetitions of its block.
struct TaskSum {
  Time ran{};     // start to end, slowdown included
  Time waited{};  // compute streams stood still for it
};

struct Outcome {
  Time makespan{};
  std::vector<Time> busy{};                   // per stream: a task runs on it
  std::vector<Time> ends{};                   // per stream: end of its last task
  std::vector<std::vector<TaskSum>> tasks{};  // as in Program::blocks
};

// Plays every task, with slowdown; spans, when asked for, come in issue order.
Outcome Simulate(const Program& program, std::vector<Span>* spans = nullptr);

// The same outcome, in a time that does not grow with `count` once a block repeats itself. Between
// two repetitions every end moves by a step of its own; as long as the winner of each maximum stays
// the winner, which the steps tell beforehand, that many repetitions are added at once. Exact for
// integers; for other numbers within rounding. A program with slowdown is simulated.
Outcome Evaluate(const Program& program);

// Time in which compute stood still for tasks of streams of this kind.
Time WaitedFor(const Program& program, const Outcome& outcome, StreamKind kind);

}  // namespace commplan::schedule
