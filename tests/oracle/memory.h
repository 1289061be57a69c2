// The data of the oracle: the buffers of all ranks, and the playing of a schedule on them. A source
// is read when its operation starts and a result is written when it is done, in the order of a
// timeline; or in any order that the dependencies allow, which shows that the data are right
// because of the algorithm and not because of lucky timing.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/oracle/network.h"
#include "tests/oracle/schedule.h"
#include "tests/oracle/simulator.h"

namespace commplan::oracle {

class Memory {
 public:
  // Every element starts as a value that spoils each sum it gets into.
  explicit Memory(const Schedule& schedule);

  std::int64_t* At(int rank, int buffer, std::int64_t offset);
  const std::int64_t* At(int rank, int buffer, std::int64_t offset) const;

 private:
  std::size_t Index(int rank, int buffer, std::int64_t offset) const;

  std::vector<std::int64_t> buffer_start_;  // within the elements of one rank
  std::int64_t rank_size_ = 0;
  std::vector<std::int64_t> values_;
};

// In the order of ticks.
void Play(const Schedule& schedule, const Timeline& timeline, Memory* memory);

// In an order drawn at random from all that keep the dependencies. Equal seeds give equal orders.
void PlayShuffled(const Schedule& schedule, std::uint64_t seed, Memory* memory);

}  // namespace commplan::oracle
