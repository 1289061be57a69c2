#include "cli/report/compressed_report.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "cli/report/compressed_explain.h"
#include "cli/report/measured_explain.h"
#include "cli/report/tables.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

constexpr std::array<const char*, 8> kCodecKeys = {
    "encode",      "decode", "add", "pass", "call", "one_link_efficiency", "many_links_efficiency",
    "memory_share"};

ProvenanceKind KindNamed(const std::string& word) {
  for (const auto kind : {ProvenanceKind::kFitted, ProvenanceKind::kDatasheet,
                          ProvenanceKind::kLiterature, ProvenanceKind::kAssumed}) {
    if (Name(kind) == word) return kind;
  }
  return ProvenanceKind::kMeasured;
}

// The kind that is trusted least among the plain price's and those of the codec's costs.
std::string WeakestKind(const CompressedPriceInput& in, const CompressionAnswer& a,
                        const std::string& plain) {
  ProvenanceKind weakest = KindNamed(plain);
  const auto take = [&](const std::string& path) {
    const auto found = in.machine.provenance.find(path);
    if (found != in.machine.provenance.end()) weakest = std::max(weakest, found->second.kind);
  };
  if (a.measured) {
    for (const std::string& path : in.model.kernel()->MeasuredPaths()) take(path + ".latency");
    return std::string(Name(weakest));
  }
  if (in.codec.derived) return std::string(Name(ProvenanceKind::kAssumed));
  for (const char* key : kCodecKeys) take(CodecPath(in.machine, in.codec.cost.name, key));
  return std::string(Name(weakest));
}

Json SchemesJson(const CompressionAnswer& a) {
  Json others = Json::array();
  for (const CompressedPrice& other : a.others) {
    const Time time = other.cost.Total();
    others.push_back({{"algorithm", Name(other.scheme)},
                      {"scheme", Name(other.scheme)},
                      {"chunks", other.chunks},
                      {"time_us", InMicros(time)},
                      {"slower_by_us", InMicros(time - a.coded.cost.Total())}});
  }
  return others;
}

double GBpsOf(TimePerByte slope) { return slope > TimePerByte() ? InGBps(1.0 / slope) : 0; }

// A rate in GB/s for a time per byte; null where it takes no time.
Json RateJson(TimePerByte slope) { return slope > TimePerByte() ? Json(GBpsOf(slope)) : Json(); }

std::string RateText(TimePerByte slope) {
  return slope > TimePerByte() ? ForPeople(1.0 / slope) : "no cost";
}

void PutCodec(const CompressedPriceInput& in, const CompressionAnswer& a, Json* json) {
  const CodecCost& codec = in.codec.cost;
  (*json)["codec"] = codec.name;
  (*json)["dtype"] = SourceName(in.source);
  (*json)["ratio"] = 1 / codec.share;
  (*json)["scheme"] = SchemeName(a);
  (*json)["chunks"] = a.coded.chunks;
  (*json)["plain_time_us"] = InMicros(a.plain.cost.Total());
  (*json)["plain_low_us"] = InMicros(a.plain.low);
  (*json)["plain_high_us"] = InMicros(a.plain.high);
  (*json)["gain"] = a.comparison.gain;
  (*json)["verdict"] = Name(a.comparison.verdict);
  PutWithoutCodec(a, json);
  (*json)["link_share"] = in.model.link_share();
  (*json)["codec_cost"] = {
      {"encode_GBps", RateJson(codec.encode)}, {"decode_GBps", RateJson(codec.decode)},
      {"add_GBps", RateJson(codec.add)},       {"pass_us", InMicros(codec.pass)},
      {"call_us", InMicros(codec.call)},       {"derived", in.codec.derived}};
  (*json)["caveat"] = CodecCaveat(in.codec, a.measured);
}

void Override(const CompressedPriceInput& in, const CompressionAnswer& a, Json* json) {
  const Time total = a.coded.cost.Total();
  const CollectiveRequest& request = in.model.plain().request();
  const Bandwidth algbw = in.bytes / total;
  const std::string plain_algorithm = in.model.plain_way()
                                          ? std::string(Name(CompressedScheme::kHostRing))
                                          : json->at("algorithm").get<std::string>();
  const CompressionWhatIf what_if = in.model.WhatIfAt(in.bytes);
  (*json)["time_us"] = InMicros(total);
  (*json)["low_us"] = InMicros(a.low);
  (*json)["high_us"] = InMicros(a.high);
  (*json)["algbw_GBps"] = InGBps(algbw);
  (*json)["busbw_GBps"] = InGBps(algbw * BusBandwidthFactor(request.op, request.group.ranks));
  const CollectiveModel* const kernel = in.model.kernel();
  (*json)["extrapolated"] = a.extrapolated;
  (*json)["basis"] = Name(a.measured ? kernel->basis() : Basis::kModel);
  (*json)["algorithm"] = SchemeName(a);
  (*json)["protocol"] = "";
  if (a.measured) {
    (*json)["engine"] = kernel->engine().name;
    (*json)["formula"] = "measured-curve";
  } else {
    (*json)["formula"] = in.model.WayOf(a.coded.scheme)->card->id;
  }
  (*json)["regime"] = Name(RegimeOf(a.coded.cost));
  (*json)["dominant_term"] = TermName(DominantTerm(a.coded.cost));
  (*json)["weakest_input"] = WeakestKind(in, a, json->at("weakest_input").get<std::string>());
  (*json)["terms"] = TermsJson(a.coded.cost);
  (*json)["what_if"] = {{"half_latency_us", InMicros(what_if.half_latency)},
                        {"double_bandwidth_us", InMicros(what_if.double_bandwidth)}};
  (*json)["alternatives"] = SchemesJson(a);
  (*json)["plain_algorithm"] = plain_algorithm;
}

std::string VerdictText(const CompressionAnswer& a) {
  std::string text(Name(a.comparison.verdict));
  const double gain = a.comparison.gain;
  switch (a.comparison.verdict) {
    case CompressionVerdict::kPays:
      text += ": " + NumberForPeople(gain) + " times as fast";
      // Whoever can run the scheme can run it without the codec.
      if (a.without_codec && *a.without_codec < a.coded.cost.Total()) {
        text += a.measured ? ", but by its kernel, not by its codec"
                           : ", but by its scheme, not by its codec";
      }
      return text;
    case CompressionVerdict::kLoses:
      return text + ": takes " + NumberForPeople(1 / gain) + " times as long";
    case CompressionVerdict::kWithinBand:
      break;
  }
  return text + ": too close to tell (" + NumberForPeople(gain) + " times as fast)";
}

std::string FixedText(const CodecCost& codec) {
  std::string text = codec.pass > Time() ? ForPeople(codec.pass) + " a pass" : "";
  if (codec.call > Time()) text += (text.empty() ? "" : ", ") + ForPeople(codec.call) + " a call";
  return text.empty() ? "no fixed cost" : text;
}

// How the codec is used, and what it costs.
void AddWay(const CompressedPriceInput& in, const CompressionAnswer& a, Table* table) {
  const CodecCost& codec = in.codec.cost;
  std::string way = a.measured ? BasisText(*in.model.kernel()) : SchemeName(a);
  if (a.coded.chunks > 1) way += " in " + std::to_string(a.coded.chunks) + " chunks";
  if (a.without_codec) {
    way += "; without a codec it would take " + ForPeople(*a.without_codec) +
           " (the codec's own gain: " + NumberForPeople(*a.without_codec / a.coded.cost.Total()) +
           ")";
  }
  table->rows.push_back(
      {a.measured ? "kernel " + in.model.kernel()->engine().name : "scheme", way});
  table->rows.push_back({"codec", codec.name + ": " + NumberForPeople(1 / codec.share) +
                                      " times fewer bytes than " + SourceName(in.source)});
  if (a.measured) return;
  table->rows.push_back({"its speed", "encodes " + RateText(codec.encode) + ", decodes " +
                                          RateText(codec.decode) + ", adds " + RateText(codec.add) +
                                          "; " + FixedText(codec)});
}

Table SummaryTable(const CompressedPriceInput& in, const CompressionAnswer& a, const Json& json) {
  Table table{.title = "", .columns = {{"", Align::kLeft}, {"", Align::kLeft}}, .rows = {}};
  const auto add = [&](const std::string& name, const std::string& value) {
    table.rows.push_back({name, value});
  };
  const Time total = a.coded.cost.Total();
  add("time",
      ForPeople(total) +
          (a.low == a.high ? "  (a formula, no forecast)"
                           : "  (expected between " + ForPeople(a.low) + " and " +
                                 ForPeople(a.high) + (a.extrapolated ? ", extrapolated)" : ")")));
  add("plain",
      ForPeople(a.plain.cost.Total()) + " by " + json.at("plain_algorithm").get<std::string>());
  add("verdict", VerdictText(a));
  AddWay(in, a, &table);
  add("algbw", ForPeople(in.bytes / total));
  const CompressionWhatIf what_if = in.model.WhatIfAt(in.bytes);
  const auto saved = [&](Time time) { return ShareForPeople((total - time) / total); };
  add("regime", json.at("regime").get<std::string>() + ": half the latency saves " +
                    saved(what_if.half_latency) + ", twice the bandwidth " +
                    saved(what_if.double_bandwidth));
  add("weakest input", json.at("weakest_input").get<std::string>() +
                           (in.codec.derived && !a.measured ? ": the codec's speed" : ""));
  return table;
}

Table SchemesTable(const CompressionAnswer& a) {
  Table table{.title = "Other schemes",
              .columns = {{"scheme", Align::kLeft}, {"chunks"}, {"time"}, {"difference"}},
              .rows = {}};
  for (const CompressedPrice& other : a.others) {
    const Time slower = other.cost.Total() - a.coded.cost.Total();
    table.rows.push_back({std::string(Name(other.scheme)), std::to_string(other.chunks),
                          ForPeople(other.cost.Total()), "+" + ForPeople(slower)});
  }
  return table;
}

}  // namespace

std::string SourceName(codec::Source source) {
  switch (source) {
    case codec::Source::kFp32:
      return "fp32";
    case codec::Source::kFp16:
      return "fp16";
    case codec::Source::kBf16:
      break;
  }
  return "bf16";
}

std::string CodecCaveat(const CodecOnMachine& codec, bool measured) {
  if (measured) return "";
  std::string text;
  if (codec.derived) {
    text = "codec speed derived from memory bandwidth";
    text += codec.cost.memory_share < 1 ? ", no measurement" : ", a bound that no kernel beats";
  }
  const bool fixed = codec.cost.pass > Time() || codec.cost.call > Time();
  if (!fixed) {
    text += text.empty() ? "" : "; ";
    text +=
        "no fixed cost of the codec's kernels is stated, and small messages look better than "
        "they are (--set codecs." +
        codec.cost.name + ".call=12us puts one in)";
  }
  return text;
}

std::string SchemeName(const CompressionAnswer& answer) {
  return std::string(answer.measured ? kMeasuredKernel : Name(answer.coded.scheme));
}

std::string CodedBy(const CompressionModel& model, const CompressionAnswer& answer) {
  return answer.measured ? "kernel " + model.kernel()->engine().name : SchemeName(answer);
}

void PutWithoutCodec(const CompressionAnswer& answer, Json* json) {
  const std::optional<Time>& without = answer.without_codec;
  (*json)["without_codec_us"] = without ? Json(InMicros(*without)) : Json();
  (*json)["codec_gain"] = without ? Json(*without / answer.coded.cost.Total()) : Json();
}

void AddNoCodec(Document* plain) {
  Json& json = plain->json;
  json["codec"] = "none";
  json["scheme"] = nullptr;
  json["chunks"] = 1;
  json["plain_time_us"] = json["time_us"];
  json["gain"] = 1.0;
  json["verdict"] = Name(CompressionVerdict::kWithinBand);
  plain->rows = ScalarRow(json);
}

Document CompressedPriceDocument(const CompressedPriceInput& in, Document plain, bool explain) {
  const CompressionAnswer answer = in.model.At(in.bytes);
  if (!in.model.Compresses()) {
    // A single rank sends nothing, compressed or not.
    AddNoCodec(&plain);
    plain.json["codec"] = in.codec.cost.name;
    plain.rows = ScalarRow(plain.json);
    return plain;
  }
  Document document;
  document.json = std::move(plain.json);
  Override(in, answer, &document.json);
  PutCodec(in, answer, &document.json);
  document.rows = ScalarRow(document.json);
  Paragraph head = std::get<Paragraph>(plain.body.front());
  head.text += ", compressed by " + in.codec.cost.name;
  document.body.push_back(head);
  document.body.push_back(SummaryTable(in, answer, document.json));
  document.body.push_back(TermsTable(answer.coded.cost));
  if (!answer.others.empty()) document.body.push_back(SchemesTable(answer));
  const std::string caveat = CodecCaveat(in.codec, answer.measured);
  if (!caveat.empty()) document.body.push_back(Paragraph{"Note: " + caveat + "."});
  if (explain && answer.measured) {
    AddMeasuredExplanation(in.machine, *in.model.kernel(), in.bytes, &document);
  } else if (explain) {
    AddCompressedExplanation(in, answer, &document);
  }
  return document;
}

}  // namespace commplan::report
