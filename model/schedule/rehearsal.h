// A rehearsed pipeline: the passes of all devices as one list in an order in which every input is
// there, so that any stage times are played by running down the list. The list of a schedule is
// found once, by playing it with stages of one tick; it holds a stretch that repeats, with every
// microbatch moved on by the same number, and is kept for all numbers of microbatches that leave
// the same rest.
//
// A repetition is one map of clocks, made of maxima and sums: adding a time to all of them adds it
// to all results. So once a repetition has moved every clock, and every result that waits for its
// reader, by the same time, all later ones do, and they are not played. The answer is that of
// schedule::Play, to the tick for whole numbers; the time that it takes does not grow with the
// microbatches.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/base/quantity.h"
#include "model/schedule/pipeline.h"

namespace commplan::schedule {

struct DeviceEnd {
  Time busy{};     // computing
  Time sending{};  // standing still for exposed transfers
  Time end{};      // of the last pass
};

class Rehearsal {
 public:
  // Of the pipeline's kind, devices, chunks, group and microbatches; its times are not looked at.
  static Rehearsal Of(const Pipeline& pipeline);

  // Whether `pipeline` may be played by this one.
  bool Covers(const Pipeline& pipeline) const;

  // *ends is reused. Of a pipeline that it covers.
  void Run(const Pipeline& pipeline, std::vector<DeviceEnd>* ends);

 private:
  enum class Transfer : std::int8_t { kNone, kUp, kDown };
  struct Op {
    int device = 0;
    int work = 0;    // index into works_
    int input = -1;  // row of ready_; -1: needs none
    int output = -1;
    int microbatch = 0;
    Transfer transfer = Transfer::kNone;
  };
  struct Device {
    double free = 0, up = 0, down = 0;
  };
  // A result that waits for its reader where two repetitions meet.
  struct Pending {
    int row = 0;
    int microbatch = 0;
  };

  static std::vector<Op> ListOf(const Pipeline& pipeline, std::vector<double>* starts);
  bool FindStretch(const Pipeline& pipeline);
  bool FindStretchIn(const Pipeline& pipeline, int enough, int period);
  void SizeRows();
  template <bool kHidden>
  void Play(std::size_t begin, std::size_t end, int moved);
  template <bool kHidden>
  void PlayAll(int repetitions);
  double StepOf(int moved, bool hidden) const;
  void Shift(double time, int from, int to);
  double& Ready(int row, int microbatch) {
    return ready_[static_cast<std::size_t>(row) * width_ +
                  (static_cast<std::size_t>(microbatch) & (width_ - 1))];
  }
  double Ready(int row, int microbatch) const {
    return ready_[static_cast<std::size_t>(row) * width_ +
                  (static_cast<std::size_t>(microbatch) & (width_ - 1))];
  }

  Pipeline shape_;
  std::vector<Op> list_;
  // The stretch [begin, end) of the list, which moves on by `period` microbatches; 0: none.
  std::size_t begin_ = 0, end_ = 0;
  int period_ = 0;
  std::vector<Pending> pending_;  // behind the first repetition
  std::size_t width_ = 1;         // microbatches kept of each row, a power of two
  // Of one run.
  std::vector<double> works_;  // by stage: forward, backward (of the inputs
                               // where apart), weights
  std::vector<double> ready_;
  std::vector<Device> devices_, before_;
  double transfer_ = 0;
};

}  // namespace commplan::schedule
