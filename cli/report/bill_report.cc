#include "cli/report/bill_report.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cli/report/bill_explain.h"
#include "cli/report/bill_parts.h"
#include "model/base/cost.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

std::string PhaseName(const Demand& demand) {
  if (demand.decode.sequences > 0 && demand.prefill.sequences > 0) return "mixed";
  return demand.decode.sequences > 0 ? "decode" : "prefill";
}

Json BatchJson(const Batch& batch) {
  return {{"sequences", batch.sequences},
          {"new_tokens", batch.new_tokens},
          {"context_tokens", batch.context}};
}

Json PrecisionJson(const Precision& precision) {
  return {{"weights", Name(precision.weights)},
          {"activations", Name(precision.activations)},
          {"kv", Name(precision.cache)},
          {"communication", Name(precision.communication)},
          {"dispatch", Name(precision.dispatch)}};
}

std::string CodecName(const std::string& asked) { return asked.empty() ? "none" : asked; }

Json ToJson(const Machine& machine, const StepRequest& request, const StepBill& bill) {
  Json json;
  json["schema"] = "commplan/bill/1";
  json["model"] = request.model->name;
  json["profile"] = machine.name;
  json["phase"] = PhaseName(request.demand);
  json["kernels"] = ProviderName(machine, request.kernels);
  json["engine"] = EngineName(machine, request.engine);
  json["overlap"] = Name(request.overlap);
  json["overlap_fraction"] = request.overlap_fraction ? Json(*request.overlap_fraction) : Json();
  json["codec"] = CodecName(request.codec);
  json["expert_codec"] = CodecName(request.expert_codec);
  AddTimes(bill, "other_us", bill.other, &json);
  json["layout"] = LayoutJson(request.layout, {{"attention_dp", request.layout.attention_dp}});
  json["precision"] = PrecisionJson(request.precision);
  json["prefill"] = BatchJson(request.demand.prefill);
  json["decode"] = BatchJson(request.demand.decode);
  json["collectives"] = ListJson(bill.collectives, LineJson<BillLine>);
  json["kernel_sites"] = ListJson(bill.kernels, KernelJson<ComputeLine>);
  AddEnd(bill, &json);
  return json;
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
  add(demand.prefill, "prefill");
  add(demand.decode, "decode step");
  return text;
}

Paragraph HeadOf(const Machine& machine, const StepRequest& request) {
  const Layout& l = request.layout;
  std::string text = request.model->name;
  text += " on ";
  text += machine.name;
  text += ", ";
  text += LayoutText(
      l,
      {{"pp", l.pp}, {"dp", l.dp}, {"ep", l.ep}, {"cp", l.cp}, {"attention-dp", l.attention_dp}});
  text += ": ";
  text += BatchText(request.demand);
  text += "; kernels of ";
  text += ProviderName(machine, request.kernels);
  text += ", collectives of ";
  text += EngineName(machine, request.engine);
  return {std::move(text)};
}

Table LinesOf(const StepBill& bill) {
  return CollectivesTable("Collectives", bill.collectives, bill.step,
                          {{"site", Align::kLeft},
                           {"op", Align::kLeft},
                           {"ranks"},
                           {"count"},
                           {"payload"},
                           {"each"},
                           {"time"},
                           {"exposed"},
                           {"share"},
                           {"algorithm", Align::kLeft},
                           {"regime", Align::kLeft}});
}

// Each compressed exchange against the same without its codec.
Table CodecsTable(const StepBill& bill) {
  Table table{.title = "Compressed",
              .columns = {{"site", Align::kLeft},
                          {"codec", Align::kLeft},
                          {"scheme", Align::kLeft},
                          {"plain"},
                          {"with it"},
                          {"gain"}},
              .rows = {}};
  std::vector<Term> terms;
  for (std::size_t i = 0; i < kTermCount; ++i) {
    const Term term = static_cast<Term>(i);
    const bool any = std::any_of(
        bill.collectives.begin(), bill.collectives.end(),
        [&](const BillLine& line) { return !line.scheme.empty() && line.terms.At(term) > Time(); });
    if (!any) continue;
    terms.push_back(term);
    table.columns.push_back({std::string(TermName(term))});
  }
  for (const BillLine& line : bill.collectives) {
    if (line.scheme.empty()) continue;
    table.rows.push_back({std::string(Name(line.site)), line.codec, line.scheme,
                          ForPeople(line.plain_each), ForPeople(line.each),
                          NumberForPeople(line.plain_each / line.each)});
    for (const Term term : terms) table.rows.back().push_back(ForPeople(line.terms.At(term)));
  }
  return table;
}

}  // namespace

Document BillDocument(const Machine& machine, const StepRequest& request, const StepBill& bill,
                      bool explain) {
  Document document;
  document.json = ToJson(machine, request, bill);
  BillBody body;
  body.head = HeadOf(machine, request);
  body.split = SplitTable(bill, "engine: scheduling, sampling", bill.other);
  body.collectives = LinesOf(bill);
  body.help = HelpTable("change of the links", bill.step,
                        {{"half the latency", bill.half_latency},
                         {"twice the bandwidth", bill.double_bandwidth},
                         {"no communication at all", bill.step - bill.exposed}});
  if (Table codecs = CodecsTable(bill); !codecs.rows.empty()) {
    body.explanation.emplace_back(std::move(codecs));
  }
  if (explain) {
    body.explanation.emplace_back(KernelTable(bill.kernels, bill.step));
    ExplainBill(machine, request, bill, &body.explanation, &document.json);
    body.explanation.emplace_back(SourcesTable(machine));
  }
  body.memory_title = "Memory per device";
  Finish(std::move(body), bill.memory, bill.notes, &document);
  return document;
}

}  // namespace commplan::report
