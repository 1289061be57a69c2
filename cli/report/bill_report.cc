#include "cli/report/bill_report.h"

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "model/base/units.h"
#include "model/memory/fit.h"

namespace commplan::report {
namespace {

std::string PhaseName(const Demand& demand) {
  if (demand.phase == Phase::kTrain) return "train";
  if (demand.decode.sequences > 0 && demand.prefill.sequences > 0) return "mixed";
  return demand.decode.sequences > 0 ? "decode" : "prefill";
}

// The engine that was asked for, or the first.
std::string EngineName(const Machine& machine, const StepRequest& request) {
  if (!request.engine.empty() || machine.engines.empty()) return request.engine;
  return machine.engines.front().name;
}

std::string ProviderName(const Machine& machine, const StepRequest& request) {
  if (!request.kernels.empty() || machine.compute.gemm.empty()) return request.kernels;
  return machine.compute.gemm.front().fit.engine;
}

// ---- JSON ----

// Means over a changing batch may be fractions of a byte, which nobody sends.
std::int64_t WholeBytes(Bytes size) { return std::llround(InBytes(size)); }

Json BatchJson(const Batch& batch) {
  return {{"sequences", batch.sequences},
          {"new_tokens", batch.new_tokens},
          {"context_tokens", batch.context}};
}

Json LayoutJson(const Layout& layout) {
  return {{"tp", layout.tp},
          {"pp", layout.pp},
          {"dp", layout.dp},
          {"ep", layout.ep},
          {"cp", layout.cp},
          {"attention_dp", layout.attention_dp},
          {"sequence_parallel", layout.sequence_parallel},
          {"expert_exchange", Name(layout.expert_exchange)},
          {"context_exchange", Name(layout.context_exchange)}};
}

Json PrecisionJson(const Precision& precision) {
  return {{"weights", Name(precision.weights)},
          {"activations", Name(precision.activations)},
          {"kv", Name(precision.cache)},
          {"communication", Name(precision.communication)},
          {"dispatch", Name(precision.dispatch)}};
}

Json LineJson(const BillLine& line) {
  return {{"site", Name(line.site)},
          {"op", Name(line.exchange)},
          {"group", Name(line.group)},
          {"ranks", line.ranks},
          {"count", line.count},
          {"bytes", WholeBytes(line.bytes)},
          {"time_us", InMicros(line.time)},
          {"exposed_us", InMicros(line.exposed)},
          {"each_us", InMicros(line.each)},
          {"low_us", InMicros(line.low)},
          {"high_us", InMicros(line.high)},
          {"algorithm", Name(line.algorithm)},
          {"engine", line.engine},
          {"codec", line.codec},
          {"regime", Name(line.regime)},
          {"extrapolated", line.extrapolated}};
}

Json MemoryJson(const Fit& fit) {
  Json json = {{"fits", fit.fits},
               {"weights_bytes", WholeBytes(fit.need.weights)},
               {"cache_bytes", WholeBytes(fit.need.cache)},
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

Json ToJson(const Machine& machine, const StepRequest& request, const StepBill& bill) {
  Json json;
  json["schema"] = "commplan/bill/1";
  json["model"] = request.model->name;
  json["profile"] = machine.name;
  json["phase"] = PhaseName(request.demand);
  json["kernels"] = ProviderName(machine, request);
  json["engine"] = EngineName(machine, request);
  json["overlap"] = Name(request.overlap);
  json["overlap_fraction"] = request.overlap_fraction ? Json(*request.overlap_fraction) : Json();
  json["step_time_us"] = InMicros(bill.step);
  json["low_us"] = InMicros(bill.low);
  json["high_us"] = InMicros(bill.high);
  json["compute_us"] = InMicros(bill.compute);
  json["comm_us"] = InMicros(bill.communication);
  json["exposed_comm_us"] = InMicros(bill.exposed);
  json["comm_fraction"] = bill.CommunicationShare();
  json["bubble_us"] = InMicros(bill.bubble);
  json["other_us"] = InMicros(bill.other);
  json["memory_bytes_per_device"] = WholeBytes(bill.memory.need.Total());
  json["extrapolated"] = bill.extrapolated;
  json["layout"] = LayoutJson(request.layout);
  json["precision"] = PrecisionJson(request.precision);
  json["prefill"] = BatchJson(request.demand.prefill);
  json["decode"] = BatchJson(request.demand.decode);
  json["collectives"] = Json::array();
  for (const BillLine& line : bill.collectives) json["collectives"].push_back(LineJson(line));
  json["kernel_sites"] = Json::array();
  for (const ComputeLine& line : bill.kernels) {
    json["kernel_sites"].push_back({{"site", line.kind},
                                    {"count", line.count},
                                    {"time_us", InMicros(line.time)},
                                    {"low_us", InMicros(line.low)},
                                    {"high_us", InMicros(line.high)}});
  }
  json["memory"] = MemoryJson(bill.memory);
  json["what_if"] = {{"half_latency_us", InMicros(bill.half_latency)},
                     {"double_bandwidth_us", InMicros(bill.double_bandwidth)}};
  json["notes"] = bill.notes;
  return json;
}

// ---- for people ----

std::string ShareOf(Time part, Time whole) {
  return whole > Time() ? ShareForPeople(part / whole) : ShareForPeople(0);
}

std::string LayoutText(const Layout& layout) {
  std::string text = "tp " + std::to_string(layout.tp);
  const auto add = [&](const char* name, int size) {
    if (size < 2) return;
    text += ", ";
    text += name;
    text += ' ';
    text += std::to_string(size);
  };
  add("pp", layout.pp);
  add("dp", layout.dp);
  add("ep", layout.ep);
  add("cp", layout.cp);
  add("attention-dp", layout.attention_dp);
  if (layout.sequence_parallel) text += ", sequence parallel";
  return text;
}

std::string BatchText(const Demand& demand) {
  std::string text;
  const auto add = [&](const Batch& batch, const char* phase) {
    if (!(batch.Tokens() > 0)) return;
    if (!text.empty()) text += " and ";
    text += phase;
    text += " of ";
    text += NumberForPeople(batch.sequences);
    text += batch.sequences == 1 ? " sequence, " : " sequences, ";
    text += NumberForPeople(batch.new_tokens);
    text += batch.new_tokens == 1 ? " new token on " : " new tokens on ";
    text += NumberForPeople(batch.context);
    text += " cached";
  };
  add(demand.prefill, demand.phase == Phase::kTrain ? "training step" : "prefill");
  add(demand.decode, "decode step");
  return text;
}

Paragraph HeadOf(const Machine& machine, const StepRequest& request) {
  std::string text = request.model->name;
  text += " on ";
  text += machine.name;
  text += ", ";
  text += LayoutText(request.layout);
  text += ": ";
  text += BatchText(request.demand);
  text += "; kernels of ";
  text += ProviderName(machine, request);
  text += ", collectives of ";
  text += EngineName(machine, request);
  return {std::move(text)};
}

Table SplitTable(const StepBill& bill) {
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
  if (bill.other > Time()) add("engine: scheduling, sampling", bill.other);
  add("step", bill.step);
  table.rows.push_back({"90 % band", ForPeople(bill.low) + " to " + ForPeople(bill.high),
                        bill.extrapolated ? "extrapolated" : ""});
  return table;
}

Table CollectivesTable(const StepBill& bill) {
  Table table{.title = "Collectives",
              .columns = {{"site", Align::kLeft},
                          {"op", Align::kLeft},
                          {"ranks"},
                          {"count"},
                          {"payload"},
                          {"each"},
                          {"time"},
                          {"exposed"},
                          {"share"},
                          {"algorithm", Align::kLeft},
                          {"regime", Align::kLeft}},
              .rows = {}};
  for (const BillLine& line : bill.collectives) {
    table.rows.push_back({std::string(Name(line.site)), std::string(Name(line.exchange)),
                          std::to_string(line.ranks), NumberForPeople(line.count),
                          ForPeople(line.bytes), ForPeople(line.each), ForPeople(line.time),
                          ForPeople(line.exposed), ShareOf(line.exposed, bill.step),
                          std::string(Name(line.algorithm)), std::string(Name(line.regime))});
  }
  return table;
}

Table HelpTable(const StepBill& bill) {
  Table table{.title = "What would help",
              .columns = {{"change of the links", Align::kLeft}, {"step"}, {"saves"}},
              .rows = {}};
  const auto add = [&](const char* change, Time step) {
    table.rows.push_back({change, ForPeople(step), ShareOf(bill.step - step, bill.step)});
  };
  add("half the latency", bill.half_latency);
  add("twice the bandwidth", bill.double_bandwidth);
  add("no communication at all", bill.step - bill.exposed);
  return table;
}

std::string RemedyText(const Remedy& remedy) {
  std::string text(Name(remedy.kind));
  if (!(remedy.value > 0)) return text;
  text += ": ";
  text += remedy.kind == RemedyKind::kMoreMemory ? ForPeople(B(remedy.value))
                                                 : NumberForPeople(remedy.value);
  return text;
}

Table MemoryTable(const Fit& fit) {
  Table table{
      .title = "Memory per device", .columns = {{"part", Align::kLeft}, {"size"}}, .rows = {}};
  const auto add = [&](const char* name, Bytes size) {
    if (size > Bytes()) table.rows.push_back({name, ForPeople(size)});
  };
  add("weights", fit.need.weights);
  add("cache", fit.need.cache);
  add("gradients", fit.need.gradients);
  add("optimizer", fit.need.optimizer);
  add("activations", fit.need.activations);
  add("communication", fit.need.communication);
  add("codec", fit.need.codec);
  add("reserve", fit.need.reserve);
  add("in all", fit.need.Total());
  add("usable", fit.capacity);
  add("shortfall", fit.shortfall);
  return table;
}

// "does not fit", and each change that would do by itself.
Paragraph ShortfallOf(const Fit& fit) {
  std::string text = "It does not fit: " + ForPeople(fit.shortfall) + " too much per device.";
  for (const Remedy& remedy : fit.remedies) {
    text += &remedy == &fit.remedies.front() ? " Enough by itself: " : "; ";
    text += RemedyText(remedy);
  }
  return {std::move(text)};
}

Table KernelTable(const StepBill& bill) {
  Table table{.title = "Kernels",
              .columns = {{"site", Align::kLeft}, {"count"}, {"time"}, {"share"}, {"90 % band"}},
              .rows = {}};
  for (const ComputeLine& line : bill.kernels) {
    table.rows.push_back({line.kind, NumberForPeople(line.count), ForPeople(line.time),
                          ShareOf(line.time, bill.step),
                          ForPeople(line.low) + " to " + ForPeople(line.high)});
  }
  return table;
}

// Where the numbers on kernels come from: each kind and source once.
Table SourcesTable(const Machine& machine) {
  Table table{.title = "Sources of the kernels' numbers",
              .columns = {{"kind", Align::kLeft}, {"source", Align::kLeft}, {"note", Align::kLeft}},
              .rows = {}};
  std::set<std::vector<std::string>> seen;
  for (const auto& [path, provenance] : machine.provenance) {
    if (!path.starts_with("compute.")) continue;
    const auto source = machine.sources.find(provenance.source);
    std::vector<std::string> row = {std::string(Name(provenance.kind)),
                                    source != machine.sources.end() ? source->second.title : "",
                                    provenance.note};
    if (seen.insert(row).second) table.rows.push_back(std::move(row));
  }
  return table;
}

Table RowsOf(const Json& json) {
  Table table;
  for (const Json& line : json["collectives"]) {
    if (table.columns.empty()) {
      for (const auto& [key, value] : line.items()) table.columns.push_back({key});
    }
    table.rows.emplace_back();
    for (const auto& [key, value] : line.items()) {
      table.rows.back().push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return table;
}

}  // namespace

Document BillDocument(const Machine& machine, const StepRequest& request, const StepBill& bill,
                      bool explain) {
  Document document;
  document.json = ToJson(machine, request, bill);
  document.rows = RowsOf(document.json);
  document.body.push_back(HeadOf(machine, request));
  if (!bill.memory.fits) document.body.push_back(ShortfallOf(bill.memory));
  document.body.push_back(SplitTable(bill));
  if (!bill.collectives.empty()) {
    document.body.push_back(CollectivesTable(bill));
    document.body.push_back(HelpTable(bill));
  } else {
    document.body.push_back(Paragraph{"Nothing is exchanged under this layout."});
  }
  if (explain) {
    document.body.push_back(KernelTable(bill));
    document.body.push_back(SourcesTable(machine));
  }
  document.body.push_back(MemoryTable(bill.memory));
  for (const std::string& note : bill.notes) document.body.push_back(Paragraph{"Note: " + note});
  return document;
}

}  // namespace commplan::report
