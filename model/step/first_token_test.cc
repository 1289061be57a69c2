#include "model/step/first_token.h"

#include <gtest/gtest.h>

#include "model/base/quantity.h"
#include "model/base/test_matchers.h"
#include "model/step/test_machine.h"
#include "model/workload/test_models.h"

namespace commplan {
namespace {

// 10 ms in front, 2 steps of 5 ms, a prompt of 0.5 x 100 ms, and 0.5 x 40 ms for each one before:
// 0.2 x 8 / 2 that came together, and 9 x 20 ms / (2 x 90 x 5 ms) in the queue.
TEST(FirstToken, AddsUpWhatStandsBefore) {
  const FirstTokenCost cost{.front = Millis(10), .steps = 2, .prefill = 0.5, .burst = 0.2};
  const FirstTokenLoad load{.requests = 9,
                            .output = 90,
                            .decode = Millis(5),
                            .prompts = {.alone = Millis(100), .each = Millis(40)}};
  EXPECT_NEAR(InMillis(FirstToken(cost, load)), 10 + 10 + 50 + 20 * (0.8 + 0.2), 1e-9);
}

// The share u of prompts gives u / (2 (1 - u)) prompts in the queue.
TEST(FirstToken, QueueIsThatOfServiceOneByOne) {
  const FirstTokenCost plain{.steps = 0};
  const double n = 7, output = 30, decode = 3, each = 11;
  const double busy = n * each / (n * each + output * decode);
  const FirstTokenLoad load{.requests = n,
                            .output = output,
                            .decode = Millis(decode),
                            .prompts = {.alone = Time(), .each = Millis(each)}};
  EXPECT_NEAR(InMillis(FirstToken(plain, load)), each * busy / (2 * (1 - busy)), 1e-9);
}

TEST(FirstToken, FullStepsHaveWholePrompts) {
  const Machine machine = TestMachine();
  Result<StepPricer> pricer = StepPricer::Create(machine, "", "");
  ASSERT_THAT(pricer, IsOk());
  const Transformer model = Llama8B();
  StepRequest request;
  request.model = &model;
  const Result<PromptTimes> two = PromptTimesOf(*pricer, request, 3000, 8192);
  ASSERT_THAT(two, IsOk());
  request.demand = Prefill(2, 3000);
  const Result<StepTimes> both = pricer->TimesOf(request);
  ASSERT_THAT(both, IsOk());
  EXPECT_EQ(two->each, both->step / 2);
  EXPECT_LT(two->each, two->alone);
  const Result<PromptTimes> one = PromptTimesOf(*pricer, request, 9000, 8192);
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->each, one->alone);
}

}  // namespace
}  // namespace commplan
