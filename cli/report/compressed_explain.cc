#include "cli/report/compressed_explain.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/report/formula_text.h"
#include "model/base/units.h"
#include "model/collective/origin.h"

namespace commplan::report {
namespace {

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

struct Input {
  std::string_view letter, meaning;
  std::string value;
  std::string from;  // how it was made of the paths
  std::vector<std::string> paths;
};

std::string TierPath(const CollectiveModel& plain, bool network, const char* key) {
  const std::vector<Level>& levels = plain.placement().levels;
  const Level& level = levels[network ? levels.size() - 1 : 0];
  std::string path = "tiers.";
  return path.append(std::to_string(level.tier)).append(".").append(key);
}

// What the fabric and the engine put in.
Input PlainInput(const CompressedPriceInput& in, Symbol symbol, const std::string& value) {
  const CollectiveModel& plain = in.model.plain();
  const SymbolText& text = SymbolTexts()[static_cast<std::size_t>(symbol)];
  Input input{text.letter, text.meaning, value, "", {}};
  switch (symbol) {
    case Symbol::kLatency:
    case Symbol::kNetLatency:
      input.paths = {TierPath(plain, symbol == Symbol::kNetLatency, "latency")};
      break;
    case Symbol::kBandwidth:
    case Symbol::kNetBandwidth:
      input.paths = {TierPath(plain, symbol == Symbol::kNetBandwidth, "bandwidth")};
      input.from = "the share of the links; the engine gets ";
      input.from += ShareForPeople(in.model.link_share()) + " out of them";
      break;
    case Symbol::kLaunch:
    case Symbol::kReduction:
      input.from = "what the engine runs for the smallest message";
      input.paths = OriginPaths(plain, plain.VariantOf(plain.At(B(1))), symbol);
      break;
    default:
      break;
  }
  return input;
}

// What the format and the codec's costs put in.
Input CodecInput(const CompressedPriceInput& in, CodecSymbol symbol, bool many_links,
                 const std::string& value) {
  const SymbolText& text = CodecSymbolTexts()[static_cast<std::size_t>(symbol)];
  const std::string& codec = in.codec.cost.name;
  Input input{text.letter, text.meaning, value, "", {}};
  if (symbol == CodecSymbol::kShare) {
    input.from = "the format: codecs " + codec;
    return input;
  }
  constexpr std::array<const char*, kCodecSymbolCount> kKeys = {
      "", "one_link_efficiency", "encode", "decode", "add", "pass", "call"};
  const bool links = symbol == CodecSymbol::kEfficiency && many_links;
  const std::string path = CodecPath(
      in.machine, codec, links ? "many_links_efficiency" : kKeys[static_cast<std::size_t>(symbol)]);
  if (!path.empty()) {
    input.paths = {path};
    return input;
  }
  const bool speed = symbol == CodecSymbol::kEncode || symbol == CodecSymbol::kDecode ||
                     symbol == CodecSymbol::kAdd;
  if (!speed || !in.codec.derived) {
    input.from = "not stated: none lost";
    return input;
  }
  input.from = symbol == CodecSymbol::kAdd ? "(2 + w) bytes read and written"
                                           : "(1 + w) bytes read and written";
  input.paths = {"device.memory_bandwidth"};
  const std::string share = CodecPath(in.machine, codec, "memory_share");
  if (!share.empty()) input.paths.push_back(share);
  return input;
}

std::vector<Input> InputsOf(const CompressedPriceInput& in, const CompressedWay& way,
                            const std::array<std::string, kSymbolCount>& words,
                            const std::array<std::string, kCodecSymbolCount>& codec_words) {
  const GroupShape& shape = in.model.plain().shape();
  const bool many_links = way.card->all_peers && shape.all_peers > shape.neighbour;
  std::vector<Input> inputs;
  for (std::size_t s = 0; s < kSymbolCount; ++s) {
    inputs.push_back(PlainInput(in, static_cast<Symbol>(s), words[s]));
  }
  for (std::size_t s = 0; s < kCodecSymbolCount; ++s) {
    inputs.push_back(CodecInput(in, static_cast<CodecSymbol>(s), many_links, codec_words[s]));
  }
  return inputs;
}

// One row for each path, with all symbols that were made of it.
void AddOrigin(const Machine& machine, const std::string& letter, const std::string& path,
               Table* origins) {
  for (std::vector<std::string>& row : origins->rows) {
    if (row[1] != path) continue;
    row[0] += " " + letter;
    return;
  }
  const auto found = machine.provenance.find(path);
  if (found == machine.provenance.end()) return;
  const Provenance& p = found->second;
  origins->rows.push_back(
      {letter, path, std::string(Name(p.kind)), p.source.empty() ? p.note : p.source});
}

// Those that the formula mentions, and where they came from.
Json AddInputs(const CompressedPriceInput& in, const std::vector<Input>& all,
               const FormulaLines& letters, Document* document) {
  Table inputs{.title = "Inputs",
               .columns = {{"symbol", Align::kLeft, true},
                           {"value"},
                           {"meaning", Align::kLeft},
                           {"", Align::kLeft}},
               .rows = {}};
  Table origins{.title = "Where they came from",
                .columns = {{"symbols", Align::kLeft, true},
                            {"path in the profile", Align::kLeft, true},
                            {"kind", Align::kLeft},
                            {"source", Align::kLeft}},
                .rows = {}};
  Json symbols = Json::array();
  for (const Input& input : all) {
    if (!Mentions(letters, input.letter)) continue;
    const std::string letter(input.letter);
    inputs.rows.push_back({letter, input.value, std::string(input.meaning), input.from});
    symbols.push_back({{"symbol", letter},
                       {"meaning", input.meaning},
                       {"value", input.value},
                       {"from", input.from},
                       {"paths", input.paths}});
    for (const std::string& path : input.paths) AddOrigin(in.machine, letter, path, &origins);
  }
  document->body.push_back(inputs);
  document->body.push_back(origins);
  return symbols;
}

}  // namespace

void AddCompressedExplanation(const CompressedPriceInput& in, const CompressionAnswer& a,
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
  const Json symbols = AddInputs(in, InputsOf(in, way, words, codec_words), letters, document);
  Json terms = Json::array();
  for (const auto& line : letters) terms.push_back({{"name", line[0]}, {"formula", line[1]}});
  document->json["explanation"] = {{"formula", card.id},    {"title", card.title},
                                   {"source", card.source}, {"assumptions", card.assumptions},
                                   {"terms", terms},        {"symbols", symbols}};
}

}  // namespace commplan::report
