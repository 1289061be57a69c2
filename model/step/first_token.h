// How long a request waits for its first token in an engine that is kept busy: as each request ends
// the next one comes.
//
//   ttft = front + steps t + f (T + s before)
//   before = burst (n - 1) / 2 + n f s / (2 O t)
//
// t is a decode step, T a prompt alone, s the part of a prompt in a step that is full of prompts, n
// the requests in flight, O the tokens of an answer. Front, steps, f and burst are the engine's
// (FirstTokenCost). `before` is the prompts that run first: half of those that came at the same
// time, and those of a queue that is served one by one and filled by chance (M/D/1,
// u / (2 (1 - u)) of them), where prompts take the share u = n f s / (n f s + O t) of the time.
//
// Not captured: requests that wait for memory or for a place in the engine, prompts that share a
// prefix, clients that send in bursts of another kind than those that were fitted.
#pragma once

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/step/compute_profile.h"
#include "model/step/pricer.h"

namespace commplan {

struct PromptTimes {
  Time alone{};  // T: one prompt on each attention rank
  Time each{};   // s
};

// Of prompts of `tokens`; a full step has as many whole prompts as fit into `step_tokens` on each
// attention rank, at least one. The demand of `request` is not looked at.
Result<PromptTimes> PromptTimesOf(StepPricer& pricer, StepRequest request, double tokens,
                                  double step_tokens);

struct FirstTokenLoad {
  double requests = 1;  // n, in one engine
  double output = 1;    // O
  Time decode{};        // t, with what the engine adds
  PromptTimes prompts;
};

Time FirstToken(const FirstTokenCost& cost, const FirstTokenLoad& load);

}  // namespace commplan
