#include "model/step/serving.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "model/base/test_matchers.h"

namespace commplan {
namespace {

// A prompt of 200 ms alone, 150 ms in a full step.
constexpr PromptTimes kPrompts{Millis(200), Millis(150)};

// 9 other sequences with answers of 100 tokens: in a step 0.09 prompts. In the queue are
// 10·150/(2·100·20) of them.
TEST(ServeTest, AddsThePromptsOfTheOthers) {
  const Served served = Serve({1000, 100}, Millis(20), kPrompts, {.sequences = 10});
  EXPECT_NEAR(InMillis(served.tpot), 20 + 0.09 * 150, 1e-9);
  EXPECT_NEAR(served.requests, 10 / (100 * 0.0335), 1e-9);
  EXPECT_NEAR(served.tokens, 10 / 0.0335, 1e-9);
  EXPECT_NEAR(InMillis(served.ttft), 20 + 200 + 0.375 * 150, 1e-9);
  EXPECT_NEAR(InMillis(served.end_to_end), InMillis(served.ttft) + 99 * 33.5, 1e-6);
}

TEST(ServeTest, StagesWorkOnPromptsSideBySide) {
  EngineLoad load{.sequences = 10, .stages = 3};
  const Served served = Serve({1000, 100}, Millis(20), kPrompts, load);
  EXPECT_NEAR(InMillis(served.tpot), 20 + 0.09 * 50, 1e-9);
}

TEST(ServeTest, MoreRequestsThanItCarriesWaitForEver) {
  EngineLoad load{.sequences = 10, .rate = 7};
  const Served served = Serve({1000, 100}, Millis(20), kPrompts, load);
  EXPECT_FALSE(std::isfinite(InSeconds(served.ttft)));
}

TEST(ServeTest, FewRequestsHardlyWait) {
  EngineLoad load{.sequences = 10, .rate = 0.01};
  const Served alone = Serve({1000, 100}, Millis(20), kPrompts, load);
  load.rate = 2;
  load.quantile = 0.95;
  const Served busy = Serve({1000, 100}, Millis(20), kPrompts, load);
  EXPECT_NEAR(InMillis(alone.ttft), 220, 10);
  EXPECT_GT(busy.ttft, alone.ttft + Millis(50));
}

// A queue played request by request: arrivals by chance, a fixed time for each.
std::vector<double> PlayQueue(double rate, double service, int requests) {
  std::mt19937 random(11);
  std::exponential_distribution<> gap(rate);
  std::vector<double> waits;
  double now = 0, free = 0;
  for (int i = 0; i < requests; ++i) {
    now += gap(random);
    const double start = std::max(now, free);
    waits.push_back(start - now);
    free = start + service;
  }
  return waits;
}

TEST(QueueWaitTest, EqualsAPlayedQueue) {
  constexpr double kService = 0.1;
  for (const double busy : {0.2, 0.5, 0.8}) {
    SCOPED_TRACE(busy);
    const double rate = busy / kService;
    std::vector<double> waits = PlayQueue(rate, kService, 400'000);
    double mean = 0;
    for (const double wait : waits) mean += wait / static_cast<double>(waits.size());
    EXPECT_NEAR(InSeconds(QueueWait(Seconds(kService), rate, 0)), mean, 0.06 * mean);
    std::sort(waits.begin(), waits.end());
    const double played = waits[waits.size() * 95 / 100];
    // The exponential tail is an approximation: near where the queue is often busy.
    const double tail = InSeconds(QueueWait(Seconds(kService), rate, 0.95));
    EXPECT_NEAR(tail, played, 0.35 * played + 0.02 * kService);
  }
}

}  // namespace
}  // namespace commplan
