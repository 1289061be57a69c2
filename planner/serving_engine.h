// One engine of a serving plan, between its steps and the metrics of all engines: what the search
// and the detail of a single plan compute in the same way.
#pragma once

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/memory/fit.h"
#include "model/memory/serving.h"
#include "model/step/machine.h"
#include "planner/serving.h"

namespace commplan::planner {

// Whether the question has an answer at all.
Status CheckQuestion(const ServingQuestion& question);

// Whether the engines should be as few as will do: then the cost is least as well.
bool SavesDevices(const ServingQuestion& question);

// What was fitted to the stack's engine; null where the profile does not know it.
const ServingCost* CostOf(const Machine& machine, const ServingQuestion& question, int stack);

// Sequences at their full length, and a step with a whole prompt in it.
ServingLoad LoadOf(const Machine& machine, const ServingQuestion& question,
                   const ServingPlan& plan);
Result<MemoryNeed> NeedOf(const Machine& machine, const ServingQuestion& question,
                          const ServingPlan& plan);

// What of a plan does not depend on how many engines stand side by side.
struct EngineTimes {
  Time decode{};
  PromptTimes prompts;  // of mean length
  Time longest{};       // of the length that targets are for, alone
  const ServingCost* cost = nullptr;
  Bytes memory{};
};

// `engines` of them share the requests.
Served ServedBy(const ServingQuestion& question, const ServingPlan& plan, const EngineTimes& times,
                int engines);
Metrics MetricsOf(const ServingQuestion& question, const Layout& layout, int engines,
                  const EngineTimes& times, const Served& served);

}  // namespace commplan::planner
