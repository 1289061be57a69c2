// Prints how far the model of serving lies from served requests: constants fitted on covered rows
// of an even place and judged on the others, with whole models left out, the order of layouts, and
// the constants themselves.
//   COMMPLAN_ROOT=$PWD .build/bin/tests/accuracy/serving_table
//   ... serving_table --profile hopper    the constants as profiles/hardware/parts/serving-hopper
#include <cstdio>
#include <string>
#include <vector>

#include "tests/accuracy/measured.h"
#include "tests/accuracy/serving.h"
#include "tests/accuracy/serving_order.h"

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

std::vector<ServedRow> OfKind(const std::vector<ServedRow>& rows, bool experts) {
  return Select(rows, [experts](const ServedRow& row) { return row.experts == experts; });
}

const char* KindName(bool experts) { return experts ? "experts" : "dense"; }

// Rows, those that constants are fitted to, those that they are judged on, and the constants.
struct Judged {
  ServedRows all;
  std::vector<ServedRow> even, odd;
  Costs<TokenCost> tokens;
  Costs<FirstCost> first;
};

Judged Judge(const std::string& folder) {
  Judged judged;
  judged.all = ReadServed(folder);
  std::vector<ServedRow>& rows = judged.all.rows;
  const auto even = [](const ServedRow& row) { return row.index % 2 == 0; };
  judged.tokens = FitTpot(Select(rows, even));
  AddEngine(judged.tokens, &rows);
  judged.even = Select(rows, even);
  judged.odd = Select(rows, [&](const ServedRow& row) { return !even(row); });
  judged.first = FitTtft(judged.even);
  return judged;
}

void PrintScore(const std::string& what, const ServedScore& s) {
  std::printf("| %s | %d | %.1f | %.1f | %.1f | %.2f..%.2f | %.3f |\n", what.c_str(), s.rows,
              100 * s.median, 100 * s.mape, 100 * s.p95, s.low, s.high, s.rank);
}

void PrintHead(const char* what) {
  std::printf(
      "\n| %s | rows | median %% | MAPE %% | p95 %% | measured / predicted | rank |\n"
      "|---|---|---|---|---|---|---|\n",
      what);
}

void PrintCoverage(const ServedRows& all) {
  std::printf(
      "%zu rows covered; left out: %d doubtful or without concurrency, %d that do not fit in "
      "memory, %d in a queue for a place, %d not priced\n",
      all.rows.size(), all.doubtful, all.full, all.queued, all.unpriced);
  for (const auto& [why, count] : all.why) std::printf("  %d: %s\n", count, why.c_str());
}

void PrintTpot(const Judged& judged) {
  PrintHead("TPOT");
  for (const bool experts : {false, true}) {
    PrintScore(std::string("odd rows, ") + KindName(experts),
               ScoreTpot(OfKind(judged.odd, experts), judged.tokens));
  }
  const std::vector<LeftOut> models = LeaveModelsOut(judged.all.rows);
  for (const LeftOut& one : models) PrintScore(one.model + " left out", one.tpot);
  for (const bool experts : {false, true}) {
    std::printf("| models left out, %s, mean of medians | | %.1f | | | | |\n", KindName(experts),
                100 * MeanOfMedians(models, experts));
  }
}

void PrintTtft(const Judged& judged) {
  PrintHead("TTFT");
  for (const bool experts : {false, true}) {
    PrintScore(std::string("odd rows, ") + KindName(experts),
               ScoreTtft(OfKind(judged.odd, experts), judged.first));
  }
  PrintScore("odd rows, all", ScoreTtft(judged.odd, judged.first));
  for (const bool swept : {false, true}) {
    const auto rows =
        Select(judged.odd, [swept](const ServedRow& row) { return row.sweep_client == swept; });
    PrintScore(swept ? "odd rows, sweeping client" : "odd rows, benchmark client",
               ScoreTtft(rows, judged.first));
  }
  // As if nobody knew the client.
  std::vector<ServedRow> even = judged.even, odd = judged.odd;
  for (ServedRow& row : even) row.sweep_client = false;
  for (ServedRow& row : odd) row.sweep_client = false;
  PrintScore("odd rows, clients not told apart", ScoreTtft(odd, FitTtft(even)));
}

void PrintPairs(const Judged& judged) {
  const std::vector<LayoutPair> pairs = LayoutPairs(judged.all.rows, judged.tokens);
  std::puts("\n| layouts more than 10 % apart in TPOT | pairs | right |\n|---|---|---|");
  for (const bool devices : {true, false}) {
    for (const bool build : {true, false}) {
      int count = 0, right = 0;
      for (const LayoutPair& pair : pairs) {
        if (pair.same_devices != devices || pair.same_build != build) continue;
        ++count;
        right += pair.Right() ? 1 : 0;
      }
      std::printf("| %s, %s | %d | %d |\n", devices ? "as many devices" : "more or fewer devices",
                  build ? "same build of the engine" : "another build or not said", count, right);
    }
  }
  std::puts(
      "\n| model, system, engine, prompt, output, requests | faster | slower | measured | "
      "predicted |\n|---|---|---|---|---|");
  for (const LayoutPair& pair : pairs) {
    if (!pair.same_devices) continue;
    std::printf("| %s %s %s %.0f %.0f%s | %s | %s | %.2f | %.2f |\n", pair.a->model.c_str(),
                pair.a->system.c_str(), pair.a->engine.c_str(), pair.a->output, pair.a->requests,
                pair.same_build ? "" : ", builds differ or are not said", pair.a->layout.c_str(),
                pair.b->layout.c_str(), pair.measured, pair.predicted);
  }
}

void PrintConstants(const Judged& judged) {
  std::puts("\nFitted on rows of an even place:");
  for (const auto& [key, cost] : judged.tokens) {
    const auto& [engine, experts, generation, swept] = key;
    std::printf(
        "%s %s %s: kernels %.2f, sweeps %.2f, step %.0f us, layer %.1f us, interference %.2f\n",
        engine.empty() ? "all" : generation.c_str(), engine.empty() ? "engines" : engine.c_str(),
        KindName(experts), cost.kernels, cost.sweeps, cost.step_us, cost.layer_us,
        cost.interference);
  }
  for (const auto& [key, cost] : judged.first) {
    const auto& [engine, experts, generation, swept] = key;
    std::printf("%s %s %s, %s client: front %.0f us, steps %.2f, prefill %.2f, burst %.2f\n",
                engine.empty() ? "all" : generation.c_str(),
                engine.empty() ? "engines" : engine.c_str(), KindName(experts),
                swept ? "sweeping" : "benchmark", cost.front_us, cost.steps, cost.prefill,
                cost.burst);
  }
}

// One entry of a profile's compute.serving.
void PrintEntry(const Judged& judged, const std::string& generation, const std::string& engine,
                bool experts, bool assumed) {
  const ServedKey key{engine, experts, generation, false};
  const TokenCost& token = CostOf(judged.tokens, key);
  const FirstCost& first = CostOf(judged.first, key);
  const auto kind = OfKind(judged.odd, experts);
  const ServedScore tpot = ScoreTpot(kind, judged.tokens);
  const ServedScore ttft =
      ScoreTtft(Select(kind, [](const ServedRow& row) { return !row.sweep_client; }), judged.first);
  std::string note =
      "kind: fitted, source: aiconfigurator_served, note: \"fitted to covered rows of an even "
      "place (serving_table); bands are 5 % and 95 % of measured over predicted on the odd ones, "
      "all engines of the kind; first_token of the benchmark client";
  if (judged.tokens.find(key) == judged.tokens.end()) {
    note += "; no rows of this engine and kind: the values of all engines";
  }
  if (assumed) {
    note =
        "kind: assumed, note: \"those of Hopper: nobody published served requests of this "
        "generation; scheduling on the host changes little";
  }
  std::printf("    - engine: %s\n", engine.c_str());
  if (experts) std::puts("      experts: true");
  std::printf("      provenance: {%s\"}\n", note.c_str());
  std::printf("      kernels: %.2f\n      sweeps: %.2f\n      step: %.0fus\n      layer: %.1fus\n",
              token.kernels, token.sweeps, token.step_us, token.layer_us);
  std::printf("      interference: %.2f\n      prompt_tokens: %.0f\n", token.interference,
              kPromptTokens);
  std::printf("      band_low: %.2f\n      band_high: %.2f\n", tpot.low, tpot.high);
  std::printf(
      "      first_token: {front: %.1fms, steps: %.2f, prefill: %.2f, burst: %.3f, band_low: %.2f, "
      "band_high: %.2f}\n",
      first.front_us / 1e3, first.steps, first.prefill, first.burst, ttft.low, ttft.high);
}

int Main(const std::vector<std::string>& arguments) {
  const auto folder = MeasuredFolder();
  if (!folder) {
    std::fputs("no measurements beside the checkout: expected ../shared/measured\n", stderr);
    return 4;
  }
  const Judged judged = Judge(*folder);
  if (arguments.size() == 2 && arguments[0] == "--profile") {
    const bool assumed = arguments[1] == "ampere";
    for (const char* const engine : {"vllm", "sglang", "trtllm"}) {
      for (const bool experts : {false, true}) {
        PrintEntry(judged, assumed ? "hopper" : arguments[1], engine, experts, assumed);
      }
    }
    return 0;
  }
  PrintCoverage(judged.all);
  PrintTpot(judged);
  PrintTtft(judged);
  PrintPairs(judged);
  PrintConstants(judged);
  return 0;
}

}  // namespace
}  // namespace commplan::accuracy

int main(int argc, char** argv) {
  return commplan::accuracy::Main(std::vector<std::string>(argv + 1, argv + argc));
}
