#include "tests/oracle/simulator.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <tuple>
#include <utility>

#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

// A message that is added on arrival asks for service twice.
enum class Stage { kWire, kArithmetic };

class Clock {
 public:
  Clock(const Network& network, const Schedule& schedule)
      : network_(network),
        schedule_(schedule),
        waiters_(schedule.operations().size()),
        requests_per_tick_(static_cast<std::int64_t>(2 * schedule.operations().size() + 2)),
        missing_(schedule.operations().size(), 0),
        link_free_(static_cast<std::size_t>(network.links()), 0),
        unit_free_(static_cast<std::size_t>(network.ranks()), 0) {
    Require(schedule.ranks() <= network.ranks(), "the network has all ranks of the schedule");
    timeline_.operations.resize(schedule.operations().size());
    timeline_.group_finish.resize(schedule.groups().size());
    timeline_.link_busy.resize(link_free_.size(), 0);
  }

  Timeline Run() {
    Enrol();
    // Nothing is ever done before it was ready, so requests come out in the order of their ticks,
    // and whoever comes out has nobody before him in any of his queues: he may be placed at once.
    while (!requests_.empty()) {
      const std::int64_t request = requests_.top();
      requests_.pop();
      const std::int64_t tick = request / requests_per_tick_;
      const int id = static_cast<int>(request % requests_per_tick_ / 2);
      const Operation& operation = schedule_.operations()[Index(id)];
      if (request % 2 != 0) {
        Finish(id, UseUnit(operation.peer, tick, operation.bytes).second);
      } else {
        Serve(id, operation, tick);
      }
    }
    return std::move(timeline_);
  }

 private:
  static std::size_t Index(int id) { return static_cast<std::size_t>(id); }

  // The order of service is by tick, then by issue order, then by stage: as one number, because
  // comparing these is most of the simulator's work.
  void Ask(std::int64_t tick, int id, Stage stage) {
    Require(tick < std::numeric_limits<std::int64_t>::max() / requests_per_tick_ - 1,
            "the ticks of this schedule are too many to count");
    requests_.push(tick * requests_per_tick_ + std::int64_t{2} * id +
                   (stage == Stage::kArithmetic ? 1 : 0));
  }

  void Enrol() {
    int id = 0;
    for (const Operation& operation : schedule_.operations()) {
      const std::int64_t start = schedule_.groups()[Index(operation.group)].start;
      timeline_.operations[Index(id)].ready = start;
      missing_[Index(id)] = static_cast<int>(operation.after.size());
      for (int dep : operation.after) waiters_[Index(dep)].push_back(id);
      if (operation.after.empty()) Ask(start, id, Stage::kWire);
      ++id;
    }
  }

  void Serve(int id, const Operation& operation, std::int64_t ready) {
    Times& times = timeline_.operations[Index(id)];
    switch (operation.kind) {
      case OpKind::kReduce: {
        std::tie(times.start, times.arrival) = UseUnit(operation.rank, ready, operation.bytes);
        break;
      }
      case OpKind::kSend: {
        const Route& route = network_.route(operation.rank, operation.peer);
        times.start = UseLinks(route.links, ready, operation.bytes);
        times.arrival = times.start + operation.bytes * network_.SlowestTicksPerByte(route.links) +
                        route.latency;
        break;
      }
      case OpKind::kSwitchReduce:
      case OpKind::kMulticast:
        ServeInSwitch(operation, ready, &times);
        break;
    }
    if (operation.kind == OpKind::kSend && operation.arrival == Arrival::kAdd) {
      Ask(times.arrival, id, Stage::kArithmetic);
    } else {
      Finish(id, times.arrival);
    }
  }

  void ServeInSwitch(const Operation& operation, std::int64_t ready, Times* times) {
    const std::vector<int>& members = schedule_.groups()[Index(operation.group)].members;
    Require(network_.SharesSwitch(members), "an in-switch operation needs one common switch");
    const SwitchPort& own = *network_.switch_port(operation.rank);
    const bool gathers = operation.kind == OpKind::kSwitchReduce;
    std::vector<int> many;
    for (int member : members) {
      const SwitchPort& port = *network_.switch_port(member);
      many.push_back(gathers ? port.egress : port.ingress);
    }
    const int one = gathers ? own.ingress : own.egress;
    if (network_.port_timing() == PortTiming::kLockstep) {
      std::vector<int> all = many;
      if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
      times->start = UseLinks(all, ready, operation.bytes);
      times->arrival =
          times->start + operation.bytes * network_.SlowestTicksPerByte(all) + own.latency;
      return;
    }
    // The sum leaves once the last part flows; copies start once the original flows.
    const std::vector<int> single = {one};
    if (!gathers) ready = UseLinks(single, ready, operation.bytes);
    std::int64_t last = ready;
    times->start = ready;
    for (int link : many) last = std::max(last, UseLinks({link}, ready, operation.bytes));
    if (gathers) last = UseLinks(single, last, operation.bytes);
    many.push_back(one);
    times->arrival = last + operation.bytes * network_.SlowestTicksPerByte(many) + own.latency;
  }

  // Holds all links from the first tick at which all are free, and returns that tick.
  std::int64_t UseLinks(const std::vector<int>& links, std::int64_t ready, std::int64_t bytes) {
    std::int64_t start = ready;
    for (int link : links) start = std::max(start, link_free_[Index(link)]);
    const std::int64_t held = bytes * network_.SlowestTicksPerByte(links);
    for (int link : links) {
      link_free_[Index(link)] = start + held;
      timeline_.link_busy[Index(link)] += held;
    }
    return start;
  }

  std::pair<std::int64_t, std::int64_t> UseUnit(int rank, std::int64_t ready, std::int64_t bytes) {
    std::int64_t& unit = unit_free_[Index(rank)];
    const std::int64_t start = std::max(ready, unit);
    unit = start + bytes * network_.gamma();
    return {start, unit};
  }

  void Finish(int id, std::int64_t done) {
    timeline_.operations[Index(id)].done = done;
    std::int64_t& group = timeline_.group_finish[Index(schedule_.operations()[Index(id)].group)];
    group = std::max(group, done);
    timeline_.finish = std::max(timeline_.finish, done);
    for (int waiter : waiters_[Index(id)]) {
      std::int64_t& ready = timeline_.operations[Index(waiter)].ready;
      ready = std::max(ready, done);
      if (--missing_[Index(waiter)] == 0) Ask(ready, waiter, Stage::kWire);
    }
  }

  const Network& network_;
  const Schedule& schedule_;
  std::vector<std::vector<int>> waiters_;
  std::int64_t requests_per_tick_;
  std::vector<int> missing_;
  std::vector<std::int64_t> link_free_;
  std::vector<std::int64_t> unit_free_;
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<std::int64_t>>
      requests_;
  Timeline timeline_;
};

}  // namespace

Timeline RunClock(const Network& network, const Schedule& schedule) {
  return Clock(network, schedule).Run();
}

}  // namespace commplan::oracle
