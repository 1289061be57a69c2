#include "model/step/training_timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/base/test_matchers.h"
#include "model/step/test_machine.h"
#include "model/step/test_trace.h"
#include "model/workload/test_models.h"

namespace commplan {
namespace {

using Kind = schedule::PipelineKind;

const Transformer& Gpt() {
  static const Transformer kModel = MegatronModel(4096, 32, 32);
  return kModel;
}

const Transformer& Experts() {
  static const Transformer kModel = Mixtral8x7B();
  return kModel;
}

// Nodes of eight, joined by one port for each rank at a tenth of the inner rate.
Machine Cluster() {
  Machine machine = TestMachine();
  Tier network;
  network.name = "network";
  network.bandwidth = GBps(10);
  network.latency = Micros(5);
  network.ports = 8;
  machine.fabric.tiers.push_back(network);
  return machine;
}

TrainRequest RequestOf(const Transformer& model, int tp, int pp, int dp, double batch = 64) {
  TrainRequest request;
  request.job.model = &model;
  request.job.global_batch = batch;
  request.plan.layout.tp = tp;
  request.plan.layout.pp = pp;
  request.plan.layout.dp = dp;
  return request;
}

TrainTimeline Drawn(const Machine& machine, const TrainRequest& request) {
  Result<TrainTimeline> timeline = TrainTimelineOf(machine, request);
  EXPECT_THAT(timeline, IsOk());
  return timeline.ok() ? *std::move(timeline) : TrainTimeline();
}

void ExpectNear(Time a, Time b) { EXPECT_NEAR(InMicros(a), InMicros(b), 1e-9 * InMicros(b)); }

struct Case {
  std::string what;
  TrainRequest request;
  Machine machine = Cluster();
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  const auto add = [&](std::string what, const TrainRequest& request) -> TrainPlan& {
    return cases.emplace_back(Case{std::move(what), request}).request.plan;
  };
  add("one rank", RequestOf(Gpt(), 1, 1, 1));
  add("1f1b", RequestOf(Gpt(), 2, 4, 2));
  add("1f1b, few microbatches", RequestOf(Gpt(), 1, 8, 1, 3));
  add("1f1b, hidden sends", RequestOf(Gpt(), 1, 4, 1)).overlap.boundaries = true;
  add("interleaved", RequestOf(Gpt(), 1, 4, 2)).layout.virtual_stages = 2;
  add("interleaved, does not divide", RequestOf(Gpt(), 1, 4, 1, 9)).layout.virtual_stages = 4;
  for (const Kind kind : {Kind::kGpipe, Kind::kZbH1, Kind::kZbH2, Kind::kZbV}) {
    TrainPlan& plan = add("schedule", RequestOf(Gpt(), 1, 4, 2));
    plan.schedule = kind;
    plan.layout.virtual_stages = kind == Kind::kZbV ? 2 : 1;
  }
  for (const Scheme scheme :
       {Scheme::kReplicated, Scheme::kOptimizer, Scheme::kGradients, Scheme::kWeights}) {
    for (const int pp : {1, 2}) {
      TrainPlan& plan = add("shards " + std::to_string(pp), RequestOf(Gpt(), 1, pp, 8));
      plan.sharding.scheme = scheme;
      plan.overlap.gradients = pp == 2;
      plan.overlap.parameters = pp == 2;
    }
  }
  add("hybrid shards", RequestOf(Gpt(), 1, 1, 16)).sharding.inner = 8;
  cases.back().request.plan.sharding.scheme = Scheme::kWeights;
  for (const Recompute recompute : {Recompute::kNone, Recompute::kFull}) {
    TrainPlan& plan = add("gtp", RequestOf(Gpt(), 1, 2, 2));
    plan.sharding.gtp = 4;
    plan.recompute = recompute;
    plan.graph = recompute == Recompute::kFull;
    TrainPlan& experts = add("gtp of experts", RequestOf(Experts(), 1, 1, 8));
    experts.layout.ep = 8;
    experts.layout.expert_exchange = ExpertExchange::kAllToAll;
    experts.sharding.gtp = 2;
    experts.recompute = recompute;
  }
  add("gtp, one communicator", RequestOf(Gpt(), 2, 2, 1)).sharding.gtp = 4;
  cases.back().request.plan.chain.shared_communicator = true;
  add("gtp, slow host", RequestOf(Gpt(), 2, 1, 2)).sharding.gtp = 4;
  cases.back().machine.compute.launch = Micros(300);
  add("gtp, a what-if", RequestOf(Gpt(), 2, 1, 2)).sharding.gtp = 4;
  cases.back().request.plan.overlap.fraction = 0.7;
  for (const Kind kind : {Kind::kZbH1, Kind::kZbV}) {
    TrainPlan& plan = add("gtp, weight gradients apart", RequestOf(Gpt(), 1, 4, 1));
    plan.sharding.gtp = 2;
    plan.schedule = kind;
    plan.layout.virtual_stages = kind == Kind::kZbV ? 2 : 1;
  }
  return cases;
}

TEST(TrainTimelineOf, EndsWithTheBillAndKeepsLanesApart) {
  for (const Case& one : Cases()) {
    SCOPED_TRACE(one.what);
    const auto [bill, trace] = Drawn(one.machine, one.request);
    ExpectSound(trace, bill.step);
    const Result<TrainBill> same = TrainBillOf(one.machine, one.request);
    ASSERT_THAT(same, IsOk());
    EXPECT_EQ(bill.step, same->step);
    const int stages = one.request.plan.layout.pp;
    ASSERT_EQ(static_cast<int>(trace.processes.size()), stages);
    // A stage's passes take what the bill says of it.
    std::vector<Time> busy(trace.processes.size());
    for (const TraceEvent& event : trace.events) {
      const TraceLane& lane = trace.lanes[static_cast<std::size_t>(event.lane)];
      if (lane.kind != LaneKind::kCompute || event.microbatch == kNoNumber) continue;
      busy[static_cast<std::size_t>(lane.process)] += event.end - event.start;
    }
    for (int stage = 0; stage < stages; ++stage) {
      ExpectNear(busy[static_cast<std::size_t>(stage)],
                 bill.stage_times[static_cast<std::size_t>(stage)] * bill.microbatches);
    }
  }
}

// Without collectives in the stages and without shards passes are kernels alone.
TEST(TrainTimelineOf, PassesAndOptimizerAreTheBillsCompute) {
  for (const int pp : {1, 4}) {
    const auto [bill, trace] = Drawn(Cluster(), RequestOf(Gpt(), 1, pp, 1));
    Time most;
    const std::vector<Time> busy = BusyOf(trace);
    for (std::size_t lane = 0; lane < busy.size(); ++lane) {
      if (trace.lanes[lane].kind == LaneKind::kCompute) most = Max(most, busy[lane]);
    }
    // The first stage holds the most weights, the last one computes the most.
    EXPECT_LE(most, (bill.compute + bill.optimizer) * (1 + 1e-9));
    EXPECT_GE(most, bill.compute);
    if (pp == 1) ExpectNear(most, bill.step);
  }
}

using Key = std::pair<int, int>;  // stage, microbatch

TEST(TrainTimelineOf, StagesWaitForEachOther) {
  for (const bool hidden : {false, true}) {
    SCOPED_TRACE(hidden);
    TrainRequest request = RequestOf(Gpt(), 1, 4, 1, 12);
    request.plan.overlap.boundaries = hidden;
    const auto [bill, trace] = Drawn(Cluster(), request);
    std::map<Key, TraceEvent> forward, backward, up, down;
    for (const TraceEvent& event : trace.events) {
      const int stage = trace.lanes[static_cast<std::size_t>(event.lane)].process;
      const std::string& name = trace.items[static_cast<std::size_t>(event.item)].name;
      const Key key{stage, event.microbatch};
      if (name == "forward") forward[key] = event;
      if (name == "backward") backward[key] = event;
      if (name == "activations") up[key] = event;
      if (name == "gradients of activations") down[key] = event;
    }
    EXPECT_EQ(forward.size(), 48U);
    EXPECT_EQ(backward.size(), 48U);
    EXPECT_EQ(up.size(), 36U);
    EXPECT_EQ(down.size(), 36U);
    for (const auto& [key, send] : up) {
      EXPECT_GE(send.start, forward.at(key).end);
      EXPECT_GE(forward.at({key.first + 1, key.second}).start, send.end);
    }
    for (const auto& [key, send] : down) {
      EXPECT_GE(send.start, backward.at(key).end);
      EXPECT_GE(backward.at({key.first - 1, key.second}).start, send.end);
    }
  }
}

// Each layer's weights are gathered twice for each microbatch and its gradient is scattered once,
// within the pass that needs it, in the time that the exchange takes.
TEST(TrainTimelineOf, ShardsAreGatheredInTheirPass) {
  TrainRequest request = RequestOf(Gpt(), 1, 2, 8, 32);
  request.plan.sharding.scheme = Scheme::kWeights;
  request.plan.graph = true;
  const auto [bill, trace] = Drawn(Cluster(), request);
  const int passes = 2 * 4;  // stages, microbatches
  std::map<std::pair<std::string, int>, int> counts;
  std::map<std::string, Time> times;
  std::map<Key, TraceEvent> forward, backward;
  for (const TraceEvent& event : trace.events) {
    const int stage = trace.lanes[static_cast<std::size_t>(event.lane)].process;
    const std::string& name = trace.items[static_cast<std::size_t>(event.item)].name;
    if (name == "forward") forward[{stage, event.microbatch}] = event;
    if (name == "backward") backward[{stage, event.microbatch}] = event;
    ++counts[{name, event.layer}];
    times[name] += event.end - event.start;
  }
  for (int layer = 0; layer < 32; ++layer) {
    SCOPED_TRACE(layer);
    EXPECT_EQ((counts[{"layer gather", layer}]), 2 * passes / 2);
    EXPECT_EQ((counts[{"layer gradient reduce-scatter", layer}]), passes / 2);
  }
  for (const TraceEvent& event : trace.events) {
    const TraceLane& lane = trace.lanes[static_cast<std::size_t>(event.lane)];
    if (lane.name != "weight gathers" && lane.name != "weight scatters") continue;
    const TraceEvent& one = forward.at({lane.process, event.microbatch});
    const TraceEvent& other = backward.at({lane.process, event.microbatch});
    const bool within = (event.start >= one.start && event.end <= one.end) ||
                        (event.start >= other.start && event.end <= other.end);
    EXPECT_TRUE(within) << trace.NameOf(event);
    const TraceItem& item = trace.items[static_cast<std::size_t>(event.item)];
    for (const TraceArgument& argument : item.arguments) {
      if (argument.name != "alone_us") continue;
      EXPECT_NEAR(InMicros(event.end - event.start), std::get<double>(argument.value), 1e-6);
    }
  }
}

// Under generalized tensor parallelism a layer's matrices come one by one, each for its layer.
TEST(TrainTimelineOf, MatricesAreGatheredOneByOne) {
  for (const bool graph : {false, true}) {
    TrainRequest request = RequestOf(Gpt(), 1, 2, 1, 8);
    request.plan.sharding.gtp = 4;
    request.plan.recompute = Recompute::kFull;
    request.plan.graph = graph;
    const auto [bill, trace] = Drawn(Cluster(), request);
    std::map<std::pair<std::string, int>, int> counts;
    std::map<std::string, std::vector<int>> order;  // of the layers in the first pass
    for (const TraceEvent& event : trace.events) {
      const std::string& name = trace.items[static_cast<std::size_t>(event.item)].name;
      ++counts[{name, event.layer}];
      const int stage = trace.lanes[static_cast<std::size_t>(event.lane)].process;
      if (stage == 1 && event.microbatch == 0) order[name].push_back(event.layer);
    }
    for (int layer = 0; layer < 32; ++layer) {
      for (const std::string matrix : {"attention qkv", "attention output", "mlp up", "mlp down"}) {
        EXPECT_EQ((counts[{matrix + " gather", layer}]), 2 * 2) << matrix << " of layer " << layer;
        EXPECT_EQ((counts[{matrix + " gather again", layer}]), 2);
        EXPECT_EQ((counts[{matrix + " gradient reduce-scatter", layer}]), 2);
      }
    }
    std::vector<int> up;
    for (int layer = 16; layer < 32; ++layer) up.push_back(layer);
    const std::vector<int> down(up.rbegin(), up.rend());
    EXPECT_EQ(order["mlp up gradient reduce-scatter"], down);
    up.insert(up.end(), down.begin(), down.end());
    EXPECT_EQ(order["mlp up gather"], up);
  }
}

// Buckets of gradients become ready at equal distances in the last pass and follow each other.
TEST(TrainTimelineOf, BucketsRunBesideTheLastBackwardPass) {
  TrainRequest request = RequestOf(Gpt(), 1, 1, 8);
  request.plan.overlap.gradients = true;
  const auto [bill, trace] = Drawn(Cluster(), request);
  const TraceEvent* last = nullptr;
  std::vector<TraceEvent> buckets;
  for (const TraceEvent& event : trace.events) {
    const std::string& name = trace.items[static_cast<std::size_t>(event.item)].name;
    if (name == "backward") last = &event;
    if (name == "bucket of gradients") buckets.push_back(event);
  }
  ASSERT_NE(last, nullptr);
  ASSERT_GT(buckets.size(), 10U);
  const Time each = (last->end - last->start) / static_cast<double>(buckets.size());
  Time sum;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    EXPECT_GE(buckets[i].start, last->start + each * (static_cast<double>(i) + 1 - 1e-6));
    sum += buckets[i].end - buckets[i].start;
  }
  ExpectNear(buckets.back().end - last->end, bill.exposed);
  ExpectNear(sum, bill.communication);
}

TEST(TrainTimelineOf, DrawsALargeJob) {
  static const Transformer kLarge = MegatronModel(8192, 128, 64);
  TrainRequest request = RequestOf(kLarge, 8, 64, 1, 512);
  request.plan.layout.virtual_stages = 2;
  const auto [bill, trace] = Drawn(Cluster(), request);
  ExpectSound(trace, bill.step);
  EXPECT_EQ(EventsNamed(trace, "chunk 77 forward"), 512U);
}

TEST(TrainTimelineOf, RefusesWhatTheBillRefuses) {
  EXPECT_THAT(TrainTimelineOf(Cluster(), RequestOf(Gpt(), 1, 1, 3)),
              IsError(ErrorCode::kUnsupported, ::testing::HasSubstr("does not divide")));
}

}  // namespace
}  // namespace commplan
