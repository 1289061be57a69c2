#include "tests/oracle/memory.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>

#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

std::size_t Size(std::int64_t count) { return static_cast<std::size_t>(count); }

// Performs the two halves of operations; what was read is kept until it is written.
class Player {
 public:
  Player(const Schedule& schedule, Memory* memory) : schedule_(schedule), memory_(memory) {
    std::int64_t total = 0;
    for (const Operation& operation : schedule.operations()) {
      carried_start_.push_back(total);
      for (const Region& region : operation.to) total += region.length;
    }
    carried_.resize(Size(total));
  }

  void Read(int id) {
    const Operation& operation = schedule_.operations()[Size(id)];
    std::int64_t* carried = carried_.data() + carried_start_[Size(id)];
    switch (operation.kind) {
      case OpKind::kSend:
      case OpKind::kMulticast:
        for (const Region& region : operation.from) {
          const std::int64_t* source = memory_->At(operation.rank, region.buffer, region.offset);
          carried = std::copy(source, source + region.length, carried);
        }
        break;
      case OpKind::kReduce:
        for (const Region& region : operation.from) Add(operation.rank, region, carried);
        break;
      case OpKind::kSwitchReduce:
        for (int member : schedule_.groups()[Size(operation.group)].members) {
          Add(member, operation.from[0], carried);
        }
        break;
    }
  }

  void Write(int id) {
    const Operation& operation = schedule_.operations()[Size(id)];
    const std::int64_t* carried = carried_.data() + carried_start_[Size(id)];
    if (operation.kind == OpKind::kMulticast) {
      for (int member : schedule_.groups()[Size(operation.group)].members) {
        Put(member, operation, carried);
      }
    } else {
      Put(operation.peer, operation, carried);
    }
  }

 private:
  void Add(int rank, const Region& region, std::int64_t* sum) {
    const std::int64_t* source = memory_->At(rank, region.buffer, region.offset);
    for (std::int64_t i = 0; i < region.length; ++i) sum[i] += source[i];
  }

  void Put(int rank, const Operation& operation, const std::int64_t* carried) {
    for (const Region& region : operation.to) {
      std::int64_t* target = memory_->At(rank, region.buffer, region.offset);
      if (operation.arrival == Arrival::kAdd) {
        for (std::int64_t i = 0; i < region.length; ++i) target[i] += carried[i];
      } else {
        std::copy(carried, carried + region.length, target);
      }
      carried += region.length;
    }
  }

  const Schedule& schedule_;
  Memory* memory_;
  std::vector<std::int64_t> carried_start_;
  std::vector<std::int64_t> carried_;
};

}  // namespace

Memory::Memory(const Schedule& schedule) {
  for (std::int64_t size : schedule.buffers()) {
    buffer_start_.push_back(rank_size_);
    rank_size_ += size;
  }
  // Far above what sums of test values reach, and yet a million of them do not overflow.
  constexpr std::int64_t kPoison = std::int64_t{1} << 42;
  values_.assign(Size(rank_size_) * Size(schedule.ranks()), kPoison);
}

std::int64_t* Memory::At(int rank, int buffer, std::int64_t offset) {
  return values_.data() + Index(rank, buffer, offset);
}

const std::int64_t* Memory::At(int rank, int buffer, std::int64_t offset) const {
  return values_.data() + Index(rank, buffer, offset);
}

std::size_t Memory::Index(int rank, int buffer, std::int64_t offset) const {
  Require(buffer >= 0 && Size(buffer) < buffer_start_.size(), "a buffer of the schedule");
  const std::int64_t start = buffer_start_[Size(buffer)];
  return Size(rank) * Size(rank_size_) + Size(start + offset);
}

void Play(const Schedule& schedule, const Timeline& timeline, Memory* memory) {
  // At equal ticks issue order decides: an operation comes after all that it waits for. An event is
  // one number, (tick, operation, whether it writes), because sorting is most of the work.
  const std::int64_t per_tick = static_cast<std::int64_t>(2 * timeline.operations.size() + 2);
  Require(timeline.finish < std::numeric_limits<std::int64_t>::max() / per_tick - 1,
          "the ticks of this schedule are too many to count");
  std::vector<std::int64_t> events;
  std::int64_t id = 0;
  for (const Times& times : timeline.operations) {
    events.push_back(times.start * per_tick + 2 * id);
    events.push_back(times.done * per_tick + 2 * id + 1);
    ++id;
  }
  std::sort(events.begin(), events.end());
  Player player(schedule, memory);
  for (std::int64_t event : events) {
    const int operation = static_cast<int>(event % per_tick / 2);
    if (event % 2 != 0) {
      player.Write(operation);
    } else {
      player.Read(operation);
    }
  }
}

void PlayShuffled(const Schedule& schedule, std::uint64_t seed, Memory* memory) {
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed));
  std::vector<std::vector<int>> waiters(schedule.operations().size());
  std::vector<std::size_t> missing;
  std::vector<std::pair<int, bool>> possible;  // an operation, and whether it has been read
  for (const Operation& operation : schedule.operations()) {
    const int id = static_cast<int>(missing.size());
    missing.push_back(operation.after.size());
    for (int dep : operation.after) waiters[Size(dep)].push_back(id);
    if (operation.after.empty()) possible.emplace_back(id, false);
  }
  Player player(schedule, memory);
  while (!possible.empty()) {
    std::swap(possible[random() % possible.size()], possible.back());
    const auto [id, read] = possible.back();
    possible.pop_back();
    if (!read) {
      player.Read(id);
      possible.emplace_back(id, true);
      continue;
    }
    player.Write(id);
    for (int waiter : waiters[Size(id)]) {
      if (--missing[Size(waiter)] == 0) possible.emplace_back(waiter, false);
    }
  }
}

}  // namespace commplan::oracle
