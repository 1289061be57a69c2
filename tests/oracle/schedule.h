// A schedule: one collective algorithm written out as single operations on the ranks' buffers, in
// issue order, each with the operations that it waits for. It knows nothing of time; played on a
// network it gives finish times, played on memory it gives data.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/oracle/network.h"

namespace commplan::oracle {

using Deps = std::vector<int>;  // operations, by their place in the issue order

// A stretch of elements in one buffer of a rank.
struct Region {
  int buffer = 0;
  std::int64_t offset = 0;
  std::int64_t length = 0;
};
using Regions = std::vector<Region>;

enum class OpKind {
  kSend,          // `rank` sends the elements of `from` to `peer`, which puts them into `to`
  kReduce,        // `rank` adds the regions of `from`, all equally long, and stores the sum in `to`
  kSwitchReduce,  // the switch adds `from` of all members of the group, `rank` stores it in `to`
  kMulticast,     // the switch copies `from` of `rank` into `to` of all members of the group
};

// What the receiver of a message does with it.
enum class Arrival {
  kStore,
  kAdd,  // adds it to what is there; done only when its arithmetic unit has worked through it
};

struct Operation {
  OpKind kind = OpKind::kSend;
  Arrival arrival = Arrival::kStore;
  int group = 0;
  int rank = 0;
  int peer = 0;
  std::int64_t bytes = 0;  // on the wire for kSend, kSwitchReduce and kMulticast; added for kReduce
  Regions from;
  Regions to;
  Deps after;  // earlier operations only, so no schedule can be stuck
};

// One collective inside a schedule: a plain schedule has one group, a merged one several.
struct Group {
  std::vector<int> members;  // network ranks, in the order of the group's own numbering
  int first_buffer = 0;      // its buffers are numbered from here
  std::int64_t start = 0;    // nothing of it is ready before
};

class Schedule {
 public:
  // One group, of ranks 0 .. ranks-1.
  explicit Schedule(int ranks);

  // Gives every rank one more buffer of this many elements.
  int AddBuffer(std::int64_t size);

  // The elements of `from`, taken in order, land in those of `to`: several regions are one message.
  int Send(int src, Regions from, int dst, Regions to, Deps after,
           Arrival arrival = Arrival::kStore);
  // k inputs take k-1 additions; a single one is a copy, and copies cost no time.
  int Reduce(int rank, Regions inputs, Region to, Deps after);
  int SwitchReduce(int dst, Region slice, Region to, Deps after);
  int Multicast(int src, Region from, Region to, Deps after);

  int ranks() const { return ranks_; }
  const std::vector<std::int64_t>& buffers() const { return buffers_; }
  const std::vector<Operation>& operations() const { return operations_; }
  const std::vector<Group>& groups() const { return groups_; }

 private:
  friend class Merger;
  Schedule(int ranks, std::vector<Group> groups);
  int Append(Operation operation);

  int ranks_;
  std::vector<std::int64_t> buffers_;
  std::vector<Operation> operations_;
  std::vector<Group> groups_;
};

// A schedule with one group, and where and when to play it.
struct Placement {
  const Schedule* schedule = nullptr;
  std::vector<int> ranks;  // rank i of the schedule is rank ranks[i] of the network
  std::int64_t start = 0;
};

// Which of two operations that become ready at the same tick was issued first.
enum class IssueOrder {
  kRoundRobin,  // one operation of each group in turn
  kSequential,  // all of the first group, then all of the second, ...
};

// Groups that run at the same time on one network and meet only on its links and arithmetic units;
// each has buffers of its own. Group g of the result is placements[g].
Schedule Concurrent(int ranks, const std::vector<Placement>& placements,
                    IssueOrder order = IssueOrder::kRoundRobin);

}  // namespace commplan::oracle
