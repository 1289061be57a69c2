// Prints how far the serving step lies from served requests: constants fitted on covered rows of an
// even place and judged on the others, with whole models left out, and the constants themselves.
//   COMMPLAN_ROOT=$PWD .build/bin/tests/accuracy/serving_table

#include <cstdio>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/accuracy/measured.h"
#include "tests/accuracy/serving.h"

namespace commplan::accuracy {
namespace {

template <class Wanted>
std::vector<ServedRow> Select(const std::vector<ServedRow>& rows, Wanted wanted) {
  std::vector<ServedRow> selected;
  for (const ServedRow& row : rows) {
    if (wanted(row)) selected.push_back(row);
  }
  return selected;
}

void PrintScore(const char* what, const ServedScore& s) {
  std::printf("| %s | %d | %.1f | %.1f | %.1f | %.2f..%.2f |\n", what, s.rows, 100 * s.median,
              100 * s.mape, 100 * s.p95, s.low, s.high);
}

int Main() {
  const auto folder = MeasuredFolder();
  if (!folder) {
    std::fputs("no measurements beside the checkout: expected ../shared/measured\n", stderr);
    return 4;
  }
  const ServedRows all = ReadServed(*folder);
  std::printf(
      "%zu rows covered; left out: %d doubtful or without concurrency, %d that do not fit "
      "in memory, %d not priced\n",
      all.rows.size(), all.doubtful, all.full, all.unpriced);
  for (const auto& [why, count] : all.why) std::printf("  %d: %s\n", count, why.c_str());
  const auto dense = [](const ServedRow& row) { return !row.experts; };
  const auto experts = [](const ServedRow& row) { return row.experts; };
  const auto odd = Select(all.rows, [](const ServedRow& row) { return row.index % 2 == 1; });
  const auto even = Select(all.rows, [](const ServedRow& row) { return row.index % 2 == 0; });
  const auto costs = FitServed(even);
  std::puts(
      "\n| TPOT | rows | median % | MAPE % | p95 % | measured / predicted |\n"
      "|---|---|---|---|---|---|");
  PrintScore("nothing fitted, dense", ScoreServed(Select(all.rows, dense), {}));
  PrintScore("nothing fitted, experts", ScoreServed(Select(all.rows, experts), {}));
  PrintScore("odd rows, dense", ScoreServed(Select(odd, dense), costs));
  PrintScore("odd rows, experts", ScoreServed(Select(odd, experts), costs));
  std::set<std::string> models;
  for (const ServedRow& row : all.rows) models.insert(row.model);
  std::vector<double> errors;
  for (const bool with : {false, true}) {
    double sum = 0, count = 0;
    for (const std::string& model : models) {
      const auto out = Select(
          all.rows, [&](const ServedRow& r) { return r.model == model && r.experts == with; });
      if (out.empty()) continue;
      const auto others =
          FitServed(Select(all.rows, [&](const ServedRow& r) { return r.model != model; }));
      const ServedScore score = ScoreServed(out, others);
      PrintScore((model + " left out").c_str(), score);
      sum += score.median * score.rows;
      count += score.rows;
    }
    std::printf("| models left out, %s, mean of medians | %.0f | %.1f | | | |\n",
                with ? "experts" : "dense", count, 100 * sum / count);
  }
  std::puts("\nFitted on rows of an even place:");
  for (const auto& one : costs) {
    const auto& key = one.first;
    const auto& cost = one.second;
    const auto& [engine, with, generation] = key;
    const auto group = Select(odd, [&](const ServedRow& row) { return KeyOf(row) == key; });
    const ServedScore score = ScoreServed(group, costs);
    std::printf(
        "%s %s %s: kernels %.2f, step %.0f us, layer %.1f us, interference %.2f; odd rows %d, "
        "median "
        "%.1f %%, band %.2f..%.2f\n",
        engine.empty() ? "all" : generation.c_str(), engine.empty() ? "engines" : engine.c_str(),
        with ? "experts" : "dense", cost.kernels, cost.step_us, cost.layer_us, cost.interference,
        score.rows, 100 * score.median, score.low, score.high);
  }
  return 0;
}

}  // namespace
}  // namespace commplan::accuracy

int main() { return commplan::accuracy::Main(); }
