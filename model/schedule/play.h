// What the two ways to play a program share: the log of what was played and what held it up, and
// how standing still is put down to tasks. Internal to this room.
#pragma once

#include <vector>

#include "model/schedule/timeline.h"

namespace commplan::schedule::internal {

inline constexpr int kNobody = -1;

// One played task. Numbers are seconds; `held_by` is an index into the log.
struct Played {
  double start = 0;
  double end = 0;
  double step = 0;  // how far it moves from one period to the next, where that is known
  int held_by = kNobody;
  int task = 0;  // counted over all tasks of all blocks
};

// The log of a play in issue order. Periods that look alike but for their times are kept once.
class Log {
 public:
  int size() const { return size_; }
  void Append(const Played& played);
  // The last `length` entries again, `times` times, each moved by its step per period.
  void Repeat(int length, int times);
  Played At(int index) const;

 private:
  struct Stretch {
    int first = 0;   // index of its first entry
    int stored = 0;  // where its entries lie
    int length = 0;  // of one period
    int shift = 0;   // periods between the stored one and the first of this stretch
    int moving = 0;  // holders from here on move along with their period
  };
  int size_ = 0;
  bool open_ = false;  // the last stretch takes what is appended
  std::vector<Played> stored_;
  std::vector<Stretch> stretches_;
};

// Puts the time between `from` and the end of entry `holder` down to the tasks that held it up.
void PutDown(const Log& log, double from, int holder, std::vector<double>& waited);

// The place of each block's first task when all tasks are counted through, and their number last.
std::vector<int> FirstTasks(const Program& program);

// Contract of Program: streams and events exist, works, loads and counts are in their ranges.
void CheckProgram(const Program& program);

bool HasSlowdown(const Program& program);

// What both plays report alike. `ran` and `waited` by task, `busy` and `ends` by stream.
struct Sums {
  std::vector<double> ran;
  std::vector<double> waited;
  std::vector<double> busy;
  std::vector<double> ends;
};
Outcome Report(const Program& program, const Sums& sums);

}  // namespace commplan::schedule::internal
