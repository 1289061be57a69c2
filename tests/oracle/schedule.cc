#include "tests/oracle/schedule.h"

#include <cstdint>
#include <numeric>
#include <utility>

#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

std::int64_t Length(const Regions& regions) {
  std::int64_t length = 0;
  for (const Region& region : regions) length += region.length;
  return length;
}

void RequireInside(const Regions& regions, const std::vector<std::int64_t>& buffers) {
  for (const Region& region : regions) {
    Require(region.buffer >= 0 && region.buffer < static_cast<int>(buffers.size()),
            "a region names a buffer of the schedule");
    Require(region.offset >= 0 && region.length >= 0 &&
                region.offset + region.length <= buffers[static_cast<std::size_t>(region.buffer)],
            "a region lies inside its buffer");
  }
}

std::vector<int> FirstRanks(int ranks) {
  std::vector<int> all(static_cast<std::size_t>(ranks));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

Schedule::Schedule(int ranks) : Schedule(ranks, {Group{FirstRanks(ranks), 0, 0}}) {}

Schedule::Schedule(int ranks, std::vector<Group> groups)
    : ranks_(ranks), groups_(std::move(groups)) {
  Require(ranks >= 1, "a schedule has at least one rank");
}

int Schedule::AddBuffer(std::int64_t size) {
  Require(size >= 0, "a buffer has no negative size");
  buffers_.push_back(size);
  return static_cast<int>(buffers_.size()) - 1;
}

int Schedule::Send(int src, Regions from, int dst, Regions to, Deps after, Arrival arrival) {
  Require(src != dst, "a rank sends no message to itself");
  const std::int64_t bytes = Length(from);
  Require(bytes == Length(to), "a message lands in as many elements as it has");
  return Append({OpKind::kSend, arrival, 0, src, dst, bytes, std::move(from), std::move(to),
                 std::move(after)});
}

int Schedule::Reduce(int rank, Regions inputs, Region to, Deps after) {
  Require(!inputs.empty(), "a reduction has an input");
  for (const Region& input : inputs) {
    Require(input.length == to.length, "all regions of a reduction are equally long");
  }
  const std::int64_t added = Length(inputs) - to.length;
  return Append({OpKind::kReduce,
                 Arrival::kStore,
                 0,
                 rank,
                 rank,
                 added,
                 std::move(inputs),
                 {to},
                 std::move(after)});
}

int Schedule::SwitchReduce(int dst, Region slice, Region to, Deps after) {
  Require(slice.length == to.length, "the sum is as long as its parts");
  return Append({OpKind::kSwitchReduce,
                 Arrival::kStore,
                 0,
                 dst,
                 dst,
                 slice.length,
                 {slice},
                 {to},
                 std::move(after)});
}

int Schedule::Multicast(int src, Region from, Region to, Deps after) {
  Require(from.length == to.length, "a copy is as long as its original");
  return Append({OpKind::kMulticast,
                 Arrival::kStore,
                 0,
                 src,
                 src,
                 from.length,
                 {from},
                 {to},
                 std::move(after)});
}

int Schedule::Append(Operation operation) {
  const int id = static_cast<int>(operations_.size());
  Require(operation.rank >= 0 && operation.rank < ranks_ && operation.peer >= 0 &&
              operation.peer < ranks_,
          "an operation names ranks of the schedule");
  for (int dep : operation.after) {
    Require(dep >= 0 && dep < id, "an operation waits only for earlier ones");
  }
  RequireInside(operation.from, buffers_);
  RequireInside(operation.to, buffers_);
  operations_.push_back(std::move(operation));
  return id;
}

// Renumbers the operations of several schedules into one.
class Merger {
 public:
  Merger(int ranks, const std::vector<Placement>& placements)
      : placements_(placements), merged_(ranks, std::vector<Group>{}), ids_(placements.size()) {
    for (const Placement& placement : placements) {
      const Schedule& part = *placement.schedule;
      Require(part.groups().size() == 1, "only schedules with one group can be merged");
      Require(static_cast<int>(placement.ranks.size()) == part.ranks(), "each rank is placed");
      Require(placement.start >= 0, "time begins at tick 0");
      const int first_buffer = static_cast<int>(merged_.buffers_.size());
      merged_.groups_.push_back({placement.ranks, first_buffer, placement.start});
      for (std::int64_t size : part.buffers()) merged_.AddBuffer(size);
    }
  }

  // Moves the next operation of a group over; false when it has none left.
  bool Take(std::size_t group) {
    const std::vector<Operation>& all = placements_[group].schedule->operations();
    if (ids_[group].size() == all.size()) return false;
    Operation next = all[ids_[group].size()];
    const std::vector<int>& ranks = placements_[group].ranks;
    next.group = static_cast<int>(group);
    next.rank = ranks[static_cast<std::size_t>(next.rank)];
    next.peer = ranks[static_cast<std::size_t>(next.peer)];
    for (Region& region : next.from) region.buffer += merged_.groups_[group].first_buffer;
    for (Region& region : next.to) region.buffer += merged_.groups_[group].first_buffer;
    for (int& dep : next.after) dep = ids_[group][static_cast<std::size_t>(dep)];
    ids_[group].push_back(merged_.Append(std::move(next)));
    return true;
  }

  Schedule Finish() && { return std::move(merged_); }

 private:
  const std::vector<Placement>& placements_;
  Schedule merged_;
  std::vector<std::vector<int>> ids_;
};

Schedule Concurrent(int ranks, const std::vector<Placement>& placements, IssueOrder order) {
  Merger merger(ranks, placements);
  if (order == IssueOrder::kSequential) {
    for (std::size_t group = 0; group < placements.size(); ++group) {
      while (merger.Take(group)) {
      }
    }
    return std::move(merger).Finish();
  }
  bool some_left = true;
  while (some_left) {
    some_left = false;
    for (std::size_t group = 0; group < placements.size(); ++group) {
      if (merger.Take(group)) some_left = true;
    }
  }
  return std::move(merger).Finish();
}

}  // namespace commplan::oracle
