#include "model/step/serving.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/base/check.h"

namespace commplan {

Time QueueWait(Time service, double rate, double quantile) {
  const double busy = rate * InSeconds(service);
  CHECK(busy >= 0 && busy < 1);
  const Time scale = service / (2 * (1 - busy));
  if (quantile <= 0) return scale * busy;
  return scale * std::max(0.0, std::log(busy / (1 - quantile)));
}

Served Serve(const RequestShape& shape, Time decode, const PromptTimes& prompts,
             const EngineLoad& load) {
  Served served;
  const double others = std::max(0.0, load.sequences - 1);
  const Time service = prompts.each / load.stages;
  served.tpot = decode + service * (load.interference * others / shape.output);
  served.requests = load.sequences / (shape.output * InSeconds(served.tpot));
  served.tokens = served.requests * shape.output;
  FirstTokenLoad first{.requests = load.sequences,
                       .output = shape.output,
                       .decode = decode,
                       .prompts = {.alone = prompts.alone, .each = service}};
  Time tail;
  if (load.rate > 0) {
    first.requests =
        std::min(load.sequences, std::max(1.0, load.rate * shape.output * InSeconds(served.tpot)));
    // Too many requests: the queue grows without end, which requests < rate says as well.
    const bool endless = load.rate * InSeconds(service) >= 1;
    tail = endless ? Seconds(std::numeric_limits<double>::infinity())
                   : Max(Time(), QueueWait(service, load.rate, load.quantile) -
                                     QueueWait(service, load.rate, 0));
  }
  served.ttft = FirstToken(load.first, first) + tail;
  served.end_to_end = served.ttft + served.tpot * (shape.output - 1);
  return served;
}

}  // namespace commplan
