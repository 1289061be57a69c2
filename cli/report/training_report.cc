#include "cli/report/training_report.h"

#include <string>
#include <string_view>
#include <utility>

#include "cli/report/bill_explain.h"
#include "cli/report/bill_parts.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

std::string_view RecomputeName(Recompute recompute) {
  switch (recompute) {
    case Recompute::kNone:
      return "none";
    case Recompute::kSelective:
      return "selective";
    case Recompute::kFull:
      return "full";
  }
  return "";
}

schedule::PipelineKind ScheduleOf(const TrainPlan& plan) {
  using Kind = schedule::PipelineKind;
  return plan.schedule.value_or(plan.layout.virtual_stages > 1 ? Kind::kInterleaved
                                                               : Kind::kOneForwardOneBackward);
}

void AddRates(const TrainBill& bill, Json* json) {
  Json& j = *json;
  j["devices"] = bill.devices;
  j["microbatches"] = bill.microbatches;
  j["tokens_per_s"] = bill.tokens_per_second;
  j["model_TFLOPps_per_device"] = InTFlopps(bill.model_rate);
  j["mfu"] = bill.mfu;
}

Json ToJson(const Machine& machine, const TrainRequest& request, const TrainBill& bill) {
  Json json;
  const TrainPlan& plan = request.plan;
  json["schema"] = "commplan/bill/1";
  json["model"] = request.job.model->name;
  json["profile"] = machine.name;
  json["phase"] = "train";
  json["framework"] = bill.framework;
  json["kernels"] = ProviderName(machine, bill.provider);
  json["engine"] = EngineName(machine, request.job.engine);
  AddTimes(bill, "optimizer_us", bill.optimizer, &json);
  AddRates(bill, &json);
  json["layout"] = LayoutJson(
      plan.layout, {{"gtp", plan.sharding.gtp}, {"virtual_stages", plan.layout.virtual_stages}});
  json["schedule"] = schedule::Name(ScheduleOf(plan));
  json["sharding"] = Name(plan.sharding.scheme);
  json["recompute"] = RecomputeName(plan.recompute);
  json["micro_batch"] = plan.micro_batch;
  json["global_batch"] = request.job.global_batch;
  json["sequence"] = request.job.sequence;
  json["precision"] = {{"weights", Name(request.job.precision.weights)},
                       {"activations", Name(request.job.precision.activations)},
                       {"gradients", Name(request.job.precision.gradients)},
                       {"gather", Name(plan.sharding.gather)},
                       {"reduce", Name(plan.sharding.reduce)}};
  json["collectives"] = ListJson(bill.exchanges, LineJson<TrainLine>);
  json["kernel_sites"] = ListJson(bill.kernels, KernelJson<TrainKernelLine>);
  json["stage_times_us"] = ListJson(bill.stage_times, [](Time time) { return InMicros(time); });
  AddEnd(bill, &json);
  return json;
}

Paragraph HeadOf(const Machine& machine, const TrainRequest& request, const TrainBill& bill) {
  const Layout& l = request.plan.layout;
  std::string text = request.job.model->name;
  text += " on ";
  text += machine.name;
  text += ", ";
  text += LayoutText(l, {{"gtp", request.plan.sharding.gtp},
                         {"pp", l.pp},
                         {"virtual stages", l.virtual_stages},
                         {"dp", l.dp},
                         {"ep", l.ep},
                         {"cp", l.cp}});
  text += ", recompute ";
  text += RecomputeName(request.plan.recompute);
  text += ": a training step of " + NumberForPeople(request.job.global_batch) + " sequences of " +
          NumberForPeople(request.job.sequence) + " tokens, " + NumberForPeople(bill.microbatches) +
          " microbatches of " + NumberForPeople(request.plan.micro_batch) + "; kernels of " +
          ProviderName(machine, bill.provider) + ", collectives of " +
          EngineName(machine, request.job.engine);
  return {std::move(text)};
}

Table SplitOf(const TrainBill& bill) {
  Table table = SplitTable(bill, "optimizer", bill.optimizer);
  table.rows.push_back({"tokens per second", NumberForPeople(bill.tokens_per_second), ""});
  table.rows.push_back({"model flops over the bf16 peak", ShareForPeople(bill.mfu), ""});
  return table;
}

Table LinesOf(const TrainBill& bill) {
  return CollectivesTable("Collectives of a rank of the busiest stage", bill.exchanges, bill.step,
                          {{"site", Align::kLeft},
                           {"op", Align::kLeft},
                           {"group", Align::kLeft},
                           {"ranks"},
                           {"count"},
                           {"payload"},
                           {"time"},
                           {"exposed"},
                           {"share"},
                           {"algorithm", Align::kLeft}});
}

}  // namespace

Document TrainDocument(const Machine& machine, const TrainRequest& request, const TrainBill& bill,
                       bool explain) {
  Document document;
  document.json = ToJson(machine, request, bill);
  BillBody body;
  body.head = HeadOf(machine, request, bill);
  body.split = SplitOf(bill);
  body.collectives = LinesOf(bill);
  body.help = HelpTable("change", bill.step,
                        {{"half the latency of the links", bill.half_latency},
                         {"twice their bandwidth", bill.double_bandwidth},
                         {"no communication at all", bill.step - bill.exposed},
                         {"no bubble", bill.step - bill.bubble}});
  if (explain) {
    body.explanation.emplace_back(KernelTable(bill.kernels, bill.step));
    ExplainTraining(machine, request, bill, &body.explanation, &document.json);
    body.explanation.emplace_back(SourcesTable(machine));
  }
  body.memory_title = "Memory of the fullest stage, per device";
  Finish(std::move(body), bill.memory, bill.notes, &document);
  return document;
}

}  // namespace commplan::report
