// What the users of an engine see when it works without a pause: how long a request waits for its
// first token, how fast the next ones come, how many requests the engine carries.
//
// An engine keeps b sequences. With t the time of a decode step, s the part of one prompt in a step
// that is full of prompts, k the stages that work on prompts side by side, O the tokens of an
// answer, and x the share of a prompt's time that steps wait for (interference):
//
//   tpot        t + x·s/k·(b - 1)/O        the other sequences' prompts run between the steps
//   requests    b / (O·tpot)               each slot makes a token in that time
//   ttft        as model/step/first_token.h has it, with n requests in flight
//   end to end  ttft + (O - 1)·tpot
//
// Without a rate each request comes when another one ends, and n is b. With one, requests arrive by
// chance at rate r, and n is r·O·tpot, at most b. The first token's queue is that of a mean
// request; where a quantile q is asked for, the exponential tail of the same queue (M/D/1) stands
// in its place: s/k/(2(1 - u))·ln(u/(1 - q)) with u = r·s/k, where u > 1 - q.
//
// Not captured: answers of different lengths, prompts that share a prefix, preemption.
#pragma once

#include "model/base/quantity.h"
#include "model/step/first_token.h"

namespace commplan {

struct RequestShape {
  double prompt = 0;  // tokens
  double output = 1;  // tokens of the answer, the first one included
};

struct EngineLoad {
  double sequences = 1;     // at once
  double stages = 1;        // k
  double rate = 0;          // requests in a second; 0: as many as it carries
  double quantile = 0;      // of the wait; 0: its mean
  double interference = 1;  // x
  FirstTokenCost first{};
};

struct Served {
  Time ttft{};
  Time tpot{};
  Time end_to_end{};
  double requests = 0;  // in a second, that the engine can carry
  double tokens = 0;    // of answers, in a second
};

// `decode` is a step of all sequences of a stage.
Served Serve(const RequestShape& shape, Time decode, const PromptTimes& prompts,
             const EngineLoad& load);

// The wait in a queue of prompts that take `service` each. The share rate·service must be below 1.
Time QueueWait(Time service, double rate, double quantile);

}  // namespace commplan
