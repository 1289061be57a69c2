#include "cli/report/explain_report.h"

#include <array>

#include "cli/report/formula_text.h"
#include "cli/report/measured_explain.h"
#include "model/base/units.h"
#include "model/collective/origin.h"

namespace commplan::report {
namespace {

struct Meaning {
  Term term;
  std::string_view text;
};
constexpr std::array<Meaning, kTermCount> kMeanings{{
    {Term::kLaunch, "fixed cost of a call: kernel launch, first and last synchronisation"},
    {Term::kLatency, "messages on their way inside a node, or on the only tier"},
    {Term::kBandwidth, "bytes through the links inside a node, or of the only tier"},
    {Term::kFill, "filling and draining a pipeline of chunks"},
    {Term::kNetworkLatency, "messages on their way between nodes"},
    {Term::kNetworkBandwidth,
     "bytes through the links between nodes (for a flat ring: what they add)"},
    {Term::kReduce, "arithmetic of the reduction"},
    {Term::kCopy, "copies between the user's buffers and the library's"},
    {Term::kEncode, "compressing"},
    {Term::kDecode, "decompressing"},
    {Term::kContention, "waiting for links that other groups use at the same time"},
    {Term::kResidual, "what measurements have beyond the terms above; may be negative"},
}};

std::string_view ExactnessText(const CompressedCard& card) {
  if (card.exactness == Exactness::kAlways) return "exact";
  return "exact with one chunk where all blocks are equal (p divides S); in chunks a schedule may "
         "take 0.8 to 1.25 times as long";
}

std::string_view ExactnessText(const FormulaCard& card) {
  switch (card.exactness) {
    case Exactness::kAlways:
      return "exact";
    case Exactness::kEqualBlocks:
      return "exact where all blocks are equal (p divides S), a lower bound elsewhere";
    case Exactness::kFineChunks:
      return "a lower bound that is approached as chunks get smaller";
    case Exactness::kBound:
      return "a bound, as the assumptions say";
  }
  return "";
}

Json SymbolJson(std::size_t symbol, const std::string& word,
                const std::vector<std::string>& paths) {
  return {{"symbol", SymbolTexts()[symbol].letter},
          {"meaning", SymbolTexts()[symbol].meaning},
          {"value", word},
          {"from", paths}};
}

// The letters of the symbols, but nothing for those that are zero: their terms vanish.
Inputs<Text> LettersOfNonZero(const Inputs<double>& x) {
  std::array<std::string_view, kSymbolCount> words;
  VisitInputs(x, [&](Symbol symbol, const auto& member) {
    const auto i = static_cast<std::size_t>(symbol);
    words[i] = BaseNumber(member) == 0 ? "0" : SymbolTexts()[i].letter;
  });
  return Worded(words);
}

// A plain algorithm: without what a library adds around it, over two tiers at most.
Inputs<Text> LettersOfAlgorithm() {
  std::array<std::string_view, kSymbolCount> words;
  for (std::size_t i = 0; i < kSymbolCount; ++i) words[i] = SymbolTexts()[i].letter;
  for (const Symbol symbol : {Symbol::kLaunch, Symbol::kCopying, Symbol::kStages}) {
    words[static_cast<std::size_t>(symbol)] = "0";
  }
  // The last symbols are those of further tiers.
  for (auto i = static_cast<std::size_t>(Symbol::kDomains3); i < kSymbolCount; ++i) words[i] = "0";
  return Worded(words);
}

template <class Card>
std::string CardText(const Card& card) {
  return std::string(card.title) + ". It is " + std::string(ExactnessText(card)) + "; " +
         std::string(card.assumptions) + ". Source: " + std::string(card.source) + ".";
}

void AddFormulaExplanation(const Machine& machine, const CollectiveModel& model, const Price& price,
                           Bytes bytes, Document* document) {
  const Variant& variant = model.VariantOf(price);
  const FormulaCard& card = *variant.card;
  const Inputs<double> x = InputsFor(variant, bytes);
  const auto words = Words(x);
  std::array<std::string_view, kSymbolCount> views;
  std::copy(words.begin(), words.end(), views.begin());
  const auto letters = TermLines(card.text(LettersOfNonZero(x)));
  document->body.push_back(Heading{"Formula " + std::string(card.id)});
  document->body.push_back(Paragraph{CardText(card)});
  document->body.push_back(FormulaTable("", letters));
  document->body.push_back(FormulaTable("With the numbers", TermLines(card.text(Worded(views)))));
  Table inputs{.title = "Inputs",
               .columns = {{"symbol", Align::kLeft, true}, {"value"}, {"meaning", Align::kLeft}},
               .rows = {}};
  Table origins{.title = "Where they came from",
                .columns = {{"symbol", Align::kLeft, true},
                            {"path in the profile", Align::kLeft, true},
                            {"kind", Align::kLeft},
                            {"source", Align::kLeft}},
                .rows = {}};
  Json symbols = Json::array();
  for (std::size_t s = 0; s < kSymbolCount; ++s) {
    const std::string letter(SymbolTexts()[s].letter);
    if (!Mentions(letters, letter)) continue;
    const auto paths = OriginPaths(model, variant, static_cast<Symbol>(s));
    inputs.rows.push_back({letter, words[s], std::string(SymbolTexts()[s].meaning)});
    symbols.push_back(SymbolJson(s, words[s], paths));
    for (const std::string& path : paths) {
      const auto found = machine.provenance.find(path);
      if (found == machine.provenance.end()) continue;
      const Provenance& p = found->second;
      origins.rows.push_back(
          {letter, path, std::string(Name(p.kind)), p.source.empty() ? p.note : p.source});
    }
  }
  document->body.push_back(inputs);
  document->body.push_back(origins);
  const std::vector<std::string> choice = ChoicePaths(model);
  if (!choice.empty()) {
    document->body.push_back(Paragraph{"The choice among all ways rests on " +
                                       std::to_string(choice.size()) +
                                       " values of the profile; --format json lists them."});
  }
  Json terms = Json::array();
  for (const auto& line : letters) terms.push_back({{"name", line[0]}, {"formula", line[1]}});
  document->json["explanation"] = {{"formula", card.id},
                                   {"title", card.title},
                                   {"source", card.source},
                                   {"assumptions", card.assumptions},
                                   {"exactness", ExactnessText(card)},
                                   {"terms", terms},
                                   {"symbols", symbols},
                                   {"choice_from", choice}};
}

}  // namespace

std::string TermMeaning(std::string_view name) {
  for (const Meaning& meaning : kMeanings) {
    if (TermName(meaning.term) == name) return std::string(meaning.text);
  }
  return "";
}

void AddExplanation(const Machine& machine, const CollectiveModel& model, const Price& price,
                    Bytes bytes, Document* document) {
  const bool by_formula = model.basis() == Basis::kModel || model.basis() == Basis::kScaled;
  if (by_formula) AddFormulaExplanation(machine, model, price, bytes, document);
  if (model.measured() != nullptr) AddMeasuredExplanation(machine, model, bytes, document);
}

namespace {

template <class Card>
void AddCard(const Card& card, const CostOf<Text>& text, FormulaLines* all, Document* document) {
  const FormulaLines lines = TermLines(text);
  document->body.push_back(Heading{std::string(card.id)});
  document->body.push_back(Paragraph{CardText(card)});
  document->body.push_back(FormulaTable("", lines));
  Json terms = Json::array();
  for (const auto& line : lines) {
    terms.push_back({{"name", line[0]}, {"formula", line[1]}});
    document->rows.rows.push_back({std::string(card.id), line[0], line[1]});
    all->push_back(line);
  }
  document->json["cards"].push_back({{"id", card.id},
                                     {"title", card.title},
                                     {"exactness", ExactnessText(card)},
                                     {"assumptions", card.assumptions},
                                     {"source", card.source},
                                     {"terms", terms}});
}

template <class Texts>
void AddMentioned(const Texts& texts, const FormulaLines& lines, Table* symbols) {
  for (const SymbolText& symbol : texts) {
    if (!Mentions(lines, symbol.letter)) continue;
    symbols->rows.push_back({std::string(symbol.letter), std::string(symbol.meaning)});
  }
}

}  // namespace

Document CardsDocument(const std::vector<const FormulaCard*>& cards,
                       const std::vector<const CompressedCard*>& compressed) {
  Document document;
  document.json["schema"] = "commplan/explain/1";
  document.json["cards"] = Json::array();
  document.rows.columns = {{"id"}, {"term"}, {"formula"}};
  FormulaLines plain_lines, coded_lines;
  for (const FormulaCard* card : cards) {
    AddCard(*card, card->text(LettersOfAlgorithm()), &plain_lines, &document);
  }
  CodecInputs<Text> codec = LetteredCodec();
  codec.call = {};
  for (const CompressedCard* card : compressed) {
    AddCard(*card, card->text(LettersOfAlgorithm(), codec), &coded_lines, &document);
  }
  document.body.push_back(Heading{"Symbols"});
  std::string about =
      "The cost is the sum of the terms. A library adds its fixed cost t0 to each call, and where "
      "it copies between the user's buffer and its own, c*S/p.";
  if (!compressed.empty()) about += " A codec adds a fixed cost of its own, t2, to each call.";
  document.body.push_back(Paragraph{about});
  Table symbols{.title = "",
                .columns = {{"symbol", Align::kLeft, true}, {"meaning", Align::kLeft}},
                .rows = {}};
  FormulaLines all = plain_lines;
  all.insert(all.end(), coded_lines.begin(), coded_lines.end());
  AddMentioned(SymbolTexts(), all, &symbols);
  AddMentioned(CodecSymbolTexts(), coded_lines, &symbols);
  document.body.push_back(symbols);
  return document;
}

std::vector<std::pair<const char*, std::string>> KernelTerms(const KernelCard& card) {
  std::vector<std::pair<const char*, std::string>> terms = {{"launch", card.launch},
                                                            {"compute", card.compute},
                                                            {"memory", card.memory},
                                                            {"serial", card.serial}};
  std::erase_if(terms, [](const auto& term) { return term.second.empty(); });
  return terms;
}

Document KernelCardDocument(const KernelCard& card) {
  Document document;
  FormulaLines lines;
  Json terms = Json::array();
  document.rows.columns = {{"id"}, {"term"}, {"formula"}};
  for (const auto& [name, formula] : KernelTerms(card)) {
    lines.push_back({name, formula});
    terms.push_back({{"name", name}, {"formula", formula}});
    document.rows.rows.push_back({std::string(card.id), name, formula});
  }
  document.json = {
      {"schema", "commplan/explain/1"},  {"kernel", card.id},     {"title", card.title},
      {"assumptions", card.assumptions}, {"source", card.source}, {"terms", std::move(terms)}};
  std::string text(card.title);
  text += ". It is a fit; ";
  text += card.assumptions;
  text += ". Source: ";
  text += card.source;
  text += ".";
  document.body.push_back(Heading{std::string(card.id)});
  document.body.push_back(Paragraph{std::move(text)});
  document.body.push_back(FormulaTable("", lines));
  std::string sum = kKernelSum;
  if (!card.factor.empty()) {
    sum += " A factor stands for ";
    sum += card.factor;
    sum += ".";
  }
  document.body.push_back(Paragraph{std::move(sum)});
  return document;
}

Document CardListDocument() {
  Document document;
  document.json["schema"] = "commplan/explain/1";
  document.json["cards"] = Json::array();
  Table table{.title = "Formulas",
              .columns = {{"name", Align::kLeft}, {"title", Align::kLeft}},
              .rows = {}};
  for (const FormulaCard& card : FormulaCards()) {
    table.rows.push_back({std::string(card.id), std::string(card.title)});
    document.json["cards"].push_back({{"id", card.id}, {"title", card.title}});
  }
  for (const CompressedCard& card : CompressedCards()) {
    table.rows.push_back({std::string(card.id), std::string(card.title)});
    document.json["cards"].push_back({{"id", card.id}, {"title", card.title}});
  }
  for (const KernelCard& card : KernelCards()) {
    table.rows.push_back({std::string(card.id), std::string(card.title)});
    document.json["cards"].push_back({{"id", card.id}, {"title", card.title}});
  }
  document.body.push_back(table);
  document.rows = table;
  Table terms{
      .title = "Terms", .columns = {{"name", Align::kLeft}, {"meaning", Align::kLeft}}, .rows = {}};
  for (const Meaning& meaning : kMeanings) {
    terms.rows.push_back({std::string(TermName(meaning.term)), std::string(meaning.text)});
  }
  document.body.push_back(terms);
  return document;
}

}  // namespace commplan::report
