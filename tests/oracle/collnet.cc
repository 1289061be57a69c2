#include "tests/oracle/collnet.h"

#include <vector>

#include "tests/oracle/direct.h"
#include "tests/oracle/phase.h"
#include "tests/oracle/require.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {
namespace {

// The numbering: ranks node by node, then the network's switch of each slice, then the nodes' own.
struct Numbers {
  explicit Numbers(const CollnetShape& shape) : nodes(shape.nodes), q(shape.ranks_per_node) {
    Require(nodes >= 1 && q >= 1, "a node has ranks");
  }
  int ranks() const { return nodes * q; }
  int all() const { return ranks() + q + nodes; }
  int Rank(int node, int member) const { return node * q + member % q; }
  int SwitchOf(int slice) const { return ranks() + slice; }
  int SwitchIn(int node) const { return ranks() + q + node; }

  int nodes;
  int q;
};

// Puts the parts of a sum beside each other at a switch and adds them up.
class Adder {
 public:
  Adder(Schedule* schedule, int rank, int landing, std::int64_t elements, Span slice)
      : schedule_(schedule), rank_(rank), landing_(landing), elements_(elements), slice_(slice) {}

  void Take(int from, const Deps& after) {
    const Region part{landing_, static_cast<std::int64_t>(parts_.size()) * elements_ + slice_.begin,
                      slice_.length()};
    arrived_.push_back(schedule_->Send(from, {In(0, slice_)}, rank_, {part}, after));
    parts_.push_back(part);
  }
  Deps Sum() { return {schedule_->Reduce(rank_, parts_, In(0, slice_), arrived_)}; }

 private:
  Schedule* schedule_;
  int rank_;
  int landing_;
  std::int64_t elements_;
  Span slice_;
  Regions parts_;
  Deps arrived_;
};

class Builder {
 public:
  Builder(const CollnetShape& shape, std::int64_t elements, Schedule* schedule)
      : n_(shape), elements_(elements), schedule_(schedule) {
    schedule_->AddBuffer(elements);
    landing_ = schedule_->AddBuffer(elements * (n_.nodes > n_.q ? n_.nodes : n_.q));
  }

  // Each plays one chunk: from what the ranks wait for to what their results wait for.
  Gates Direct(Span chunk, Gates gates) {
    for (int node = 0; node < n_.nodes; ++node) {
      OnNode(node, &gates, [&](const Team& team, const Gates& ready) {
        return DirectReduceScatter(schedule_, team, 0, chunk, ready);
      });
    }
    for (int j = 0; j < n_.q; ++j) Across(j, Block(chunk, j, n_.q), &gates);
    for (int node = 0; node < n_.nodes; ++node) {
      OnNode(node, &gates, [&](const Team& team, const Gates& ready) {
        return DirectAllGather(schedule_, team, 0, chunk, ready);
      });
    }
    return gates;
  }

  // Slice j starts at member j + 1, and comes round to member j.
  Gates Chain(Span chunk, const Gates& entry) {
    Gates done = entry;
    for (int j = 0; j < n_.q; ++j) {
      const Span slice = Block(chunk, j, n_.q);
      Gates gates = entry;
      for (int node = 0; node < n_.nodes; ++node) {
        for (int step = 1; step < n_.q; ++step) {
          Pass(node, j + step, j + step + 1, slice, Arrival::kAdd, &gates);
        }
      }
      Across(j, slice, &gates);
      for (int node = 0; node < n_.nodes; ++node) {
        for (int step = n_.q; step > 1; --step) {
          Pass(node, j + step, j + step - 1, slice, Arrival::kStore, &gates);
        }
      }
      for (int i = 0; i < n_.ranks(); ++i) At(done, i) = Join(At(done, i), At(gates, i));
    }
    return done;
  }

  Gates InSwitch(Span chunk, const Gates& entry) {
    Gates done = entry;
    for (int j = 0; j < n_.q; ++j) {
      const Span slice = Block(chunk, j, n_.q);
      Gates gates = entry;
      for (int node = 0; node < n_.nodes; ++node) {
        const int hub = n_.SwitchIn(node), head = n_.Rank(node, j);
        Adder adder(schedule_, hub, landing_, elements_, slice);
        for (int i = 0; i < n_.q; ++i) adder.Take(n_.Rank(node, i), At(entry, n_.Rank(node, i)));
        At(gates, head) = {Move(hub, head, slice, adder.Sum())};
      }
      Across(j, slice, &gates);
      for (int node = 0; node < n_.nodes; ++node) {
        const int hub = n_.SwitchIn(node), head = n_.Rank(node, j);
        const Deps up{Move(head, hub, slice, At(gates, head))};
        for (int i = 0; i < n_.q; ++i) {
          const int rank = n_.Rank(node, i);
          At(done, rank) = Join(At(done, rank), Move(hub, rank, slice, up));
        }
      }
    }
    return done;
  }

 private:
  template <class Phase>
  void OnNode(int node, Gates* gates, const Phase& phase) {
    Team team;
    Gates ready;
    for (int i = 0; i < n_.q; ++i) {
      team.push_back(n_.Rank(node, i));
      ready.push_back(At(*gates, n_.Rank(node, i)));
    }
    const Gates done = phase(team, ready);
    for (int i = 0; i < n_.q; ++i) At(*gates, n_.Rank(node, i)) = At(done, i);
  }

  int Move(int from, int to, Span slice, const Deps& after, Arrival arrival = Arrival::kStore) {
    return schedule_->Send(from, {In(0, slice)}, to, {In(0, slice)}, after, arrival);
  }

  // From one member of a node to another, which adds only to what it has itself.
  void Pass(int node, int from, int to, Span slice, Arrival arrival, Gates* gates) {
    const int src = n_.Rank(node, from), dst = n_.Rank(node, to);
    Deps after = At(*gates, src);
    if (arrival == Arrival::kAdd) after = Join(after, At(*gates, dst));
    At(*gates, dst) = {Move(src, dst, slice, after, arrival)};
  }

  // Slice j from its heads to the network's switch, which adds, and back.
  void Across(int j, Span slice, Gates* gates) {
    const int hub = n_.SwitchOf(j);
    Adder adder(schedule_, hub, landing_, elements_, slice);
    for (int node = 0; node < n_.nodes; ++node) {
      adder.Take(n_.Rank(node, j), At(*gates, n_.Rank(node, j)));
    }
    const Deps sum = adder.Sum();
    for (int node = 0; node < n_.nodes; ++node) {
      At(*gates, n_.Rank(node, j)) = {Move(hub, n_.Rank(node, j), slice, sum)};
    }
  }

  Numbers n_;
  std::int64_t elements_;
  Schedule* schedule_;
  int landing_ = 0;
};

}  // namespace

Network CollnetNetwork(CollnetKind kind, const CollnetShape& shape) {
  const Numbers n(shape);
  Network network(n.all());
  std::vector<int> out, in;
  for (int rank = 0; rank < n.ranks(); ++rank) {
    out.push_back(network.AddLink(shape.beta1));
    in.push_back(network.AddLink(shape.beta1));
    const int up = network.AddLink(shape.beta2);
    const int down = network.AddLink(shape.beta2);
    const int above = n.SwitchOf(rank % n.q);
    network.SetRoute(rank, above, {{up}, shape.alpha2});
    network.SetRoute(above, rank, {{down}, shape.alpha2});
  }
  const auto link = [](const std::vector<int>& links, int rank) {
    return links[static_cast<std::size_t>(rank)];
  };
  for (int src = 0; src < n.ranks(); ++src) {
    if (kind == CollnetKind::kInSwitch) {
      const int hub = n.SwitchIn(src / n.q);
      network.SetRoute(src, hub, {{link(out, src)}, shape.alpha1});
      network.SetRoute(hub, src, {{link(in, src)}, shape.alpha1});
      continue;
    }
    for (int i = 0; i < n.q; ++i) {
      const int dst = n.Rank(src / n.q, i);
      if (dst != src) {
        network.SetRoute(src, dst, {{link(out, src), link(in, dst)}, shape.alpha1});
      }
    }
  }
  return network;
}

Collective CollnetAllReduce(CollnetKind kind, const CollnetShape& shape, std::int64_t elements,
                            int chunks, int window) {
  const Numbers n(shape);
  Parameters parameters;
  parameters.ranks = n.ranks();
  parameters.elements = elements;
  parameters.nodes = n.nodes;
  parameters.chunks = chunks;
  Collective made{"all-reduce", "collnet", parameters, Schedule(n.all()), 0};
  Builder builder(shape, elements, &made.schedule);
  std::vector<Gates> results;  // by chunk
  for (int c = 0; c < chunks; ++c) {
    const Span chunk = Block({0, elements}, c, chunks);
    const bool waits = window > 0 && c >= window;
    const Gates entry = waits ? results[static_cast<std::size_t>(c - window)]
                              : Gates(static_cast<std::size_t>(n.ranks()));
    results.push_back(kind == CollnetKind::kDirect  ? builder.Direct(chunk, entry)
                      : kind == CollnetKind::kChain ? builder.Chain(chunk, entry)
                                                    : builder.InSwitch(chunk, entry));
  }
  return made;
}

}  // namespace commplan::oracle
