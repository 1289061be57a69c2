#include "cli/explain.h"

#include <memory>

#include "cli/output.h"
#include "cli/report/explain_report.h"
#include "cli/report/measured_explain.h"
#include "model/base/suggest.h"
#include "model/collective/formula/cards.h"
#include "model/collective/formula/compressed_cards.h"
#include "model/compute/cards.h"

namespace commplan::cli {
namespace {

struct ExplainOptions {
  CommonOptions common;
  std::string name;
};

// All that `explain` knows, for suggestions.
std::vector<std::string> KnownNames() {
  std::vector<std::string> names = AlgorithmNames();
  for (const FormulaCard& card : FormulaCards()) names.emplace_back(card.id);
  for (const CompressedCard& card : CompressedCards()) names.emplace_back(card.id);
  for (const std::string& scheme : CompressedSchemeNames()) names.push_back(scheme);
  for (const KernelCard& card : KernelCards()) names.emplace_back(card.id);
  names.emplace_back("measured-curve");
  for (std::size_t i = 0; i < kTermCount; ++i) names.emplace_back(TermName(static_cast<Term>(i)));
  return names;
}

Result<report::Document> Explain(const std::string& name) {
  if (name.empty()) return report::CardListDocument();
  if (name == "measured-curve") return report::MeasuredCurveDocument();
  if (const std::string meaning = report::TermMeaning(name); !meaning.empty()) {
    report::Document document;
    document.json = {{"schema", "commplan/explain/1"}, {"term", name}, {"meaning", meaning}};
    document.body.push_back(report::Paragraph{name + ": " + meaning + "."});
    document.rows = {"", {{"term"}, {"meaning"}}, {{name, meaning}}};
    return document;
  }
  if (const KernelCard* const kernel = FindKernelCard(name)) {
    return report::KernelCardDocument(*kernel);
  }
  std::vector<const FormulaCard*> cards;
  for (const FormulaCard& card : FormulaCards()) {
    if (name == "all" || card.id == name || Name(card.op) == name || Name(card.algorithm) == name) {
      cards.push_back(&card);
    }
  }
  std::vector<const CompressedCard*> compressed;
  for (const CompressedCard& card : CompressedCards()) {
    const bool scheme = Name(card.scheme) == name || name == "codec";
    if (name == "all" || card.id == name || Name(card.op) == name || scheme) {
      compressed.push_back(&card);
    }
  }
  if (!cards.empty() || !compressed.empty()) return report::CardsDocument(cards, compressed);
  return NotFoundError("nothing is called '" + name + "'", {},
                       SuggestionHint(name, KnownNames()) + "; commplan explain lists all");
}

}  // namespace

void AddExplain(CLI::App& app, Action* chosen) {
  CLI::App& command =
      *app.add_subcommand("explain", "what a formula, an algorithm or a term means");
  auto options = std::make_shared<ExplainOptions>();
  command
      .add_option(
          "name", options->name,
          "a formula (all-reduce/ring), an operation, an algorithm, a kernel (gemm), a term, "
          "or all formulas of collectives (all); without it, a list")
      ->option_text(" ");
  AddFormatOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) -> Result<int> {
    ASSIGN_OR_RETURN(const report::Document document, Explain(options->name));
    Print(document, options->common.format, io);
    return 0;
  });
}

}  // namespace commplan::cli
