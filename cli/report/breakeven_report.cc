#include "cli/report/breakeven_report.h"

#include <functional>
#include <vector>

#include "cli/report/compressed_report.h"
#include "cli/report/tables.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

using Wording = std::function<std::string(double)>;

struct Line {
  std::string key;   // in JSON
  std::string name;  // for people
  std::optional<BreakEven> answer;
  double per = 1;  // of JSON's unit in one base unit
  Wording wording;
  std::string here;    // what the quantity is here
  std::string reason;  // why there is no answer
};

// Where it pays, in words.
std::string PaysText(const BreakEven& answer, const Wording& word, bool whole) {
  const std::string from = word(answer.searched_from), to = word(answer.searched_to);
  if (answer.Never()) return "never pays (from " + from + " to " + to + ")";
  if (answer.Always()) return "always pays (from " + from + " to " + to + ")";
  std::string text = "pays";
  for (const PayRange& range : answer.pays) {
    if (text.size() > 4) text += ", and";
    const bool low = range.from <= answer.searched_from;
    const bool high = range.to >= answer.searched_to;
    if (low) {
      text += (whole ? " up to " : " below ") + word(range.to);
    } else if (high) {
      text += " from " + word(range.from) + " on";
    } else if (whole && range.from == range.to) {
      text += " at " + word(range.from);
    } else {
      text += " between " + word(range.from) + " and " + word(range.to);
    }
  }
  return text;
}

// Where it starts to pay, else where it stops.
Json ValueJson(const Line& line) {
  if (!line.answer) return nullptr;
  if (const auto start = line.answer->Start()) return *start * line.per;
  if (const auto stop = line.answer->Stop()) return *stop * line.per;
  return nullptr;
}

Json DetailJson(const Line& line) {
  if (!line.answer) return {{"answer", nullptr}, {"reason", line.reason}};
  const BreakEven& answer = *line.answer;
  Json json;
  const bool one = answer.pays.size() == 1;
  const bool start = answer.Start().has_value(), stop = answer.Stop().has_value();
  json["answer"] = answer.Never()    ? "never"
                   : answer.Always() ? "always"
                   : !one            ? "several ranges"
                   : start && stop   ? "between"
                   : start           ? "above"
                                     : "below";
  json["reason"] = PaysText(answer, line.wording, line.key == "ranks");
  json["searched_from"] = answer.searched_from * line.per;
  json["searched_to"] = answer.searched_to * line.per;
  json["ranges"] = Json::array();
  for (const PayRange& range : answer.pays) {
    json["ranges"].push_back({{"from", range.from * line.per}, {"to", range.to * line.per}});
  }
  return json;
}

std::string RateWord(double rate) { return ForPeople(GBps(rate / 1e9)); }

std::vector<Line> LinesOf(const BreakevenReport& r) {
  constexpr double kGiga = 1e-9;
  const CodecCost& codec = r.codec->cost;
  std::vector<Line> lines;
  lines.push_back({"bandwidth_GBps", "link", r.bandwidth, kGiga, RateWord,
                   r.link + ": " + ForPeople(r.link_rate), ""});
  lines.push_back({"bytes", "message", r.size, 1, [](double bytes) { return ForPeople(B(bytes)); },
                   ForPeople(r.bytes), ""});
  lines.push_back({"overlap_fraction", "overlap", r.overlap_fraction, 1, ShareForPeople,
                   r.overlap ? ShareForPeople(*r.overlap) : "0 %", ""});
  lines.push_back({"codec_GBps", "codec speed", r.codec_rate, kGiga, RateWord,
                   codec.encode > TimePerByte() ? ForPeople(1.0 / codec.encode) : "no cost",
                   "encoding takes no time here"});
  lines.push_back(
      {"ranks", "ranks", r.ranks, 1, [](double ranks) { return NumberForPeople(ranks); },
       std::to_string(r.model->plain().request().group.ranks), "the group spans several nodes"});
  return lines;
}

Bandwidth TransferRate(const BreakevenReport& r) {
  const GroupShape& shape = r.model->plain().shape();
  return shape.nodes > 1 && !shape.network_only ? shape.net_rank : shape.neighbour;
}

std::string GroupText(const CollectiveRequest& request) {
  return std::string(Name(request.op)) + " among " + std::to_string(request.group.ranks) + " ranks";
}

std::string AnswerText(const BreakevenReport& r, const CompressionAnswer& a, bool pays) {
  std::string text = pays ? "pays" : "does not pay";
  text += ": " + ForPeople(a.coded.cost.Total()) + " by " + CodedBy(*r.model, a) + " instead of " +
          ForPeople(a.plain.cost.Total());
  if (r.overlap) {
    text += ", with " + ShareForPeople(*r.overlap) + " of the communication hidden";
  } else if (a.comparison.verdict == CompressionVerdict::kWithinBand) {
    text += ", too close to tell";
  }
  if (!a.without_codec) return text;
  text += a.measured ? "; without a codec that kernel takes "
                     : "; without a codec that scheme would take ";
  text += ForPeople(*a.without_codec);
  // Whoever can run the scheme can run it without the codec.
  const bool by_scheme = pays && *a.without_codec < a.coded.cost.Total();
  return by_scheme ? text + ", so it is the scheme that pays" : text;
}

}  // namespace

Document BreakevenDocument(const BreakevenReport& r) {
  const CompressionAnswer a = r.model->At(r.bytes);
  const bool pays = r.overlap ? r.overlap_fraction.PaysAt(*r.overlap) : a.comparison.gain > 1;
  const CollectiveRequest& request = r.model->plain().request();
  const double saved = 1 - r.codec->cost.share;
  const Bandwidth rate = TransferRate(r);
  const TimePerByte budget = saved / rate;
  Document document;
  Json& json = document.json;
  json["schema"] = "commplan/breakeven/1";
  json["profile"] = r.machine->name;
  json["op"] = Name(request.op);
  json["ranks"] = request.group.ranks;
  json["nodes"] = r.model->plain().shape().nodes;
  json["bytes"] = static_cast<std::int64_t>(InBytes(r.bytes));
  json["codec"] = r.codec->cost.name;
  json["dtype"] = SourceName(r.source);
  json["ratio"] = 1 / r.codec->cost.share;
  json["scheme"] = SchemeName(a);
  json["pays"] = pays;
  json["verdict"] = Name(a.comparison.verdict);
  json["gain"] = a.comparison.gain;
  json["time_us"] = InMicros(a.coded.cost.Total());
  json["plain_time_us"] = InMicros(a.plain.cost.Total());
  PutWithoutCodec(a, &json);
  const std::vector<Line> lines = LinesOf(r);
  for (const Line& line : lines) json["breakeven"][line.key] = ValueJson(line);
  for (const Line& line : lines) json["details"][line.key] = DetailJson(line);
  json["one_transfer"] = {{"bandwidth_GBps", InGBps(rate)},
                          {"budget_ps_per_byte", InSecondsPerByte(budget) * 1e12},
                          {"needed_codec_GBps", InGBps(1.0 / budget)}};
  json["caveat"] = CodecCaveat(*r.codec, a.measured);

  document.body.push_back(Paragraph{r.codec->cost.name + " for " + GroupText(request) + " on " +
                                    r.machine->name + ": here, with " + ForPeople(r.bytes) +
                                    ", it " + AnswerText(r, a, pays)});
  Table table{.title = "",
              .columns = {{"quantity", Align::kLeft}, {"here"}, {"", Align::kLeft}},
              .rows = {}};
  document.rows.columns = {{"quantity"}, {"breakeven"}, {"answer"}, {"ranges"}};
  for (const Line& line : lines) {
    const Json detail = DetailJson(line);
    table.rows.push_back({line.name, line.here, detail.at("reason").get<std::string>()});
    document.rows.rows.push_back({line.key, CellOf(ValueJson(line)), CellOf(detail.at("answer")),
                                  detail.contains("ranges") ? detail.at("ranges").dump() : ""});
  }
  document.body.push_back(table);
  document.body.push_back(Paragraph{
      "One transfer over " + ForPeople(rate) + " becomes faster where the codec takes less than " +
      ForPeople(budget) +
      " of the tensor, encoding and decoding together: " + ForPeople(1.0 / budget) + "."});
  const std::string caveat = CodecCaveat(*r.codec, a.measured);
  if (!caveat.empty()) document.body.push_back(Paragraph{"Note: " + caveat + "."});
  return document;
}

}  // namespace commplan::report
