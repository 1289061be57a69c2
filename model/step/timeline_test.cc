#include "model/step/timeline.h"

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

using ::testing::HasSubstr;

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

const Transformer& Dense() {
  static const Transformer kModel = Llama8B();
  return kModel;
}

StepRequest DecodeOf(const Transformer& model, int tp, int pp = 1, Overlap overlap = Overlap::kNone,
                     double batch = 64) {
  StepRequest request;
  request.model = &model;
  request.layout.tp = tp;
  request.layout.pp = pp;
  request.demand = Decode(batch, 1000);
  request.overlap = overlap;
  return request;
}

StepTimeline Drawn(const Machine& machine, const StepRequest& request) {
  Result<StepTimeline> timeline = TimelineOf(machine, request);
  EXPECT_THAT(timeline, IsOk());
  return timeline.ok() ? *std::move(timeline) : StepTimeline();
}

void ExpectNear(Time a, Time b) { EXPECT_NEAR(InMicros(a), InMicros(b), 1e-9 * InMicros(b)); }

struct Case {
  const char* what;
  Machine machine;
  StepRequest request;
};

std::vector<Case> Cases() {
  static const Transformer kExperts = Mixtral8x7B(), kLatent = DeepSeekV3(), kLocal = Gemma27B();
  std::vector<Case> cases;
  const auto add = [&](const char* what, const StepRequest& request) -> Case& {
    return cases.emplace_back(Case{what, Cluster(), request});
  };
  add("one rank", DecodeOf(Dense(), 1));
  add("tp", DecodeOf(Dense(), 8));
  add("sequence parallel", DecodeOf(Dense(), 8)).request.layout.sequence_parallel = true;
  add("stages", DecodeOf(Dense(), 2, 4));
  add("stages that do not divide", DecodeOf(Dense(), 2, 5));
  add("eager", DecodeOf(Dense(), 8)).request.graph = false;
  cases.back().machine.compute.launch = Micros(6);
  add("engine's own time", DecodeOf(Dense(), 2));
  ServingCost own;
  own.engine = "one";
  own.step = Micros(500);
  own.layer = Micros(3);
  own.kernels = 0.9;
  cases.back().machine.compute.serving = {own};
  add("experts by all-to-all", DecodeOf(kExperts, 1)).request.layout.attention_dp = 8;
  cases.back().request.layout.ep = 8;
  cases.back().request.layout.expert_exchange = ExpertExchange::kAllToAll;
  add("kinds of layers", DecodeOf(kLatent, 8, 2));
  add("kinds that alternate", DecodeOf(kLocal, 4, 2));
  add("prompt", DecodeOf(Dense(), 4)).request.demand = Prefill(1, 4000);
  for (const Overlap overlap : {Overlap::kTiles, Overlap::kLadder, Overlap::kTwoBatch}) {
    add("overlap", DecodeOf(Dense(), 8, 1, overlap));
    add("overlap of a prompt", DecodeOf(Dense(), 8, 1, overlap)).request.demand = Prefill(4, 2000);
    add("overlap, slowed", DecodeOf(Dense(), 8, 1, overlap)).machine.compute.overlap = {
        .communication_sm = 0.2, .communication_memory = 0.3, .beside_compute = 0.7};
    add("overlap in stages", DecodeOf(Dense(), 2, 4, overlap));
    add("overlap, kinds in stages", DecodeOf(kLatent, 8, 2, overlap));
    add("overlap, kinds that alternate", DecodeOf(kLocal, 4, 2, overlap));
  }
  for (const double share : {0.0, 0.3, 1.0}) {
    add("fraction", DecodeOf(Dense(), 8)).request.overlap_fraction = share;
  }
  return cases;
}

TEST(TimelineOf, EndsWithTheBillAndKeepsLanesApart) {
  for (const Case& one : Cases()) {
    SCOPED_TRACE(std::string(one.what) + ", " + std::string(Name(one.request.overlap)));
    const auto [bill, trace] = Drawn(one.machine, one.request);
    ExpectSound(trace, bill.step);
    const Result<StepBill> same = BillOf(one.machine, one.request);
    ASSERT_THAT(same, IsOk());
    EXPECT_EQ(bill.step, same->step);
    EXPECT_EQ(static_cast<int>(trace.processes.size()), one.request.layout.pp);
    // Tiles compute longer than the uncut product; the bill counts that as waiting.
    if (one.request.overlap == Overlap::kTiles) {
      EXPECT_GE(BusyOfLanes(trace, "compute"), bill.compute * (1 - 1e-9));
    } else {
      ExpectNear(BusyOfLanes(trace, "compute"), bill.compute);
    }
    ExpectNear(BusyOfLanes(trace, "host"), bill.other);
    if (one.request.overlap == Overlap::kNone) {
      ExpectNear(BusyOfLanes(trace, "communicator"), bill.exposed);
    }
  }
}

// Each line of the bill, kernel by kernel and exchange by exchange.
TEST(TimelineOf, DrawsWhatIsOnTheBill) {
  static const Transformer kModels[] = {Llama8B(), DeepSeekV3()};
  for (const Transformer& model : kModels) {
    StepRequest request = DecodeOf(model, 8, 2);
    const auto [bill, trace] = Drawn(Cluster(), request);
    std::map<std::string, std::pair<double, Time>> drawn;
    for (const TraceEvent& event : trace.events) {
      auto& [count, time] = drawn[trace.items[static_cast<std::size_t>(event.item)].name];
      count += 1;
      time += event.end - event.start;
    }
    for (const ComputeLine& line : bill.kernels) {
      SCOPED_TRACE(line.kind);
      EXPECT_EQ(drawn[line.kind].first, line.count);
      ExpectNear(drawn[line.kind].second, line.time);
      drawn.erase(line.kind);
    }
    for (const BillLine& line : bill.collectives) {
      const std::string name =
          std::string(Name(line.site)) + " " + std::string(Name(line.exchange));
      SCOPED_TRACE(name);
      EXPECT_EQ(drawn[name].first, line.count);
      ExpectNear(drawn[name].second, line.time);
      drawn.erase(name);
    }
    EXPECT_EQ(drawn.size(), 0U);
  }
}

// One layer after the other, and in it one operation after the other.
TEST(TimelineOf, KeepsTheOrderOfLayers) {
  static const Transformer kLocal = Gemma27B();
  const auto [bill, trace] = Drawn(Cluster(), DecodeOf(kLocal, 4));
  std::map<int, Time> begins, ends;
  for (const TraceEvent& event : trace.events) {
    if (event.layer == kNoNumber) continue;
    const auto [begin, fresh] = begins.try_emplace(event.layer, event.start);
    if (!fresh) begin->second = Min(begin->second, event.start);
    ends[event.layer] = Max(ends[event.layer], event.end);
  }
  ASSERT_EQ(begins.size(), 62U);
  for (int layer = 1; layer < 62; ++layer) EXPECT_GE(begins[layer], ends[layer - 1]) << layer;
}

// What a stage computes starts when the stage before has sent, also where layers overlap.
TEST(TimelineOf, StagesWaitForWhatIsSent) {
  for (const Overlap overlap :
       {Overlap::kNone, Overlap::kTiles, Overlap::kLadder, Overlap::kTwoBatch}) {
    SCOPED_TRACE(std::string(Name(overlap)));
    const auto [bill, trace] = Drawn(Cluster(), DecodeOf(Dense(), 2, 4, overlap));
    std::vector<Time> sent(4), begun(4, bill.step), compute_end(4);
    std::vector<int> layers(4);
    for (const TraceEvent& event : trace.events) {
      const TraceLane& lane = trace.lanes[static_cast<std::size_t>(event.lane)];
      const auto stage = static_cast<std::size_t>(lane.process);
      if (lane.name == "pp communicator") {
        EXPECT_EQ(sent[stage], Time());
        sent[stage] = event.end;
        begun[stage] = Min(begun[stage], event.start);
      } else if (lane.name == "compute") {
        if (stage > 0) begun[stage] = Min(begun[stage], event.start);
        compute_end[stage] = Max(compute_end[stage], event.end);
      }
      layers[stage] += trace.NameOf(event).starts_with("attention qkv") ? 1 : 0;
    }
    const int each = overlap == Overlap::kTwoBatch ? 16 : 8;
    for (std::size_t stage = 0; stage < 4; ++stage) {
      EXPECT_EQ(layers[stage] % each, 0) << "tiles of products may be several";
      if (stage == 0) continue;
      EXPECT_GE(begun[stage], sent[stage - 1]);
      EXPECT_GE(sent[stage - 1], compute_end[stage - 1]);
    }
  }
}

// Each half's products wait for its own sums, and the other half computes meanwhile.
TEST(TimelineOf, TwoBatchesTakeTurns) {
  const auto [bill, trace] = Drawn(Cluster(), DecodeOf(Dense(), 8, 1, Overlap::kTwoBatch));
  EXPECT_LT(bill.exposed, bill.communication);
  std::map<std::string, TraceEvent> by_name;
  for (const TraceEvent& event : trace.events) by_name[trace.NameOf(event)] = event;
  for (const std::string half : {"a", "b"}) {
    for (int layer = 0; layer < 32; ++layer) {
      const std::string ending = ", half " + half + ", layer " + std::to_string(layer);
      const TraceEvent& output = by_name.at("attention output" + ending);
      const TraceEvent& sum = by_name.at("attention output all-reduce" + ending);
      const TraceEvent& up = by_name.at("mlp up" + ending);
      EXPECT_GE(sum.start, output.end);
      EXPECT_GE(up.start, sum.end);
    }
  }
}

// A tile of the sum starts when its part of the product is there and the tile before has gone.
TEST(TimelineOf, TilesFollowEachOther) {
  StepRequest request = DecodeOf(Dense(), 8, 1, Overlap::kTiles);
  request.demand = Prefill(4, 2000);
  const auto [bill, trace] = Drawn(Cluster(), request);
  EXPECT_LT(bill.exposed, bill.communication);
  std::map<std::string, TraceEvent> by_name;
  for (const TraceEvent& event : trace.events) by_name[trace.NameOf(event)] = event;
  const auto at = [&](const char* what, int tile) {
    return by_name.at(std::string(what) + " tile " + std::to_string(tile) + ", layer 7");
  };
  EXPECT_GE(at("mlp down all-reduce", 0).start, at("mlp down", 0).end);
  EXPECT_GE(at("mlp down all-reduce", 1).start, at("mlp down", 1).end);
  EXPECT_LT(at("mlp down all-reduce", 0).start, at("mlp down", 1).end);
}

TEST(TimelineOf, SaysWhatAnEventIs) {
  const auto [bill, trace] = Drawn(Cluster(), DecodeOf(Dense(), 8, 1, Overlap::kNone, 1));
  std::map<std::string, TraceArgument> arguments;
  for (const TraceItem& item : trace.items) {
    if (item.name != "mlp down all-reduce") continue;
    for (const TraceArgument& argument : item.arguments) arguments[argument.name] = argument;
  }
  EXPECT_EQ(std::get<double>(arguments["bytes"].value), 8192);
  EXPECT_EQ(std::get<double>(arguments["ranks"].value), 8);
  EXPECT_EQ(std::get<std::string>(arguments["algorithm"].value), "ring");
  EXPECT_EQ(std::get<std::string>(arguments["engine"].value), "ring");
  EXPECT_EQ(std::get<std::string>(arguments["group"].value), "tp");
  EXPECT_EQ(EventsNamed(trace, "mlp down all-reduce, layer "), 32U);
}

TEST(TimelineOf, SaysWhatItDoesNotShow) {
  StepRequest request = DecodeOf(Dense(), 8);
  request.overlap_fraction = 0.5;
  EXPECT_THAT(Drawn(Cluster(), request).trace.notes,
              ::testing::ElementsAre(HasSubstr("only the rest is drawn")));
  static const Transformer kLocal = Gemma27B();
  request = DecodeOf(kLocal, 4, 1, Overlap::kTwoBatch);
  EXPECT_THAT(Drawn(Cluster(), request).trace.notes,
              ::testing::ElementsAre(HasSubstr("of one kind run in a row")));
}

TEST(TimelineOf, RefusesWhatTheBillRefuses) {
  EXPECT_THAT(TimelineOf(Cluster(), DecodeOf(Dense(), 3)),
              IsError(ErrorCode::kUnsupported, HasSubstr("3")));
}

}  // namespace
}  // namespace commplan
