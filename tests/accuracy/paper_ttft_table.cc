// Prints the seven times to first token of arXiv 2411.09510 beside the bill, in both scenarios.
//   COMMPLAN_ROOT=$PWD .build/bin/tests/accuracy/paper_table
#include <cstdio>

#include "tests/accuracy/measured.h"
#include "tests/accuracy/paper_ttft.h"

namespace commplan::accuracy {
namespace {

void Print(const PaperRow& row) {
  std::printf(
      "| %s, %d x %s, %.0f x %.0f | %.0f | %.0f | %.2f | %.2f | %+.0f %% | %.0f | %.2f | "
      "%.2f | %+.0f %% | %s |\n",
      row.model.c_str(), row.ranks, row.gpu.c_str(), row.batch, row.tokens, 1e3 * row.compute,
      1e3 * row.plain_exposed, row.plain.measured, row.plain.predicted, 100 * row.plain.Error(),
      1e3 * row.coded_exposed, row.coded.measured, row.coded.predicted, 100 * row.coded.Error(),
      row.SameSign() ? "right" : "wrong");
}

int Main() {
  const auto folder = MeasuredFolder();
  if (!folder) {
    std::fputs("no measurements beside the checkout: expected ../shared/measured\n", stderr);
    return 4;
  }
  for (const PaperScenario& scenario : PaperScenarios()) {
    const Result<std::vector<PaperRow>> rows = PaperRows(*folder, scenario);
    if (!rows.ok()) {
      std::fprintf(stderr, "%s\n", rows.error().message.c_str());
      return 1;
    }
    std::printf("\n## %s: %s, %s\n\n", scenario.name, scenario.l4, scenario.a100);
    std::puts(
        "| model, ranks, prompts | compute ms | sums ms | paper s | bill s | error | coded sums ms "
        "| paper s | bill s | error | win or loss "
        "|\n|---|---|---|---|---|---|---|---|---|---|---|");
    for (const PaperRow& row : *rows) Print(row);
  }
  return 0;
}

}  // namespace
}  // namespace commplan::accuracy

int main() { return commplan::accuracy::Main(); }
