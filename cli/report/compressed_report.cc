#include "cli/report/compressed_report.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "cli/report/formula_text.h"
#include "cli/report/tables.h"
#include "model/base/units.h"

namespace commplan::report {
namespace {

constexpr std::array<const char*, 7> kCodecKeys = {
    "encode", "decode", "add", "pass", "call", "one_link_efficiency", "many_links_efficiency"};

// The kind that is trusted least among the plain price's and those of the codec's entry.
std::string WeakestKind(const CompressedPriceInput& in, const std::string& plain) {
  if (in.codec.derived) return std::string(Name(ProvenanceKind::kAssumed));
  auto weakest = ProvenanceKind::kMeasured;
  for (const auto kind : {ProvenanceKind::kFitted, ProvenanceKind::kDatasheet,
                          ProvenanceKind::kLiterature, ProvenanceKind::kAssumed}) {
    if (Name(kind) == plain) weakest = kind;
  }
  for (const char* key : kCodecKeys) {
    const auto found = in.machine.provenance.find("codecs." + in.codec.cost.name + "." + key);
    if (found != in.machine.provenance.end()) weakest = std::max(weakest, found->second.kind);
  }
  return std::string(Name(weakest));
}

Cost CostWith(const CompressedWay& way, int chunks, Bytes bytes,
              void (*change)(Inputs<double>*, CodecInputs<double>*)) {
  Inputs<double> x = way.inputs;
  CodecInputs<double> c = way.codec;
  x.bytes = bytes;
  x.chunks = chunks;
  change(&x, &c);
  return way.card->value(x, c);
}

Json TermsJson(const Cost& cost) {
  Json terms = Json::array();
  for (std::size_t i = 0; i < kTermCount; ++i) {
    const Term term = static_cast<Term>(i);
    if (cost.At(term) == Time()) continue;
    terms.push_back({{"name", TermName(term)}, {"time_us", InMicros(cost.At(term))}});
  }
  return terms;
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

struct WhatIf {
  Time half_latency{}, double_bandwidth{};
};

WhatIf WhatIfs(const CompressedPriceInput& in, const CompressionAnswer& a) {
  const CompressedWay& way = *in.model.WayOf(a.coded.scheme);
  WhatIf what_if;
  what_if.half_latency = CostWith(way, a.coded.chunks, in.bytes, [](auto* x, auto* c) {
                           x->latency = x->latency / 2.0;
                           x->net_latency = x->net_latency / 2.0;
                           x->launch = x->launch / 2.0;
                           c->pass = c->pass / 2.0;
                           c->call = c->call / 2.0;
                         }).Total();
  what_if.double_bandwidth = CostWith(way, a.coded.chunks, in.bytes, [](auto* x, auto*) {
                               x->bandwidth = x->bandwidth * 2.0;
                               x->net_bandwidth = x->net_bandwidth * 2.0;
                             }).Total();
  return what_if;
}

void PutCodec(const CompressedPriceInput& in, const CompressionAnswer& a, Json* json) {
  const CodecCost& codec = in.codec.cost;
  (*json)["codec"] = codec.name;
  (*json)["dtype"] = SourceName(in.source);
  (*json)["ratio"] = 1 / codec.share;
  (*json)["scheme"] = Name(a.coded.scheme);
  (*json)["chunks"] = a.coded.chunks;
  (*json)["plain_time_us"] = InMicros(a.plain.cost.Total());
  (*json)["plain_low_us"] = InMicros(a.plain.low);
  (*json)["plain_high_us"] = InMicros(a.plain.high);
  (*json)["gain"] = a.comparison.gain;
  (*json)["verdict"] = Name(a.comparison.verdict);
  (*json)["without_codec_us"] = InMicros(a.without_codec);
  (*json)["codec_gain"] = a.without_codec / a.coded.cost.Total();
  (*json)["link_share"] = in.model.link_share();
  (*json)["codec_cost"] = {
      {"encode_GBps", RateJson(codec.encode)}, {"decode_GBps", RateJson(codec.decode)},
      {"add_GBps", RateJson(codec.add)},       {"pass_us", InMicros(codec.pass)},
      {"call_us", InMicros(codec.call)},       {"derived", in.codec.derived}};
  (*json)["caveat"] = CodecCaveat(in.codec);
}

void Override(const CompressedPriceInput& in, const CompressionAnswer& a, Json* json) {
  const Time total = a.coded.cost.Total();
  const CollectiveRequest& request = in.model.plain().request();
  const Bandwidth algbw = in.bytes / total;
  const CompressedWay& way = *in.model.WayOf(a.coded.scheme);
  const std::string plain_algorithm = in.model.plain_way()
                                          ? std::string(Name(CompressedScheme::kHostRing))
                                          : json->at("algorithm").get<std::string>();
  const WhatIf what_if = WhatIfs(in, a);
  (*json)["time_us"] = InMicros(total);
  (*json)["low_us"] = InMicros(a.low);
  (*json)["high_us"] = InMicros(a.high);
  (*json)["algbw_GBps"] = InGBps(algbw);
  (*json)["busbw_GBps"] = InGBps(algbw * BusBandwidthFactor(request.op, request.group.ranks));
  (*json)["extrapolated"] = a.plain.extrapolated;
  (*json)["basis"] = Name(Basis::kModel);
  (*json)["algorithm"] = Name(a.coded.scheme);
  (*json)["protocol"] = "";
  (*json)["formula"] = way.card->id;
  (*json)["regime"] = Name(RegimeOf(a.coded.cost));
  (*json)["dominant_term"] = TermName(DominantTerm(a.coded.cost));
  (*json)["weakest_input"] = WeakestKind(in, json->at("weakest_input").get<std::string>());
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
      if (a.without_codec < a.coded.cost.Total()) text += ", but by its scheme, not by its codec";
      return text;
    case CompressionVerdict::kLoses:
      return text + ": takes " + NumberForPeople(1 / gain) + " times as long";
    case CompressionVerdict::kWithinBand:
      break;
  }
  return text + ": too close to tell (" + NumberForPeople(gain) + " times as fast)";
}

std::string FixedText(const CodecCost& codec) {
  if (codec.pass == Time() && codec.call == Time()) return "no fixed cost";
  return ForPeople(codec.pass) + " a pass, " + ForPeople(codec.call) + " a call";
}

Table SummaryTable(const CompressedPriceInput& in, const CompressionAnswer& a, const Json& json) {
  Table table{.title = "", .columns = {{"", Align::kLeft}, {"", Align::kLeft}}, .rows = {}};
  const auto add = [&](const std::string& name, const std::string& value) {
    table.rows.push_back({name, value});
  };
  const Time total = a.coded.cost.Total();
  const CodecCost& codec = in.codec.cost;
  add("time",
      ForPeople(total) + (a.low == a.high ? "  (a formula, no forecast)"
                                          : "  (expected between " + ForPeople(a.low) + " and " +
                                                ForPeople(a.high) +
                                                (a.plain.extrapolated ? ", extrapolated)" : ")")));
  add("plain",
      ForPeople(a.plain.cost.Total()) + " by " + json.at("plain_algorithm").get<std::string>());
  add("verdict", VerdictText(a));
  std::string scheme(Name(a.coded.scheme));
  if (a.coded.chunks > 1) scheme += " in " + std::to_string(a.coded.chunks) + " chunks";
  add("scheme", scheme + "; without a codec it would take " + ForPeople(a.without_codec) +
                    " (the codec's own gain: " +
                    NumberForPeople(a.without_codec / a.coded.cost.Total()) + ")");
  add("codec", codec.name + ": " + NumberForPeople(1 / codec.share) + " times fewer bytes than " +
                   SourceName(in.source));
  add("its speed", "encodes " + RateText(codec.encode) + ", decodes " + RateText(codec.decode) +
                       ", adds " + RateText(codec.add) + "; " + FixedText(codec));
  add("algbw", ForPeople(in.bytes / total));
  const WhatIf what_if = WhatIfs(in, a);
  const auto saved = [&](Time time) { return ShareForPeople((total - time) / total); };
  add("regime", json.at("regime").get<std::string>() + ": half the latency saves " +
                    saved(what_if.half_latency) + ", twice the bandwidth " +
                    saved(what_if.double_bandwidth));
  add("weakest input", json.at("weakest_input").get<std::string>() +
                           (in.codec.derived ? ": the codec's speed" : ""));
  return table;
}

Table TermsTable(const Cost& cost) {
  Table table{
      .title = "Terms", .columns = {{"term", Align::kLeft}, {"time"}, {"share"}}, .rows = {}};
  for (std::size_t i = 0; i < kTermCount; ++i) {
    const Term term = static_cast<Term>(i);
    const Time time = cost.At(term);
    if (time == Time()) continue;
    table.rows.push_back(
        {std::string(TermName(term)), ForPeople(time), ShareForPeople(time / cost.Total())});
  }
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

// ---- --explain ----

std::array<std::string, kCodecSymbolCount> CodecWords(const CodecInputs<double>& c) {
  return {ExactNumber(c.share),
          ExactNumber(c.efficiency),
          ForPeople(c.encode),
          ForPeople(c.decode),
          ForPeople(c.add),
          c.pass == Time() ? "0" : ForPeople(c.pass),
          c.call == Time() ? "0" : ForPeople(c.call)};
}

CodecInputs<Text> WordedCodec(const std::array<std::string, kCodecSymbolCount>& words) {
  const auto leaf = [&](CodecSymbol symbol) {
    return Text::Leaf(words[static_cast<std::size_t>(symbol)]);
  };
  CodecInputs<Text> c;
  c.share = leaf(CodecSymbol::kShare);
  c.efficiency = leaf(CodecSymbol::kEfficiency);
  c.encode = TimePerByteOf<Text>::FromBase(leaf(CodecSymbol::kEncode));
  c.decode = TimePerByteOf<Text>::FromBase(leaf(CodecSymbol::kDecode));
  c.add = TimePerByteOf<Text>::FromBase(leaf(CodecSymbol::kAdd));
  c.pass = TimeOf<Text>::FromBase(leaf(CodecSymbol::kPass));
  c.call = TimeOf<Text>::FromBase(leaf(CodecSymbol::kCall));
  return c;
}

std::array<std::string_view, kSymbolCount> Views(
    const std::array<std::string, kSymbolCount>& words) {
  std::array<std::string_view, kSymbolCount> views;
  std::copy(words.begin(), words.end(), views.begin());
  return views;
}

// Where a value of the codec's entry came from.
std::string OriginOf(const CompressedPriceInput& in, const std::string& key) {
  const auto found = in.machine.provenance.find("codecs." + in.codec.cost.name + "." + key);
  if (found == in.machine.provenance.end()) {
    const bool speed = key == "encode" || key == "decode" || key == "add";
    if (speed && in.codec.derived) return "derived from device.memory_bandwidth";
    return "not stated: none lost";
  }
  const Provenance& p = found->second;
  return std::string(Name(p.kind)) + ", " + (p.source.empty() ? p.note : p.source);
}

// Each symbol of the formula, its value and where that came from.
Json AddInputs(const CompressedPriceInput& in, const FormulaLines& letters,
               const std::array<std::string, kSymbolCount>& words,
               const std::array<std::string, kCodecSymbolCount>& codec_words, Document* document) {
  Table inputs{.title = "Inputs",
               .columns = {{"symbol", Align::kLeft, true},
                           {"value"},
                           {"meaning", Align::kLeft},
                           {"from", Align::kLeft}},
               .rows = {}};
  const auto plain_origin = [&](Symbol symbol) -> std::string {
    if (symbol == Symbol::kLaunch) return "the engine's smallest call";
    if (symbol == Symbol::kBandwidth || symbol == Symbol::kNetBandwidth) {
      return "the fabric, times " + ShareForPeople(in.model.link_share()) +
             " that the engine gets out of it";
    }
    return symbol == Symbol::kLatency || symbol == Symbol::kNetLatency ? "the fabric" : "";
  };
  Json symbols = Json::array();
  const auto add = [&](const SymbolText& symbol, const std::string& word, const std::string& from) {
    inputs.rows.push_back({std::string(symbol.letter), word, std::string(symbol.meaning), from});
    symbols.push_back(
        {{"symbol", symbol.letter}, {"meaning", symbol.meaning}, {"value", word}, {"from", from}});
  };
  for (std::size_t s = 0; s < kSymbolCount; ++s) {
    if (!Mentions(letters, SymbolTexts()[s].letter)) continue;
    add(SymbolTexts()[s], words[s], plain_origin(static_cast<Symbol>(s)));
  }
  constexpr std::array<const char*, kCodecSymbolCount> kKeys = {
      "", "one_link_efficiency", "encode", "decode", "add", "pass", "call"};
  for (std::size_t s = 0; s < kCodecSymbolCount; ++s) {
    if (!Mentions(letters, CodecSymbolTexts()[s].letter)) continue;
    const bool share = static_cast<CodecSymbol>(s) == CodecSymbol::kShare;
    add(CodecSymbolTexts()[s], codec_words[s],
        share ? "the format, see codecs " + in.codec.cost.name : OriginOf(in, kKeys[s]));
  }
  document->body.push_back(inputs);
  return symbols;
}

void AddExplanation(const CompressedPriceInput& in, const CompressionAnswer& a,
                    Document* document) {
  const CompressedWay& way = *in.model.WayOf(a.coded.scheme);
  const CompressedCard& card = *way.card;
  Inputs<double> x = way.inputs;
  x.bytes = in.bytes;
  x.chunks = a.coded.chunks;
  const auto words = Words(x);
  const auto codec_words = CodecWords(way.codec);
  auto letter_words = words;
  auto codec_letters = codec_words;
  for (std::size_t s = 0; s < kSymbolCount; ++s) {
    if (words[s] != "0") letter_words[s] = SymbolTexts()[s].letter;
  }
  for (std::size_t s = 0; s < kCodecSymbolCount; ++s) {
    if (codec_words[s] != "0") codec_letters[s] = CodecSymbolTexts()[s].letter;
  }
  const FormulaLines letters =
      TermLines(card.text(Worded(Views(letter_words)), WordedCodec(codec_letters)));
  document->body.push_back(Heading{"Formula " + std::string(card.id)});
  document->body.push_back(Paragraph{std::string(card.title) + "; " +
                                     std::string(card.assumptions) +
                                     ". Source: " + std::string(card.source) + "."});
  document->body.push_back(FormulaTable("", letters));
  document->body.push_back(FormulaTable(
      "With the numbers", TermLines(card.text(Worded(Views(words)), WordedCodec(codec_words)))));
  const Json symbols = AddInputs(in, letters, words, codec_words, document);
  Json terms = Json::array();
  for (const auto& line : letters) terms.push_back({{"name", line[0]}, {"formula", line[1]}});
  document->json["explanation"] = {{"formula", card.id},    {"title", card.title},
                                   {"source", card.source}, {"assumptions", card.assumptions},
                                   {"terms", terms},        {"symbols", symbols}};
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

std::string CodecCaveat(const CodecOnMachine& codec) {
  std::string text;
  if (codec.derived) {
    text = "codec speed derived from memory bandwidth, a bound that no kernel beats";
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
  if (in.model.ways().empty()) {
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
  std::string caveat = CodecCaveat(in.codec);
  if (!caveat.empty()) document.body.push_back(Paragraph{"Note: " + caveat + "."});
  if (explain) AddExplanation(in, answer, &document);
  return document;
}

}  // namespace commplan::report
