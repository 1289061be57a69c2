#include "cli/report/measured_explain.h"

#include <cstddef>
#include <vector>

#include "model/base/check.h"
#include "model/base/cost.h"
#include "model/base/number.h"
#include "model/base/units.h"
#include "model/collective/curve.h"
#include "model/collective/measured.h"

namespace commplan::report {
namespace {

// The same formula, for its letters or its numbers.
CurveInputs<Text> Worded(const std::string& bytes, const std::string& latency,
                         const std::string& per_byte, const std::string& ramp,
                         const std::string& ramp_at, const std::string& deviation) {
  CurveInputs<Text> x;
  x.bytes = BytesOf<Text>::FromBase(Text::Leaf(bytes));
  x.latency = TimeOf<Text>::FromBase(Text::Leaf(latency));
  x.per_byte = TimePerByteOf<Text>::FromBase(Text::Leaf(per_byte));
  x.ramp = TimeOf<Text>::FromBase(Text::Leaf(ramp));
  x.ramp_at = BytesOf<Text>::FromBase(Text::Leaf(ramp_at));
  x.deviation = Text::Leaf(deviation);
  return x;
}

Table TermTable(const std::string& title, const CostOf<Text>& cost) {
  Table table{.title = title,
              .columns = {{"term", Align::kLeft}, {"formula", Align::kLeft, true}},
              .rows = {}};
  for (std::size_t i = 0; i < kTermCount; ++i) {
    const Term term = static_cast<Term>(i);
    const std::string& text = cost.At(term).base().str();
    if (text != "0") table.rows.push_back({std::string(TermName(term)), text});
  }
  return table;
}

std::string CurveText(const MeasuredCurve& curve) {
  std::string text(Name(curve.op));
  text += " among " + std::to_string(curve.ranks) + " ranks";
  if (curve.nodes > 1) text += " on " + std::to_string(curve.nodes) + " nodes";
  return text;
}

const MeasuredTable& TableOf(const Machine& machine, const CollectiveModel& model) {
  for (const Engine& engine : machine.engines) {
    if (&engine == &model.engine()) return engine.measured;
  }
  CHECK(false);
}

std::string LawText(const Machine& machine, const CollectiveModel& model) {
  const auto used = model.measured()->CurvesUsed();
  const MeasuredTable& table = TableOf(machine, model);
  std::string text = CurveText(table.curves[used.front()]);
  if (used.size() > 1) text += " and " + CurveText(table.curves[used.back()]);
  switch (model.basis()) {
    case Basis::kPredicted:
      return "This group was not measured; its curve was predicted from other groups of the same "
             "kernel, " +
             text + ".";
    case Basis::kBetween:
      return "This group was not measured; the time lies between the curves of " + text +
             ", geometrically in the logarithm of the count.";
    case Basis::kBeyond:
      return "This group is larger than any that was measured; latency and ramp go on with the "
             "logarithm of the count, bandwidth with the traffic, from " +
             text + ".";
    case Basis::kScaled:
      return "This group was not measured. The formula above is multiplied by what " + text +
             ", the nearest measured group, takes beyond its own formula at this size; that curve "
             "follows.";
    case Basis::kMeasured:
    case Basis::kModel:
      return "The curve was fitted to measurements of " + text + ".";
  }
  return "";
}

}  // namespace

std::string BasisText(const CollectiveModel& model) {
  const MeasuredWay* const way = model.measured();
  switch (model.basis()) {
    case Basis::kModel:
      return "a model, nothing of this engine was measured here";
    case Basis::kMeasured:
      return "measurements of this very group";
    case Basis::kPredicted:
      return "measurements of this kernel with other codecs or ranks";
    case Basis::kBetween:
      return "measurements of fewer and of more " +
             std::string(way->between_nodes() ? "nodes" : "ranks");
    case Basis::kBeyond:
      return "measurements of fewer " + std::string(way->between_nodes() ? "nodes" : "ranks");
    case Basis::kScaled: {
      const CollectiveRequest& from = *model.scaled_from();
      return "a model, scaled by what was measured of " + std::string(Name(from.op)) + " among " +
             std::to_string(from.group.ranks) + " ranks";
    }
  }
  return "";
}

void AddMeasuredExplanation(const Machine& machine, const CollectiveModel& model, Bytes bytes,
                            Document* document) {
  const MeasuredWay* const way = model.measured();
  CHECK(way != nullptr);
  const CurveInputs<double> x = way->InputsAt(bytes);
  document->body.push_back(Heading{"Formula measured-curve"});
  document->body.push_back(Paragraph{LawText(machine, model)});
  const auto letters = CurveCost(Worded("S", "a", "u", "c", "S0", "d"), way->between_nodes());
  const std::string per_byte = ForPeople(x.per_byte);
  const auto numbers =
      CurveCost(Worded(ForPeople(x.bytes), ForPeople(x.latency), per_byte, ForPeople(x.ramp),
                       ForPeople(x.ramp_at), ExactNumber(x.deviation)),
                way->between_nodes());
  document->body.push_back(TermTable("", letters));
  document->body.push_back(TermTable("With the numbers", numbers));
  document->body.push_back(Table{
      .title = "Inputs",
      .columns = {{"symbol", Align::kLeft, true}, {"value"}, {"meaning", Align::kLeft}},
      .rows = {{"S", ForPeople(x.bytes), "bytes of the message"},
               {"a", ForPeople(x.latency), "latency of the smallest message"},
               {"u", per_byte, "time of one more byte in a large message"},
               {"c", ForPeople(x.ramp), "what a message of S0 takes more, as pipelines fill"},
               {"S0", ForPeople(x.ramp_at), "size that c stands for"},
               {"d", NumberForPeople(x.deviation), "what measurements have beyond these terms"}}});
  Table origins{.title = "Where they came from",
                .columns = {{"path in the profile", Align::kLeft, true},
                            {"kind", Align::kLeft},
                            {"source", Align::kLeft}},
                .rows = {}};
  Json paths = Json::array();
  for (const std::string& path : model.MeasuredPaths()) {
    paths.push_back(path);
    const auto found = machine.provenance.find(path + ".latency");
    if (found == machine.provenance.end()) continue;
    const Provenance& p = found->second;
    origins.rows.push_back({path, std::string(Name(p.kind)), p.source.empty() ? p.note : p.source});
  }
  document->body.push_back(origins);
  Json terms = Json::array();
  for (const auto& row : TermTable("", letters).rows) {
    terms.push_back({{"name", row[0]}, {"formula", row[1]}});
  }
  document->json["measured_curve"] = {{"basis", Name(model.basis())},
                                      {"from", paths},
                                      {"terms", terms},
                                      {"latency_us", InMicros(x.latency)},
                                      {"us_per_byte", InMicros(x.per_byte * B(1))},
                                      {"ramp_us", InMicros(x.ramp)},
                                      {"ramp_at_bytes", InBytes(x.ramp_at)},
                                      {"deviation", x.deviation}};
}

Document MeasuredCurveDocument() {
  Document document;
  document.json["schema"] = "commplan/explain/1";
  const Table terms = TermTable("", CurveCost(Worded("S", "a", "u", "c", "S0", "d"), false));
  document.body.push_back(Heading{"measured-curve"});
  document.body.push_back(Paragraph{
      "The time of a group that was measured: latency a, time of a byte u, ramp c of a message of "
      "S0 "
      "(pipelines fill with the root of the size), and d, what the measurements have beyond these "
      "three, interpolated between knots. Between nodes the first two are network terms. Counts "
      "between and beyond the measured ones follow laws; see docs/profile_format.md."});
  document.body.push_back(terms);
  Json list = Json::array();
  for (const auto& row : terms.rows) list.push_back({{"name", row[0]}, {"formula", row[1]}});
  document.json["cards"] = Json::array({{{"id", "measured-curve"}, {"terms", list}}});
  document.rows = terms;
  return document;
}

}  // namespace commplan::report
