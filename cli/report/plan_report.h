// The answer of a search for plans as a document: the best plan and what it rests on, those that
// come next, the Pareto set, and why the others were refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/document.h"
#include "model/step/machine.h"
#include "planner/launch.h"
#include "planner/serving.h"
#include "planner/training.h"

namespace commplan::report {

// What both kinds of search have.
struct PlanFrame {
  std::string profile, model, workload;
  int devices = 1;
  std::vector<std::string> notes;
  bool complete = true;
  std::int64_t cells = 0;
  std::optional<double> seconds;  // with --timing
  // Where nothing was found: what would change that.
  std::vector<std::string> changes;
};

struct ServingPlans {
  PlanFrame frame;
  const planner::ServingQuestion* question = nullptr;
  const planner::Collector<planner::ServingPlan>* found = nullptr;
  std::vector<planner::ServingDetail> details;  // of the best plans, in their order
  std::vector<planner::Challenge> lost;
  planner::Uncertainty uncertainty;
  std::optional<planner::Metrics> more_memory;  // the best with twice the memory
};

struct TrainingPlans {
  PlanFrame frame;
  const planner::TrainingQuestion* question = nullptr;
  const planner::Collector<TrainPlan>* found = nullptr;
  std::vector<TrainBill> bills;
  std::vector<planner::Challenge> lost;
  planner::Uncertainty uncertainty;
  std::optional<planner::Metrics> more_memory;
  double run_tokens = 0;  // of the whole run; 0: not known
};

Document PlanDocument(const ServingPlans& plans);
Document PlanDocument(const TrainingPlans& plans);

// The Pareto set as a picture (SVG), the best plans marked.
std::string PlanPlot(const ServingPlans& plans);
std::string PlanPlot(const TrainingPlans& plans);

}  // namespace commplan::report
