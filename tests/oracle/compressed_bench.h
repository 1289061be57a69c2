// The tools with which compressed schedules are written: passes of a codec and packed messages,
// which look like data or like ticks and bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/oracle/compressed.h"
#include "tests/oracle/phase.h"
#include "tests/oracle/require.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// Parts of a buffer, one per member; a part may be several stretches.
using Parts = std::vector<std::vector<Span>>;

class Bench {
 public:
  Bench(Schedule* schedule, const CodecTicks& codec, Sight sight)
      : schedule_(schedule), codec_(codec), sight_(sight) {
    if (sight == Sight::kClock) scratch_ = schedule->AddBuffer(std::int64_t{1} << 40);
  }

  Schedule* schedule() const { return schedule_; }
  const CodecTicks& codec() const { return codec_; }
  int AddBuffer(std::int64_t size) const { return schedule_->AddBuffer(size); }

  // `inputs` are added up into `to`, which takes so many ticks.
  int Compute(int rank, const Regions& inputs, Region to, std::int64_t ticks,
              const Deps& after) const {
    if (sight_ == Sight::kData) return schedule_->Reduce(rank, inputs, to, after);
    const Region held{scratch_, 0, ticks};
    return schedule_->Reduce(rank, {held, held}, held, after);
  }

  int SendPacked(int src, Region from, int dst, Region to, const Deps& after) const {
    if (sight_ == Sight::kData) return schedule_->Send(src, {from}, dst, {to}, after);
    Require(from.length * codec_.wire_bytes % codec_.elements == 0, "a message has whole bytes");
    const Region wire{scratch_, 0, from.length * codec_.wire_bytes / codec_.elements};
    return schedule_->Send(src, {wire}, dst, {wire}, after);
  }

 private:
  Schedule* schedule_;
  CodecTicks codec_;
  Sight sight_;
  int scratch_ = 0;
};

// One pass of a codec of one rank over several stretches: the first one pays for starting it.
class Pass {
 public:
  Pass(const Bench& bench, int rank) : bench_(bench), rank_(rank), start_(bench.codec().pass) {}

  Deps Encode(int from, int to, Span span, const Deps& after) {
    return Run({In(from, span)}, In(to, span), bench_.codec().encode * span.length(), after);
  }
  Deps Decode(int from, int to, Span span, const Deps& after) {
    return Run({In(from, span)}, In(to, span), bench_.codec().decode * span.length(), after);
  }
  // `packed` stretches are decoded and added to `own` (or to nothing, if it is empty).
  Deps Add(const Regions& own, const Regions& packed, Region to, const Deps& after) {
    Regions inputs = own;
    inputs.insert(inputs.end(), packed.begin(), packed.end());
    const auto parts = static_cast<std::int64_t>(packed.size());
    return Run(inputs, to, bench_.codec().add * parts * to.length, after);
  }

 private:
  Deps Run(const Regions& inputs, Region to, std::int64_t ticks, const Deps& after) {
    const int id = bench_.Compute(rank_, inputs, to, ticks + start_, after);
    start_ = 0;
    return {id};
  }

  const Bench& bench_;
  int rank_;
  std::int64_t start_;
};

// What a scheme is given: the tensor stands in buffer 0, and so does the result unless *result
// names another buffer.
struct Desk {
  const Bench& bench;
  const Parameters& given;
  Team team;
  Span all;
  int* result;
};

// Block i of p for member i, and of it chunk c of the pipeline.
Parts ChunkOf(const Desk& on, int c);
const std::vector<Span>& PartOf(const Parts& parts, int i);  // i modulo their number

// Where a receiver keeps what member `from` sends it: a copy of the whole buffer for each sender.
Region Slot(int landing, std::int64_t size, int from, Span span);
// One part from a member to another, into its slot.
void SendPart(const Bench& bench, const Team& team, int from, int out, int to, int landing,
              std::int64_t size, const std::vector<Span>& part, const Deps& after, Gates* arrived);

// Every member encodes the parts of all others, sends each to its owner, and adds what comes to its
// own part of the buffer. With `packed_sums` it encodes the sum into that buffer in the same pass.
Gates DirectScatter(const Bench& bench, const Team& team, const Parts& parts, int buffer,
                    const Gates& entry, int packed_sums = -1);
// Every member encodes its part and sends it to all others, which decode all that comes in one
// pass.
Gates DirectGather(const Bench& bench, const Team& team, const Parts& parts, int buffer,
                   const Gates& entry);
// The one and then, of the sums, the other.
Gates TwoShot(const Bench& bench, const Team& team, const Parts& parts, const Gates& entry);

// Whole buffers, to every peer at once or along a ring, and a sum on every rank.
void SumEverywhere(const Desk& on, Span chunk, bool ring);

// In step s member i sends block i-s-1, chunk by chunk, and begins the next step when all chunks
// that come in this one are decoded, added and (but for the last step, unless `last`) encoded.
Gates RingScatter(const Desk& on, int packed, bool last);
// Block i of member i stands encoded in `packed`, goes round, and is decoded where it arrives.
void RingForward(const Desk& on, int packed, Gates newest);

// Through host memory, which is rank p.
void HostOneShot(const Desk& on, Span chunk);
void HostTwoShot(const Desk& on, int c);
// No codec: `wire_bytes` must equal `elements`, and `add` is what adding a byte takes.
void HostRing(const Desk& on);

// Over nodes: what the ranks of one node do among each other.
enum class Inside { kPlain, kCoded };
Gates ScatterInside(const Desk& on, Inside inside);
void GatherInside(const Desk& on, const Gates& entry);
// A stage among the members j of all nodes, each with its own block as its part.
using Stage = Gates (*)(const Bench& bench, const Team& team, const Parts& parts,
                        const Gates& entry);
Gates AcrossNodes(const Desk& on, const Gates& entry, Stage stage);

void Exchange(const Desk& on, int c, bool rounds);
// Plain inside the nodes, compressed between them.
void HierarchicalExchange(const Desk& on);

}  // namespace commplan::oracle
