#include "tests/oracle/all_to_all.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

// What member `from` has for member `to`, and where it goes.
struct Parcel {
  Region source;
  Region target;
};

Parcel ParcelFor(Span span, int buffer, int result, int from, int to, int p) {
  const Span block = Block(span, to, p);
  return {In(buffer, block), {result, block.length() * from, block.length()}};
}

// A member's part for itself is copied, which costs nothing.
Gates KeepOwn(Schedule* schedule, const Team& team, int buffer, Span span, int result,
              const Gates& entry) {
  Gates done = entry;
  for (int i = 0; i < Size(team); ++i) {
    const Parcel own = ParcelFor(span, buffer, result, i, i, Size(team));
    At(done, i).push_back(
        schedule->Reduce(RankOf(team, i), {own.source}, own.target, At(entry, i)));
  }
  return done;
}

// The two exchanges of the hierarchical all-to-all while they are written down.
class Hierarchical {
 public:
  Hierarchical(Schedule* schedule, const Team& team, int nodes, int buffer, Span span, int result)
      : schedule_(schedule),
        team_(team),
        p_(Size(team)),
        nodes_(nodes),
        per_node_(Size(team) / nodes),
        buffer_(buffer),
        span_(span),
        result_(result),
        slot_(span.length() / p_ + 1),
        middle_(schedule->AddBuffer(slot_ * p_)) {
    Require(p_ == nodes_ * per_node_, "all nodes have equally many members");
  }

  // Member j of a node collects from its node what goes to any member j.
  Gates Inside(const Gates& entry) {
    Gates collected = entry;
    for (int step = 1; step < per_node_; ++step) {
      for (int i = 0; i < p_; ++i) {
        const int to = i / per_node_ * per_node_ + (i + step) % per_node_;
        Regions from;
        Regions into;
        for (int node = 0; node < nodes_; ++node) {
          const int last = node * per_node_ + to % per_node_;
          from.push_back(In(buffer_, Block(span_, last, p_)));
          into.push_back(Middle(i, last));
        }
        At(collected, to)
            .push_back(
                schedule_->Send(RankOf(team_, i), from, RankOf(team_, to), into, At(entry, i)));
      }
    }
    return collected;
  }

  Gates Across(const Gates& collected) {
    Gates done(team_.size());
    for (int step = 0; step < nodes_; ++step) {
      for (int i = 0; i < p_; ++i) {
        const int to = (i + step * per_node_) % p_;
        Regions from;
        Regions into;
        for (int j = 0; j < per_node_; ++j) {
          const int first = i / per_node_ * per_node_ + j;
          const Parcel parcel = ParcelFor(span_, buffer_, result_, first, to, p_);
          from.push_back(first == i ? parcel.source : Middle(first, to));
          into.push_back(parcel.target);
        }
        if (to != i) {
          At(done, to).push_back(
              schedule_->Send(RankOf(team_, i), from, RankOf(team_, to), into, At(collected, i)));
          continue;
        }
        for (std::size_t j = 0; j < from.size(); ++j) {
          At(done, i).push_back(
              schedule_->Reduce(RankOf(team_, i), {from[j]}, into[j], At(collected, i)));
        }
      }
    }
    return done;
  }

 private:
  // Where a member keeps what member `first` of its node has for member `last`.
  Region Middle(int first, int last) const {
    const int slot = first % per_node_ * nodes_ + last / per_node_;
    return {middle_, slot_ * slot, Block(span_, last, p_).length()};
  }

  Schedule* schedule_;
  const Team& team_;
  int p_;
  int nodes_;
  int per_node_;
  int buffer_;
  Span span_;
  int result_;
  std::int64_t slot_;
  int middle_;
};

}  // namespace

Gates PairwiseAllToAll(Schedule* schedule, const Team& team, int buffer, Span span, int result,
                       const Gates& entry) {
  const int p = Size(team);
  Gates done = KeepOwn(schedule, team, buffer, span, result, entry);
  Gates ready = entry;
  for (int step = 1; step < p; ++step) {
    Gates next(team.size());
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      const Parcel parcel = ParcelFor(span, buffer, result, i, to, p);
      const int sent = schedule->Send(RankOf(team, i), {parcel.source}, RankOf(team, to),
                                      {parcel.target}, At(ready, i));
      At(next, i).push_back(sent);
      At(next, to).push_back(sent);
      At(done, to).push_back(sent);
    }
    ready = std::move(next);
  }
  return done;
}

Gates DirectAllToAll(Schedule* schedule, const Team& team, int buffer, Span span, int result,
                     const Gates& entry) {
  const int p = Size(team);
  Gates done = KeepOwn(schedule, team, buffer, span, result, entry);
  for (int step = 1; step < p; ++step) {
    for (int i = 0; i < p; ++i) {
      const int to = (i + step) % p;
      const Parcel parcel = ParcelFor(span, buffer, result, i, to, p);
      At(done, to).push_back(schedule->Send(RankOf(team, i), {parcel.source}, RankOf(team, to),
                                            {parcel.target}, At(entry, i)));
    }
  }
  return done;
}

Gates HierarchicalAllToAll(Schedule* schedule, const Team& team, int nodes, int buffer, Span span,
                           int result, const Gates& entry) {
  Hierarchical exchange(schedule, team, nodes, buffer, span, result);
  return exchange.Across(exchange.Inside(entry));
}

}  // namespace commplan::oracle
