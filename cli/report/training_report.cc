#include "cli/report/training_report.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cli/report/tables.h"
#include "model/base/units.h"
#include "model/memory/fit.h"

namespace commplan::report {
namespace {

std::int64_t WholeBytes(Bytes size) { return std::llround(InBytes(size)); }

std::string EngineName(const Machine& machine, const TrainJob& job) {
  if (!job.engine.empty() || machine.engines.empty()) return job.engine;
  return machine.engines.front().name;
}

std::string ProviderName(const Machine& machine, const TrainJob& job) {
  if (!job.kernels.empty() || machine.compute.gemm.empty()) return job.kernels;
  return machine.compute.gemm.front().fit.engine;
}

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

// ---- JSON ----

Json LayoutJson(const TrainPlan& plan) {
  const Layout& l = plan.layout;
  return {{"tp", l.tp},
          {"pp", l.pp},
          {"dp", l.dp},
          {"ep", l.ep},
          {"cp", l.cp},
          {"gtp", plan.sharding.gtp},
          {"virtual_stages", l.virtual_stages},
          {"sequence_parallel", l.sequence_parallel},
          {"expert_exchange", Name(l.expert_exchange)},
          {"context_exchange", Name(l.context_exchange)}};
}

Json LineJson(const TrainLine& line) {
  return {{"site", line.site},
          {"op", Name(line.exchange)},
          {"group", Name(line.group)},
          {"ranks", line.ranks},
          {"count", line.count},
          {"bytes", WholeBytes(line.bytes)},
          {"time_us", InMicros(line.time)},
          {"exposed_us", InMicros(line.exposed)},
          {"low_us", InMicros(line.low)},
          {"high_us", InMicros(line.high)},
          {"algorithm", Name(line.algorithm)},
          {"engine", line.engine},
          {"codec", "none"},
          {"regime", Name(line.regime)},
          {"extrapolated", line.extrapolated}};
}

Json MemoryJson(const Fit& fit) {
  Json json = {{"fits", fit.fits},
               {"stage", fit.need.stage},
               {"weights_bytes", WholeBytes(fit.need.weights)},
               {"gradients_bytes", WholeBytes(fit.need.gradients)},
               {"optimizer_bytes", WholeBytes(fit.need.optimizer)},
               {"activations_bytes", WholeBytes(fit.need.activations)},
               {"communication_bytes", WholeBytes(fit.need.communication)},
               {"reserve_bytes", WholeBytes(fit.need.reserve)},
               {"capacity_bytes", WholeBytes(fit.capacity)},
               {"shortfall_bytes", WholeBytes(fit.shortfall)},
               {"remedies", Json::array()}};
  for (const Remedy& remedy : fit.remedies) {
    json["remedies"].push_back({{"change", Name(remedy.kind)}, {"value", remedy.value}});
  }
  return json;
}

void AddTimes(const TrainBill& bill, Json* json) {
  Json& j = *json;
  j["step_time_us"] = InMicros(bill.step);
  j["low_us"] = InMicros(bill.low);
  j["high_us"] = InMicros(bill.high);
  j["compute_us"] = InMicros(bill.compute);
  j["comm_us"] = InMicros(bill.communication);
  j["exposed_comm_us"] = InMicros(bill.exposed);
  j["comm_fraction"] = bill.CommunicationShare();
  j["bubble_us"] = InMicros(bill.bubble);
  j["optimizer_us"] = InMicros(bill.optimizer);
  j["memory_bytes_per_device"] = WholeBytes(bill.memory.need.Total());
  j["extrapolated"] = bill.extrapolated;
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
  json["kernels"] = ProviderName(machine, request.job);
  json["engine"] = EngineName(machine, request.job);
  AddTimes(bill, &json);
  json["layout"] = LayoutJson(plan);
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
  json["collectives"] = Json::array();
  for (const TrainLine& line : bill.exchanges) json["collectives"].push_back(LineJson(line));
  json["kernel_sites"] = Json::array();
  for (const TrainKernelLine& line : bill.kernels) {
    json["kernel_sites"].push_back(
        {{"site", line.kind}, {"count", line.count}, {"time_us", InMicros(line.time)}});
  }
  json["stage_times_us"] = Json::array();
  for (const Time time : bill.stage_times) json["stage_times_us"].push_back(InMicros(time));
  json["memory"] = MemoryJson(bill.memory);
  json["what_if"] = {{"half_latency_us", InMicros(bill.half_latency)},
                     {"double_bandwidth_us", InMicros(bill.double_bandwidth)}};
  json["notes"] = bill.notes;
  return json;
}

// ---- for people ----

std::string ShareOf(Time part, Time whole) {
  return ShareForPeople(whole > Time() ? part / whole : 0);
}

Paragraph HeadOf(const Machine& machine, const TrainRequest& request, const TrainBill& bill) {
  const Layout& l = request.plan.layout;
  std::string text = request.job.model->name;
  text += " on " + machine.name + ", tp " + std::to_string(l.tp);
  const auto add = [&](const char* name, int size) {
    if (size < 2) return;
    text += ", ";
    text += name;
    text += " " + std::to_string(size);
  };
  add("gtp", request.plan.sharding.gtp);
  add("pp", l.pp);
  add("virtual stages", l.virtual_stages);
  add("dp", l.dp);
  add("ep", l.ep);
  add("cp", l.cp);
  if (l.sequence_parallel) text += ", sequence parallel";
  text += ", recompute ";
  text += RecomputeName(request.plan.recompute);
  text += ": a training step of " + NumberForPeople(request.job.global_batch) + " sequences of " +
          NumberForPeople(request.job.sequence) + " tokens, " + NumberForPeople(bill.microbatches) +
          " microbatches of " + NumberForPeople(request.plan.micro_batch) + "; kernels of " +
          ProviderName(machine, request.job) + ", collectives of " +
          EngineName(machine, request.job);
  return {std::move(text)};
}

Table SplitTable(const TrainBill& bill) {
  Table table{
      .title = "Step", .columns = {{"part", Align::kLeft}, {"time"}, {"share"}}, .rows = {}};
  const auto add = [&](const char* name, Time time) {
    table.rows.push_back({name, ForPeople(time), ShareOf(time, bill.step)});
  };
  add("compute", bill.compute);
  add("communication that it waits for", bill.exposed);
  if (bill.exposed < bill.communication) {
    table.rows.push_back({"communication in all", ForPeople(bill.communication), ""});
  }
  if (bill.bubble > Time()) add("bubble", bill.bubble);
  add("optimizer", bill.optimizer);
  add("step", bill.step);
  table.rows.push_back({"90 % band", ForPeople(bill.low) + " to " + ForPeople(bill.high),
                        bill.extrapolated ? "extrapolated" : ""});
  table.rows.push_back({"tokens per second", NumberForPeople(bill.tokens_per_second), ""});
  table.rows.push_back({"model flops over the bf16 peak", ShareForPeople(bill.mfu), ""});
  return table;
}

Table CollectivesTable(const TrainBill& bill) {
  Table table{.title = "Collectives of a rank of the busiest stage",
              .columns = {{"site", Align::kLeft},
                          {"op", Align::kLeft},
                          {"group", Align::kLeft},
                          {"ranks"},
                          {"count"},
                          {"payload"},
                          {"time"},
                          {"exposed"},
                          {"share"},
                          {"algorithm", Align::kLeft}},
              .rows = {}};
  for (const TrainLine& line : bill.exchanges) {
    table.rows.push_back({line.site, std::string(Name(line.exchange)),
                          std::string(Name(line.group)), std::to_string(line.ranks),
                          NumberForPeople(line.count), ForPeople(line.bytes), ForPeople(line.time),
                          ForPeople(line.exposed), ShareOf(line.exposed, bill.step),
                          std::string(Name(line.algorithm))});
  }
  return table;
}

Table HelpTable(const TrainBill& bill) {
  Table table{.title = "What would help",
              .columns = {{"change", Align::kLeft}, {"step"}, {"saves"}},
              .rows = {}};
  const auto add = [&](const char* change, Time step) {
    table.rows.push_back({change, ForPeople(step), ShareOf(bill.step - step, bill.step)});
  };
  add("half the latency of the links", bill.half_latency);
  add("twice their bandwidth", bill.double_bandwidth);
  add("no communication at all", bill.step - bill.exposed);
  add("no bubble", bill.step - bill.bubble);
  return table;
}

Table KernelTable(const TrainBill& bill) {
  Table table{.title = "Kernels",
              .columns = {{"site", Align::kLeft}, {"count"}, {"time"}, {"share"}},
              .rows = {}};
  for (const TrainKernelLine& line : bill.kernels) {
    table.rows.push_back({line.kind, NumberForPeople(line.count), ForPeople(line.time),
                          ShareOf(line.time, bill.step)});
  }
  return table;
}

Table MemoryTable(const Fit& fit) {
  Table table{.title = "Memory of the fullest stage, per device",
              .columns = {{"part", Align::kLeft}, {"size"}},
              .rows = {}};
  const auto add = [&](const char* name, Bytes size) {
    if (size > Bytes()) table.rows.push_back({name, ForPeople(size)});
  };
  add("weights", fit.need.weights);
  add("gradients", fit.need.gradients);
  add("optimizer", fit.need.optimizer);
  add("activations", fit.need.activations);
  add("communication", fit.need.communication);
  add("reserve", fit.need.reserve);
  add("in all", fit.need.Total());
  add("usable", fit.capacity);
  add("shortfall", fit.shortfall);
  return table;
}

Paragraph ShortfallOf(const Fit& fit) {
  std::string text = "It does not fit: " + ForPeople(fit.shortfall) + " too much per device.";
  for (const Remedy& remedy : fit.remedies) {
    text += &remedy == &fit.remedies.front() ? " Enough by itself: " : "; ";
    text += Name(remedy.kind);
    if (!(remedy.value > 0)) continue;
    text += ": ";
    text += remedy.kind == RemedyKind::kMoreMemory ? ForPeople(B(remedy.value))
                                                   : NumberForPeople(remedy.value);
  }
  return {std::move(text)};
}

Table RowsOf(const Json& json) {
  Table table;
  for (const Json& line : json["collectives"]) {
    if (table.columns.empty()) {
      for (const auto& [key, value] : line.items()) table.columns.push_back({key});
    }
    table.rows.emplace_back();
    for (const auto& [key, value] : line.items()) table.rows.back().push_back(CellOf(value));
  }
  return table;
}

}  // namespace

Document TrainDocument(const Machine& machine, const TrainRequest& request, const TrainBill& bill,
                       bool explain) {
  Document document;
  document.json = ToJson(machine, request, bill);
  document.rows = RowsOf(document.json);
  document.body.push_back(HeadOf(machine, request, bill));
  if (!bill.memory.fits) document.body.push_back(ShortfallOf(bill.memory));
  document.body.push_back(SplitTable(bill));
  if (!bill.exchanges.empty()) {
    document.body.push_back(CollectivesTable(bill));
    document.body.push_back(HelpTable(bill));
  } else {
    document.body.push_back(Paragraph{"Nothing is exchanged under this layout."});
  }
  if (explain) document.body.push_back(KernelTable(bill));
  document.body.push_back(MemoryTable(bill.memory));
  for (const std::string& note : bill.notes) document.body.push_back(Paragraph{"Note: " + note});
  return document;
}

}  // namespace commplan::report
