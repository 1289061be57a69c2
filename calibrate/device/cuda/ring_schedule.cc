#include "calibrate/device/cuda/ring_schedule.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "model/base/check.h"

namespace commplan::device {
namespace {

enum class Kind { kChunk, kBuffer, kSlot };

// One piece of memory: kind, the rank that owns it, its number.
using Place = std::tuple<Kind, int, int>;

struct Uses {
  std::vector<Place> reads{}, writes{};
};

class Builder {
 public:
  explicit Builder(int ranks) : ranks_(ranks) {}

  int ranks() const { return ranks_; }
  int Modulo(int value) const { return (value % ranks_ + ranks_) % ranks_; }

  void Add(RingAct act, int rank, int chunk, int from = 0, int to = 0) {
    RingOp op{.act = act, .rank = rank, .chunk = Modulo(chunk), .from = from, .to = to};
    op.on_send = act == RingAct::kSendValues || act == RingAct::kSend;
    const int index = static_cast<int>(ops_.size());
    const Uses uses = UsesOf(op);
    for (const Place& place : uses.reads) {
      Wait(op, state_[place].writer);
      state_[place].readers.push_back(index);
    }
    for (const Place& place : uses.writes) {
      State& state = state_[place];
      Wait(op, state.writer);
      for (const int reader : state.readers) Wait(op, reader);
      state = {.writer = index, .readers = {}};
    }
    ops_.push_back(std::move(op));
  }

  std::vector<RingOp> Take() { return std::move(ops_); }

 private:
  struct State {
    int writer = -1;
    std::vector<int> readers{};
  };

  Uses UsesOf(const RingOp& op) const {
    const Place chunk = {Kind::kChunk, op.rank, op.chunk};
    const Place from = {Kind::kBuffer, op.rank, op.from}, to = {Kind::kBuffer, op.rank, op.to};
    const Place own_slot = {Kind::kSlot, op.rank, op.to};
    const Place their_slot = {Kind::kSlot, Modulo(op.rank - 1), op.from};
    switch (op.act) {
      case RingAct::kSendValues:
        return {{chunk}, {own_slot}};
      case RingAct::kSend:
        return {{from}, {own_slot}};
      case RingAct::kReceiveValues:
        return {{their_slot}, {chunk}};
      case RingAct::kReceive:
        return {{their_slot}, {to}};
      case RingAct::kAdd:
      case RingAct::kDecode:
      case RingAct::kDecodeAdd:
        return {{from}, {chunk}};
      case RingAct::kEncode:
        return {{chunk}, {to}};
      case RingAct::kHop:
        // Some codecs leave the sum in the chunk.
        return {{from}, {chunk, to}};
    }
    CHECK(false);
  }

  // What the same stream did before is done anyway.
  void Wait(RingOp& op, int on) {
    if (on < 0) return;
    RingOp& other = ops_[static_cast<std::size_t>(on)];
    if (other.rank == op.rank && other.on_send == op.on_send) return;
    if (std::find(op.after.begin(), op.after.end(), on) != op.after.end()) return;
    op.after.push_back(on);
    other.awaited = true;
  }

  int ranks_;
  std::map<Place, State> state_{};
  std::vector<RingOp> ops_{};
};

constexpr int kSlots = 2;

void ReduceStep(Builder& ring, int step, bool coded) {
  const int slot = step % kSlots;
  for (int rank = 0; rank < ring.ranks(); ++rank) {
    if (coded && step == 0) ring.Add(RingAct::kEncode, rank, rank, 0, 0);
    ring.Add(coded ? RingAct::kSend : RingAct::kSendValues, rank, rank - step, 0, slot);
  }
  const bool last = step + 2 == ring.ranks();
  for (int rank = 0; rank < ring.ranks(); ++rank) {
    const int chunk = rank - step - 1;
    ring.Add(RingAct::kReceive, rank, chunk, slot, 1);
    ring.Add(!coded ? RingAct::kAdd
             : last ? RingAct::kDecodeAdd
                    : RingAct::kHop,
             rank, chunk, 1, 0);
  }
}

void GatherStep(Builder& ring, int step, bool coded) {
  const int slot = (ring.ranks() - 1 + step) % kSlots;
  // What came in one step is handed on in the next, from the buffer that it came to.
  const int held = step % 2;
  for (int rank = 0; rank < ring.ranks(); ++rank) {
    const int chunk = rank + 1 - step;
    if (coded && step == 0) {
      ring.Add(RingAct::kEncode, rank, chunk, 0, held);
      ring.Add(RingAct::kDecode, rank, chunk, held, 0);
    }
    ring.Add(coded ? RingAct::kSend : RingAct::kSendValues, rank, chunk, held, slot);
  }
  for (int rank = 0; rank < ring.ranks(); ++rank) {
    const int chunk = rank - step;
    if (!coded) {
      ring.Add(RingAct::kReceiveValues, rank, chunk, slot, 0);
      continue;
    }
    ring.Add(RingAct::kReceive, rank, chunk, slot, 1 - held);
    ring.Add(RingAct::kDecode, rank, chunk, 1 - held, 0);
  }
}

}  // namespace

std::vector<RingOp> RingSchedule(int ranks, bool coded, bool coded_gather) {
  CHECK_GE(ranks, 2);
  Builder ring(ranks);
  for (int step = 0; step + 1 < ranks; ++step) ReduceStep(ring, step, coded);
  for (int step = 0; step + 1 < ranks; ++step) GatherStep(ring, step, coded_gather);
  return ring.Take();
}

}  // namespace commplan::device
