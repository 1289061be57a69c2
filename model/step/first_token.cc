#include "model/step/first_token.h"

#include <algorithm>
#include <cmath>

namespace commplan {

Result<PromptTimes> PromptTimesOf(StepPricer& pricer, StepRequest request, double tokens,
                                  double step_tokens) {
  const double ranks = request.layout.attention_dp;
  request.demand = Prefill(ranks, tokens);
  ASSIGN_OR_RETURN(const StepTimes alone, pricer.TimesOf(request));
  const double prompts = ranks * std::max(1.0, std::floor(step_tokens / tokens));
  request.demand = Prefill(prompts, tokens);
  ASSIGN_OR_RETURN(const StepTimes full, pricer.TimesOf(request));
  return PromptTimes{.alone = alone.step, .each = full.step / prompts};
}

Time FirstToken(const FirstTokenCost& cost, const FirstTokenLoad& load) {
  const Time service = load.prompts.each * cost.prefill;
  const double queue = load.requests * (service / (load.decode * (2 * load.output)));
  const double before = cost.burst * (load.requests - 1) / 2 + queue;
  return cost.front + load.decode * cost.steps + load.prompts.alone * cost.prefill +
         service * before;
}

}  // namespace commplan
