// The choice between ways, the price of the chosen one and of the others, and what would help: in
// unit-sized worlds, worked out by hand.
#include "model/collective/price.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "model/base/test_matchers.h"

namespace commplan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// 4 ranks on a switch: 10 s per message, 1 byte/s.
Fabric SwitchOf(Time latency, Bandwidth bandwidth) {
  Tier tier{.name = "switch", .ranks = 4, .bandwidth = bandwidth, .latency = latency};
  return {{tier}};
}

const Fabric& Switch() {
  static const Fabric kSwitch = SwitchOf(Seconds(10), Bps(1));
  return kSwitch;
}

// Such nodes on a network of one card each: 100 s per message, a quarter of a byte per second.
Fabric NodesOf(Time latency, Bandwidth bandwidth) {
  Fabric fabric = Switch();
  fabric.tiers.push_back({.name = "network", .bandwidth = bandwidth, .latency = latency});
  return fabric;
}

const Fabric& Nodes() {
  static const Fabric kNodes = NodesOf(Seconds(100), Bps(0.25));
  return kNodes;
}

Engine EngineOf(EngineRule rule, const std::string& name) {
  Engine engine;
  engine.name = name;
  engine.rule = rule;
  return engine;
}

Engine FixedTo(Algorithm algorithm) {
  Engine engine = EngineOf(EngineRule::kFixed, "fixed");
  engine.fixed = algorithm;
  return engine;
}

// Kernels for one-shot (5 s of launch, 1 s of barrier) and two-shot (2 s of launch), and a fallback
// to the cheapest textbook way.
std::vector<Engine> RulesAndIdeal() {
  Engine rules = EngineOf(EngineRule::kRules, "rules");
  rules.kernels = {{.algorithm = Algorithm::kOneShot,
                    .launch = Seconds(5),
                    .latency = Seconds(1),
                    .bandwidth_share = 1,
                    .reduction = {}},
                   {.algorithm = Algorithm::kTwoShot,
                    .launch = Seconds(2),
                    .latency = Seconds(1),
                    .bandwidth_share = 1,
                    .reduction = {}}};
  rules.fallback = "ideal";
  Engine ideal = EngineOf(EngineRule::kCheapest, "ideal");
  ideal.band_low = 0.5;
  ideal.band_high = 3;
  return {rules, ideal};
}

ChoiceRule Rule(Algorithm algorithm, double from, double to, int ranks_min = 2, int ranks_max = 8) {
  return {Op::kAllReduce, ranks_min, ranks_max, B(from), B(to), algorithm};
}

Result<CollectiveModel> Create(const Fabric& fabric, const std::vector<Engine>& engines, Op op,
                               const Group& group,
                               std::optional<Algorithm> algorithm = std::nullopt) {
  return CollectiveModel::Create(fabric, engines, engines[0], {op, group, algorithm});
}

// "two-shot of rules"
std::string Chosen(const CollectiveModel& model, Bytes bytes) {
  const Variant& variant = model.VariantOf(model.At(bytes));
  return std::string(Name(variant.card->algorithm)) + " of " + variant.engine->name;
}

Time TotalAt(const CollectiveModel& model, Bytes bytes) { return model.At(bytes).cost.Total(); }

// --- Groups ---

TEST(PriceTest, ASingleRankCostsNothing) {
  const std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  const Fabric nothing;
  for (const Fabric& fabric : {Switch(), nothing}) {
    const auto model = Create(fabric, engines, Op::kAllReduce, {.ranks = 1});
    ASSERT_THAT(model, IsOk());
    const Price price = model->At(GB(1));
    EXPECT_EQ(price.cost.Total(), Seconds(0));
    EXPECT_EQ(price.low, Seconds(0));
    EXPECT_EQ(price.high, Seconds(0));
    EXPECT_THAT(model->AlternativesAt(GB(1)), IsEmpty());
    EXPECT_EQ(model->SensitivityAt(GB(1)).saved_by_half_latency, Seconds(0));
  }
}

TEST(PriceTest, GroupsLargerThanTheFabricAreRefused) {
  const std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 8});
  EXPECT_THAT(model, IsError(ErrorCode::kUnsupported,
                             AllOf(HasSubstr("8 ranks"), HasSubstr("a fabric of 4 ranks"))));
  EXPECT_THAT(model, HasHint(HasSubstr("fewer ranks")));
  EXPECT_THAT(Create(Nodes(), engines, Op::kAllReduce, {.ranks = 8}), IsOk());
}

TEST(PriceTest, WhatAnEngineCannotRunIsUnsupported) {
  const std::vector<Engine> engines{FixedTo(Algorithm::kTwoShot)};
  const auto model = Create(Switch(), engines, Op::kBroadcast, {.ranks = 4});
  EXPECT_THAT(model, IsError(ErrorCode::kUnsupported,
                             "engine fixed has no way to run broadcast among 4 ranks there"));
}

TEST(PriceTest, TheModelRemembersWhatItWasAsked) {
  const std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  const auto model = Create(Nodes(), engines, Op::kAllGather, {.ranks = 8});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->request().op, Op::kAllGather);
  EXPECT_EQ(model->request().group.ranks, 8);
  EXPECT_EQ(model->shape().nodes, 2);
  EXPECT_EQ(model->placement().levels.size(), 2U);
}

// --- The choice ---

// One-shot 10 + 3 S against two-shot 20 + 3/2 S: equal at 6 2/3 bytes. Doubling: 20 + 2 S.
TEST(PriceTest, TheCheapestEngineTakesTheSmallestTime) {
  const std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(Chosen(*model, B(6)), "one-shot of ideal");
  EXPECT_EQ(TotalAt(*model, B(6)), Seconds(28));
  EXPECT_EQ(Chosen(*model, B(8)), "two-shot of ideal");
  EXPECT_EQ(TotalAt(*model, B(8)), Seconds(32));
}

TEST(PriceTest, AFixedEngineTakesItsAlgorithmWhateverItCosts) {
  const std::vector<Engine> engines{FixedTo(Algorithm::kRing)};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(TotalAt(*model, B(4)), Seconds(6 * 10 + 6)) << "6 steps of 10 s, 6 bytes";
  EXPECT_THAT(model->AlternativesAt(B(4)), IsEmpty());
}

TEST(PriceTest, RulesChooseBySizeAndRanks) {
  std::vector<Engine> engines = RulesAndIdeal();
  engines[0].rules = {Rule(Algorithm::kOneShot, 0, 8), Rule(Algorithm::kTwoShot, 16, 64),
                      Rule(Algorithm::kTwoShot, 0, 1000, 8, 8)};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(Chosen(*model, B(0)), "one-shot of rules");
  EXPECT_EQ(Chosen(*model, B(8)), "one-shot of rules") << "the end belongs to the range";
  EXPECT_EQ(TotalAt(*model, B(8)), Seconds(5 + 1 + 3 * 8));
  EXPECT_EQ(Chosen(*model, B(16)), "two-shot of rules") << "and so does the beginning";
  EXPECT_EQ(TotalAt(*model, B(16)), Seconds(2 + 2 * 1 + 2 * 3 * 4));
  // In a hole, beyond all ranges, and for ranks that only another rule speaks of.
  EXPECT_EQ(Chosen(*model, B(12)), "two-shot of ideal");
  EXPECT_EQ(TotalAt(*model, B(12)), Seconds(20 + 18));
  EXPECT_EQ(Chosen(*model, B(65)), "two-shot of ideal");
}

TEST(PriceTest, TheFirstRuleThatMatchesDecides) {
  std::vector<Engine> engines = RulesAndIdeal();
  engines[0].rules = {Rule(Algorithm::kOneShot, 0, 8), Rule(Algorithm::kTwoShot, 0, 64)};
  const auto one_first = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  EXPECT_EQ(Chosen(*one_first, B(8)), "one-shot of rules");
  EXPECT_EQ(Chosen(*one_first, B(9)), "two-shot of rules");
  std::swap(engines[0].rules[0], engines[0].rules[1]);
  const auto two_first = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  EXPECT_EQ(Chosen(*two_first, B(8)), "two-shot of rules");
  // A rule whose kernel does not run there is no match.
  engines[0].rules = {Rule(Algorithm::kNvls, 0, 64), Rule(Algorithm::kTwoShot, 0, 64)};
  const auto without = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  EXPECT_EQ(Chosen(*without, B(8)), "two-shot of rules");
}

TEST(PriceTest, TheFallbackRunsWhatRulesDoNotKnow) {
  std::vector<Engine> engines = RulesAndIdeal();
  engines[0].rules = {Rule(Algorithm::kOneShot, 0, 8)};
  EXPECT_EQ(Chosen(*Create(Switch(), engines, Op::kAllGather, {.ranks = 4}), B(8)),
            "direct of ideal");
  EXPECT_EQ(Chosen(*Create(Nodes(), engines, Op::kAllReduce, {.ranks = 8}), B(8)),
            "hierarchical of ideal")
      << "kernels stay inside a node";
  // Without a fallback the cheapest kernel runs it: two-shot 4 + 6 s against one-shot 6 + 12 s.
  engines[0].fallback.clear();
  EXPECT_EQ(Chosen(*Create(Switch(), engines, Op::kAllReduce, {.ranks = 4}), B(9)),
            "two-shot of rules");
  EXPECT_THAT(Create(Switch(), engines, Op::kAllGather, {.ranks = 4}),
              IsError(ErrorCode::kUnsupported, HasSubstr("engine rules has no way")));
}

// 8 bytes over 2 nodes of 4: twice 3 steps of 10 s and 2 bytes inside, between them 2 messages of
// 100 s and 2 bytes of 16 s, as 4 ranks share the card. A second chunk would cost another 200 s.
TEST(PriceTest, OverNodesAHierarchyCrossesTheNetworkLeast) {
  const std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  const auto model = Create(Nodes(), engines, Op::kAllReduce, {.ranks = 8});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(Chosen(*model, B(8)), "hierarchical of ideal");
  EXPECT_EQ(TotalAt(*model, B(8)), Seconds(2 * 36 + 232));
  // The flat ring of SensitivityTest takes 556 s.
  ASSERT_EQ(model->AlternativesAt(B(8)).size(), 1U);
  EXPECT_EQ(model->AlternativesAt(B(8))[0].slower_by, Seconds(252));
}

TEST(PriceTest, AnAlgorithmCanBePinned) {
  const std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  const auto model =
      Create(Switch(), engines, Op::kAllReduce, {.ranks = 4}, Algorithm::kRecursiveDoubling);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(TotalAt(*model, B(1000)), Seconds(2 * 10 + 2 * 1000));
  EXPECT_EQ(model->variants().size(), 1U);
  // Over the heads of rules; and one that only the fallback has.
  std::vector<Engine> rules = RulesAndIdeal();
  rules[0].rules = {Rule(Algorithm::kOneShot, 0, 100)};
  EXPECT_EQ(
      Chosen(*Create(Switch(), rules, Op::kAllReduce, {.ranks = 4}, Algorithm::kTwoShot), B(8)),
      "two-shot of rules");
  EXPECT_EQ(Chosen(*Create(Switch(), rules, Op::kAllReduce, {.ranks = 4}, Algorithm::kRing), B(8)),
            "ring of ideal");
}

TEST(PriceTest, APinnedAlgorithmThatIsNotThereNamesThoseThatAre) {
  const std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  const auto model = Create(Nodes(), engines, Op::kAllReduce, {.ranks = 8}, Algorithm::kNvls);
  EXPECT_THAT(model, IsError(ErrorCode::kUnsupported,
                             "engine ideal does not run all-reduce among 8 ranks by nvls"));
  EXPECT_THAT(model, HasHint("it can use ring, hierarchical"));
  // An engine's name stands once, even where its fallback has the same algorithm.
  const auto rules =
      Create(Switch(), RulesAndIdeal(), Op::kAllReduce, {.ranks = 4}, Algorithm::kPat);
  EXPECT_THAT(rules, HasHint(AllOf(HasSubstr("it can use one-shot, two-shot, ring, "),
                                   Not(HasSubstr("tree, one-shot")))));
}

// --- The others, and the band ---

TEST(PriceTest, AlternativesAreSortedAndSigned) {
  std::vector<Engine> engines{EngineOf(EngineRule::kCheapest, "ideal")};
  // All-gather of 8 bytes among 4 ranks: 6 bytes each, in 1, 2 or 3 steps of 10 s.
  const auto cheapest = Create(Switch(), engines, Op::kAllGather, {.ranks = 4});
  ASSERT_THAT(cheapest, IsOk());
  EXPECT_EQ(Chosen(*cheapest, B(8)), "direct of ideal");
  std::vector<Time> times, slower;
  for (const Alternative& other : cheapest->AlternativesAt(B(8))) {
    times.push_back(other.time);
    slower.push_back(other.slower_by);
    EXPECT_NE(other.variant, cheapest->At(B(8)).variant);
  }
  EXPECT_THAT(times, ElementsAre(Seconds(26), Seconds(26), Seconds(36)));
  EXPECT_THAT(slower, ElementsAre(Seconds(10), Seconds(10), Seconds(20)));
}

// A rule that sends 100 bytes by one-shot (306 s), though two-shot takes 2 + 2 + 150 = 154 s and
// the textbook's two-shot 170 s.
TEST(PriceTest, AnAlternativeCanBeFasterThanTheEngineChoice) {
  std::vector<Engine> engines = RulesAndIdeal();
  engines[0].rules = {Rule(Algorithm::kOneShot, 0, 1000)};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(TotalAt(*model, B(100)), Seconds(306));
  const std::vector<Alternative> others = model->AlternativesAt(B(100));
  ASSERT_EQ(others.size(), model->variants().size() - 1);
  EXPECT_EQ(others[0].time, Seconds(154));
  EXPECT_EQ(others[0].slower_by, Seconds(-152));
  EXPECT_EQ(others[1].time, Seconds(170));
  for (std::size_t i = 1; i < others.size(); ++i) EXPECT_GE(others[i].time, others[i - 1].time);
}

TEST(PriceTest, TheBandIsThatOfTheEngineThatRuns) {
  std::vector<Engine> engines = RulesAndIdeal();
  engines[0].rules = {Rule(Algorithm::kOneShot, 0, 8)};
  engines[0].band_low = 0.75;
  engines[0].band_high = 1.25;
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  ASSERT_THAT(model, IsOk());
  const Price kernel = model->At(B(2));  // 5 + 1 + 6 s
  EXPECT_EQ(kernel.low, Seconds(9));
  EXPECT_EQ(kernel.high, Seconds(15));
  const Price fallback = model->At(B(16));  // 20 + 24 s
  EXPECT_EQ(fallback.low, Seconds(22));
  EXPECT_EQ(fallback.high, Seconds(132));
}

// The band counts twice, as a ratio, where no measurement stands behind it.
TEST(PriceTest, BeyondTheMeasurementsTheBandIsWider) {
  std::vector<Engine> engines{FixedTo(Algorithm::kRing)};
  engines[0].band_low = 0.5;
  engines[0].band_high = 2;
  engines[0].band_bytes_min = B(4);
  engines[0].band_bytes_max = B(16);
  const auto sized = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  for (const double bytes : {4.0, 16.0}) {
    EXPECT_FALSE(sized->At(B(bytes)).extrapolated) << bytes;
    EXPECT_EQ(sized->At(B(bytes)).high, 2.0 * TotalAt(*sized, B(bytes)));
  }
  for (const double bytes : {0.0, 3.0, 17.0}) {
    EXPECT_TRUE(sized->At(B(bytes)).extrapolated) << bytes;
    EXPECT_EQ(sized->At(B(bytes)).low, 0.25 * TotalAt(*sized, B(bytes)));
    EXPECT_EQ(sized->At(B(bytes)).high, 4.0 * TotalAt(*sized, B(bytes)));
  }
  const auto extrapolated = [&](const Fabric& fabric, const Group& group) {
    return Create(fabric, engines, Op::kAllReduce, group)->At(B(8)).extrapolated;
  };
  engines[0].band_nodes_max = 1;
  EXPECT_FALSE(extrapolated(Nodes(), {.ranks = 4}));
  EXPECT_TRUE(extrapolated(Nodes(), {.ranks = 8}));
  EXPECT_TRUE(extrapolated(Nodes(), {.ranks = 2, .stride = 4})) << "a rank on each of two nodes";
  engines[0].band_nodes_max = 0;
  engines[0].band_ranks_max = 4;
  EXPECT_FALSE(extrapolated(Nodes(), {.ranks = 4}));
  EXPECT_TRUE(extrapolated(Nodes(), {.ranks = 8}));
}

// --- What would help ---

double Elasticity(const Sensitivity& sensitivity, Symbol symbol) {
  return sensitivity.elasticity[static_cast<std::size_t>(symbol)];
}

// Ring of 4 ranks, 40 bytes: 6 steps of 10 s and 60 bytes at 1 byte/s.
TEST(SensitivityTest, OfARing) {
  const std::vector<Engine> engines{FixedTo(Algorithm::kRing)};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  ASSERT_THAT(model, IsOk());
  const Sensitivity what_if = model->SensitivityAt(B(40));
  EXPECT_EQ(what_if.saved_by_half_latency, Seconds(30));
  EXPECT_EQ(what_if.saved_by_double_bandwidth, Seconds(30));
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kLatency), 0.5);
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kBandwidth), -0.5);
  EXPECT_EQ(Elasticity(what_if, Symbol::kNetLatency), 0);
  EXPECT_EQ(Elasticity(what_if, Symbol::kBytes), 0) << "only of what could be bought";
}

TEST(SensitivityTest, OfPureLatencyAndOfPureBandwidth) {
  const std::vector<Engine> engines{FixedTo(Algorithm::kRing)};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  const Sensitivity empty = model->SensitivityAt(B(0));
  EXPECT_DOUBLE_EQ(Elasticity(empty, Symbol::kLatency), 1);
  EXPECT_EQ(Elasticity(empty, Symbol::kBandwidth), 0);
  EXPECT_EQ(empty.saved_by_half_latency, Seconds(30));
  EXPECT_EQ(empty.saved_by_double_bandwidth, Seconds(0));

  const Fabric instant = SwitchOf(Seconds(0), Bps(1));
  const auto bulk = Create(instant, engines, Op::kAllReduce, {.ranks = 4});
  const Sensitivity full = bulk->SensitivityAt(B(40));
  EXPECT_EQ(Elasticity(full, Symbol::kLatency), 0);
  EXPECT_DOUBLE_EQ(Elasticity(full, Symbol::kBandwidth), -1);
  EXPECT_EQ(full.saved_by_half_latency, Seconds(0));
  EXPECT_EQ(full.saved_by_double_bandwidth, Seconds(30));
  EXPECT_EQ(Elasticity(bulk->SensitivityAt(B(0)), Symbol::kLatency), 0) << "nothing of nothing";
}

// One-shot by a kernel: 5 s of launch and 1 s of barrier count as latency, 24 bytes do not.
TEST(SensitivityTest, TheCallItselfCountsAsLatency) {
  std::vector<Engine> engines = RulesAndIdeal();
  engines[0].rules = {Rule(Algorithm::kOneShot, 0, 8)};
  const auto model = Create(Switch(), engines, Op::kAllReduce, {.ranks = 4});
  const Sensitivity what_if = model->SensitivityAt(B(8));
  EXPECT_EQ(what_if.saved_by_half_latency, Seconds(3));
  EXPECT_EQ(what_if.saved_by_double_bandwidth, Seconds(12));
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kLaunch), 5.0 / 30);
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kLatency), 1.0 / 30);
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kBandwidth), -24.0 / 30);
}

// A flat ring over 2 nodes of 4, 8 bytes: 14 steps of a byte; 10 of 10 s, 4 of 100 s; at 1 byte/s
// inside, and 4 s per byte across, of which 3 s are the network's.
TEST(SensitivityTest, OverNodesEqualsPricingTheBetterFabric) {
  const std::vector<Engine> engines{FixedTo(Algorithm::kRing)};
  const auto model = Create(Nodes(), engines, Op::kAllReduce, {.ranks = 8});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(TotalAt(*model, B(8)), Seconds(100 + 400 + 14 + 42));
  const Sensitivity what_if = model->SensitivityAt(B(8));
  Fabric quick = NodesOf(Seconds(50), Bps(0.25)), wide = NodesOf(Seconds(100), Bps(0.5));
  quick.tiers[0].latency = Seconds(5);
  wide.tiers[0].bandwidth = Bps(2);
  EXPECT_EQ(
      what_if.saved_by_half_latency,
      TotalAt(*model, B(8)) - TotalAt(*Create(quick, engines, Op::kAllReduce, {.ranks = 8}), B(8)));
  EXPECT_EQ(what_if.saved_by_half_latency, Seconds(250));
  EXPECT_EQ(
      what_if.saved_by_double_bandwidth,
      TotalAt(*model, B(8)) - TotalAt(*Create(wide, engines, Op::kAllReduce, {.ranks = 8}), B(8)));
  EXPECT_EQ(what_if.saved_by_double_bandwidth, Seconds(28));
  // The slower link sets the pace: of the 56 s for bytes none depends on the links inside.
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kLatency), 100.0 / 556);
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kNetLatency), 400.0 / 556);
  EXPECT_NEAR(Elasticity(what_if, Symbol::kBandwidth), 0, 1e-15);
  EXPECT_DOUBLE_EQ(Elasticity(what_if, Symbol::kNetBandwidth), -56.0 / 556);
}

// --- Regimes ---

TEST(RegimeTest, IsTheKindOfTermThatTakesMost) {
  Cost cost;
  cost.Add(Term::kLaunch, Seconds(2)).Add(Term::kLatency, Seconds(2));
  cost.Add(Term::kNetworkLatency, Seconds(2));
  EXPECT_EQ(RegimeOf(cost), Regime::kLatency);
  cost.Add(Term::kBandwidth, Seconds(2)).Add(Term::kFill, Seconds(2)).Add(Term::kCopy, Seconds(1));
  EXPECT_EQ(RegimeOf(cost), Regime::kLatency) << "6 s against 5 s";
  cost.Add(Term::kNetworkBandwidth, Seconds(1)).Add(Term::kContention, Seconds(1));
  EXPECT_EQ(RegimeOf(cost), Regime::kBandwidth) << "6 s against 7 s";
  cost.Add(Term::kReduce, Seconds(8));
  EXPECT_EQ(RegimeOf(cost), Regime::kReduction);
  cost.Add(Term::kEncode, Seconds(5)).Add(Term::kDecode, Seconds(5));
  EXPECT_EQ(RegimeOf(cost), Regime::kCodec);
  EXPECT_EQ(RegimeOf(Cost()), Regime::kLatency) << "nothing to send still takes a call";
}

TEST(RegimeTest, HasAWord) {
  EXPECT_EQ(Name(Regime::kLatency), "latency");
  EXPECT_EQ(Name(Regime::kBandwidth), "bandwidth");
  EXPECT_EQ(Name(Regime::kReduction), "reduction");
  EXPECT_EQ(Name(Regime::kCodec), "codec");
}

}  // namespace
}  // namespace commplan
