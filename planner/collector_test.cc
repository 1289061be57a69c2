#include "planner/collector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace commplan::planner {
namespace {

struct Plan {
  int name = 0;
};

Scored<Plan> One(int name, double tpot, double throughput) {
  Scored<Plan> one{{name}, {}, name, name};
  one.metrics[Metric::kTpot] = tpot;
  one.metrics[Metric::kThroughput] = throughput;
  return one;
}

Wanted Both(std::size_t top) {
  return {.objective = {Metric::kTpot, Metric::kThroughput},
          .pareto = {Metric::kTpot, Metric::kThroughput},
          .top = top};
}

TEST(CollectorTest, LessTimeIsBetterAndMoreThroughputIs) {
  const Metrics fast = One(0, 1, 5).metrics, busy = One(1, 2, 9).metrics;
  EXPECT_LT(Compare(fast, busy, {Metric::kTpot}), 0);
  EXPECT_GT(Compare(fast, busy, {Metric::kThroughput}), 0);
  EXPECT_FALSE(Dominates(fast, busy, {Metric::kTpot, Metric::kThroughput}));
  EXPECT_TRUE(Dominates(fast, busy, {Metric::kTpot}));
  EXPECT_FALSE(Dominates(fast, fast, {Metric::kTpot}));
}

TEST(CollectorTest, EqualPlansAreToldApartByTheirNumber) {
  Collector<Plan> all(Both(1));
  for (const int name : {3, 1, 2}) all.Offer(One(name, 5, 5));
  ASSERT_EQ(all.Best().size(), 1U);
  EXPECT_EQ(all.Best()[0].plan.name, 1);
  ASSERT_EQ(all.Pareto().size(), 1U);
  EXPECT_EQ(all.Pareto()[0].plan.name, 1);
}

TEST(CollectorTest, KeepsOneOfEachFamily) {
  Collector<Plan> all(Both(2));
  const auto offer = [&](int name, double tpot, int family) {
    Scored<Plan> one = One(name, tpot, 1);
    one.family = family;
    all.Offer(one);
  };
  offer(0, 5, 1);
  offer(1, 4, 1);
  offer(2, 9, 2);
  offer(3, 6, 3);
  offer(4, 7, 1);
  offer(5, 1, 3);
  ASSERT_EQ(all.Best().size(), 2U);
  EXPECT_EQ(all.Best()[0].plan.name, 5);
  EXPECT_EQ(all.Best()[1].plan.name, 1);
}

TEST(CollectorTest, KeepsTheNearestOfTheRefused) {
  Collector<Plan> all(Both(1));
  const auto refuse = [&](double excess, int name) {
    all.Refuse(Reason::kMemory, excess, name, Plan{name}, 2, [&] { return std::to_string(name); });
  };
  refuse(0.5, 1);
  refuse(0.1, 3);
  refuse(0.1, 2);
  EXPECT_EQ(all.refused(Reason::kMemory).count, 6);
  EXPECT_EQ(all.refused(Reason::kMemory).text, "2");
  EXPECT_EQ(all.refused(Reason::kTtft).count, 0);
}

// Whatever the order, and however many collectors the plans were spread over.
TEST(CollectorTest, DoesNotDependOnTheOrder) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_int_distribution<> value(1, 12);
    std::vector<Scored<Plan>> plans;
    for (int i = 0; i < 60; ++i) plans.push_back(One(i, value(random), value(random)));
    Collector<Plan> straight(Both(5));
    for (const auto& plan : plans) straight.Offer(plan);
    std::shuffle(plans.begin(), plans.end(), random);
    std::vector<Collector<Plan>> parts(3, Collector<Plan>(Both(5)));
    for (std::size_t i = 0; i < plans.size(); ++i) parts[i % 3].Offer(plans[i]);
    parts[2].Add(parts[0]);
    parts[2].Add(parts[1]);
    const auto same = [](const auto& a, const auto& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](const auto& x, const auto& y) { return x.plan.name == y.plan.name; });
    };
    EXPECT_TRUE(same(straight.Best(), parts[2].Best()));
    EXPECT_TRUE(same(straight.Pareto(), parts[2].Pareto()));
    EXPECT_EQ(straight.evaluated(), parts[2].evaluated());
  }
}

TEST(CollectorTest, ParetoSetIsWhatNothingDominates) {
  std::mt19937 random(3);
  std::uniform_int_distribution<> value(1, 30);
  std::vector<Scored<Plan>> plans;
  Collector<Plan> all(Both(1));
  for (int i = 0; i < 300; ++i) {
    plans.push_back(One(i, value(random), value(random)));
    all.Offer(plans.back());
  }
  const Objective metrics = Both(1).pareto;
  std::size_t expected = 0;
  for (const auto& one : plans) {
    bool free = true;
    for (const auto& other : plans) {
      const bool twin = Compare(other.metrics, one.metrics, metrics) == 0;
      free &=
          !Dominates(other.metrics, one.metrics, metrics) && !(twin && other.number < one.number);
    }
    expected += free ? 1 : 0;
  }
  EXPECT_EQ(all.Pareto().size(), expected);
}

}  // namespace
}  // namespace commplan::planner
