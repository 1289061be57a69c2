#include "cli/report/price_report.h"

#include <algorithm>

#include "cli/report/explain_report.h"
#include "cli/report/measured_explain.h"
#include "cli/report/tables.h"
#include "model/base/units.h"
#include "model/collective/origin.h"

namespace commplan::report {
namespace {

// "ring, simple", or just "ring" where the way has no protocol.
std::string WayName(const Variant& variant) {
  const std::string algorithm(Name(variant.card->algorithm));
  return variant.protocol == Protocol::kPlain
             ? algorithm
             : algorithm + ", " + std::string(Name(variant.protocol));
}

std::string GroupText(const Group& group) {
  std::string text = std::to_string(group.ranks) + (group.ranks == 1 ? " rank" : " ranks");
  if (group.stride > 1) text += " " + std::to_string(group.stride) + " apart";
  if (group.concurrent > 1) text += ", " + std::to_string(group.concurrent) + " groups at once";
  return text;
}

// Of all that the answer rests on, the kind that is trusted least.
ProvenanceKind WeakestKind(const Machine& machine, const CollectiveModel& model,
                           const Variant& variant) {
  ProvenanceKind weakest = ProvenanceKind::kMeasured;
  for (const std::string& path : model.MeasuredPaths()) {
    const auto found = machine.provenance.find(path + ".latency");
    if (found != machine.provenance.end()) weakest = std::max(weakest, found->second.kind);
  }
  if (model.measured() != nullptr && model.basis() != Basis::kScaled) return weakest;
  for (std::size_t s = 0; s < kSymbolCount; ++s) {
    for (const std::string& path : OriginPaths(model, variant, static_cast<Symbol>(s))) {
      const auto found = machine.provenance.find(path);
      if (found != machine.provenance.end()) weakest = std::max(weakest, found->second.kind);
    }
  }
  return weakest;
}

struct Answer {
  const Machine& machine;
  const Engine& engine;
  const CollectiveModel& model;
  Bytes bytes;
  Price price;
  Time total;
  Bandwidth algbw;
  Bandwidth busbw;
};

// Measured times are those of the engine that was asked for, whoever else ran them for it.
std::string EngineName(const Answer& a, const Variant& variant) {
  return a.model.measured() != nullptr ? a.engine.name : variant.engine->name;
}

Json AlternativesJson(const Answer& a) {
  Json alternatives = Json::array();
  for (const Alternative& other : a.model.AlternativesAt(a.bytes)) {
    const Variant& variant = a.model.variants()[static_cast<std::size_t>(other.variant)];
    alternatives.push_back({{"algorithm", Name(variant.card->algorithm)},
                            {"protocol", Name(variant.protocol)},
                            {"engine", variant.engine->name},
                            {"time_us", InMicros(other.time)},
                            {"slower_by_us", InMicros(other.slower_by)}});
  }
  return alternatives;
}

Json ToJson(const Answer& a) {
  Json json;
  const CollectiveRequest& request = a.model.request();
  json["schema"] = "commplan/price/1";
  json["profile"] = a.machine.name;
  json["op"] = Name(request.op);
  json["ranks"] = request.group.ranks;
  json["nodes"] = a.model.shape().network_only ? request.group.ranks : a.model.shape().nodes;
  json["stride"] = request.group.stride;
  json["concurrent"] = request.group.concurrent;
  if (request.type != ElementType::kAny) json["dtype"] = Name(request.type);
  json["bytes"] = static_cast<std::int64_t>(InBytes(a.bytes));
  json["time_us"] = InMicros(a.total);
  json["low_us"] = InMicros(a.price.low);
  json["high_us"] = InMicros(a.price.high);
  json["algbw_GBps"] = InGBps(a.algbw);
  json["busbw_GBps"] = InGBps(a.busbw);
  json["extrapolated"] = a.price.extrapolated;
  json["basis"] = Name(a.model.basis());
  if (a.model.variants().empty()) {
    json["engine"] = a.engine.name;
    json["algorithm"] = "none";
    json["protocol"] = "";
    json["formula"] = nullptr;
    json["regime"] = "none";
    json["dominant_term"] = nullptr;
    json["weakest_input"] = nullptr;
    json["terms"] = Json::array();
    json["what_if"] = {{"half_latency_us", 0.0}, {"double_bandwidth_us", 0.0}};
    json["alternatives"] = Json::array();
    return json;
  }
  const Variant& variant = a.model.VariantOf(a.price);
  json["engine"] = EngineName(a, variant);
  json["algorithm"] = Name(variant.card->algorithm);
  json["protocol"] = Name(variant.protocol);
  json["formula"] = a.model.basis() == Basis::kModel || a.model.basis() == Basis::kScaled
                        ? variant.card->id
                        : std::string_view("measured-curve");
  json["regime"] = Name(RegimeOf(a.price.cost));
  json["dominant_term"] = TermName(DominantTerm(a.price.cost));
  json["weakest_input"] = Name(WeakestKind(a.machine, a.model, variant));
  json["terms"] = TermsJson(a.price.cost);
  const Sensitivity sensitivity = a.model.SensitivityAt(a.bytes);
  json["what_if"] = {
      {"half_latency_us", InMicros(a.total - sensitivity.saved_by_half_latency)},
      {"double_bandwidth_us", InMicros(a.total - sensitivity.saved_by_double_bandwidth)}};
  json["alternatives"] = AlternativesJson(a);
  return json;
}

std::string ShareText(Time part, Time whole) {
  return whole > Time() ? ShareForPeople(part / whole) : "-";
}

std::string BandText(const Answer& a) {
  if (a.price.low == a.price.high) return "  (a formula, no forecast)";
  return "  (expected between " + ForPeople(a.price.low) + " and " + ForPeople(a.price.high) +
         (a.price.extrapolated ? ", extrapolated)" : ")");
}

Table SummaryTable(const Answer& a) {
  Table table{.title = "", .columns = {{"", Align::kLeft}, {"", Align::kLeft}}, .rows = {}};
  const auto add = [&](const std::string& name, const std::string& value) {
    table.rows.push_back({name, value});
  };
  if (a.model.variants().empty()) {
    add("time", "0 s: a single rank sends nothing");
    return table;
  }
  add("time", ForPeople(a.total) + BandText(a));
  const Variant& variant = a.model.VariantOf(a.price);
  add("algorithm", WayName(variant) + ", by " + EngineName(a, variant));
  if (a.model.measured() != nullptr) add("rests on", BasisText(a.model));
  add("algbw", ForPeople(a.algbw));
  add("busbw", ForPeople(a.busbw));
  const Sensitivity s = a.model.SensitivityAt(a.bytes);
  add("regime", std::string(Name(RegimeOf(a.price.cost))) + ": half the latency saves " +
                    ShareText(s.saved_by_half_latency, a.total) + ", twice the bandwidth " +
                    ShareText(s.saved_by_double_bandwidth, a.total));
  add("weakest input",
      std::string(Name(WeakestKind(a.machine, a.model, variant))) + " (--explain shows each)");
  return table;
}

Table AlternativesTable(const Answer& a) {
  Table table{
      .title = "Alternatives",
      .columns = {{"algorithm", Align::kLeft}, {"engine", Align::kLeft}, {"time"}, {"difference"}},
      .rows = {}};
  for (const Alternative& other : a.model.AlternativesAt(a.bytes)) {
    const Variant& variant = a.model.variants()[static_cast<std::size_t>(other.variant)];
    table.rows.push_back({WayName(variant), variant.engine->name, ForPeople(other.time),
                          (other.slower_by > Time() ? "+" : "") + ForPeople(other.slower_by)});
  }
  return table;
}

}  // namespace

Document PriceDocument(const Machine& machine, const Engine& engine, const CollectiveModel& model,
                       Bytes bytes, bool explain) {
  Answer a{machine, engine, model, bytes, model.At(bytes), {}, {}, {}};
  a.total = a.price.cost.Total();
  if (a.total > Time()) {
    a.algbw = bytes / a.total;
    a.busbw = a.algbw * BusBandwidthFactor(model.request().op, model.request().group.ranks);
  }
  Document document;
  document.json = ToJson(a);
  document.rows = ScalarRow(document.json);
  document.body.push_back(Paragraph{std::string(Name(model.request().op)) + " of " +
                                    ForPeople(bytes) + " among " +
                                    GroupText(model.request().group) + " on " + machine.name});
  document.body.push_back(SummaryTable(a));
  if (model.variants().empty()) return document;
  document.body.push_back(TermsTable(a.price.cost));
  const Table alternatives = AlternativesTable(a);
  if (!alternatives.rows.empty()) document.body.push_back(alternatives);
  if (explain) AddExplanation(machine, model, a.price, bytes, &document);
  return document;
}

}  // namespace commplan::report
