#include <utility>

#include "cli/report/plan_parts.h"
#include "cli/report/plan_report.h"
#include "cli/report/plot.h"

namespace commplan::report {
namespace {

using planner::Metric;
using planner::Metrics;

template <class Plans, class PointOf>
std::string Picture(const Plans& plans, PlotAxis x, PlotAxis y, const PointOf& point_of) {
  Plot plot;
  plot.x = std::move(x);
  plot.y = std::move(y);
  PlotSeries pareto{.name = "Pareto set", .style = SeriesStyle::kStep, .points = {}};
  for (const auto& one : plans.found->Pareto()) pareto.points.push_back(point_of(one.metrics));
  PlotSeries best{.name = "best by the objective", .style = SeriesStyle::kPoints, .points = {}};
  for (const auto& one : plans.found->Best()) best.points.push_back(point_of(one.metrics));
  plot.series = {std::move(pareto), std::move(best)};
  PlotPage page;
  page.title = PlanTitle(plans.frame);
  page.subtitle = EvaluatedText(plans.frame, *plans.found);
  page.plots = {std::move(plot)};
  return RenderSvg(page);
}

double MicrosOf(double seconds) { return InMicros(Seconds(seconds)); }

}  // namespace

std::string PlanPlot(const ServingPlans& plans) {
  return Picture(plans, {.label = "time per token", .kind = AxisKind::kTimeUs, .log = true},
                 {.label = "tokens per second and device", .kind = AxisKind::kNumber, .log = true},
                 [](const Metrics& m) {
                   return PlotPoint{MicrosOf(m[Metric::kTpot]), m[Metric::kThroughput]};
                 });
}

std::string PlanPlot(const TrainingPlans& plans) {
  return Picture(plans, {.label = "time of a step", .kind = AxisKind::kTimeUs, .log = true},
                 {.label = "memory of a device", .kind = AxisKind::kBytes}, [](const Metrics& m) {
                   return PlotPoint{MicrosOf(m[Metric::kStep]), m[Metric::kMemory]};
                 });
}

}  // namespace commplan::report
