// Prints how far the training step is from measured iterations: a line for each figure, then, where
// asked for by a word, each run of the figures whose name contains it.
//
//   training_table [WORD]
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "fmt/core.h"
#include "model/base/quantity.h"
#include "tests/accuracy/measured.h"
#include "tests/accuracy/training.h"

namespace commplan::accuracy {
namespace {

void PrintLine(const std::string& what, const std::vector<JudgedRun>& runs) {
  const TrainSummary s = Summarize(runs);
  fmt::print("| {} | {} | {:.1f} | {:.1f} | {:+.1f} | {:.1f} | {:.0f} | {} |\n", what, s.rows,
             100 * s.mape, 100 * s.median, 100 * s.bias, 100 * s.worst, 100 * s.coverage, s.fits);
}

void PrintRuns(const std::vector<JudgedRun>& runs) {
  for (const JudgedRun& run : runs) {
    const double step = InSeconds(run.bill.step);
    fmt::print(
        "{:+6.1f} % {:9.3f} s, measured {:9.3f}; compute {:.0f} exposed {:.0f} bubble {:.0f} "
        "optimizer {:.0f} %; {:.1f} GB{} | {}\n",
        100 * run.Error(), run.predicted, run.row->seconds,
        100 * InSeconds(run.bill.compute) / step, 100 * InSeconds(run.bill.exposed) / step,
        100 * InSeconds(run.bill.bubble) / step, 100 * InSeconds(run.bill.optimizer) / step,
        InGB(run.bill.memory.need.Total()), run.bill.memory.fits ? "" : " (does not fit)",
        run.row->label);
  }
}

// The simulator's rows, by the profile that it made them of: hidden size, tp, micro batch.
void PrintSimulated(const std::vector<TrainRow>& rows, bool each) {
  TrainConstants constants;
  for (const double launch : {0.0, 60.0}) {
    constants.launch_us = launch;
    const std::vector<JudgedRun> runs = Judge(RowsOf(rows, kVtrainNode), constants).runs;
    PrintLine(fmt::format("agreement with vTrain's simulator on one node, launch {} us", launch),
              runs);
    std::map<std::string, std::vector<JudgedRun>> groups;
    for (const JudgedRun& run : runs) groups[run.row->group].push_back(run);
    if (!each) continue;
    for (const auto& [group, of] : groups) PrintLine("- hidden/tp/micro batch " + group, of);
  }
}

int Main(const std::string& word) {
  const std::optional<std::string> folder = MeasuredFolder();
  if (!folder) {
    fmt::print("found no measurements beside the checkout\n");
    return 0;
  }
  const std::vector<TrainRow> rows = ReadTraining(*folder);
  fmt::print(
      "| figure | rows | MAPE % | median % | bias % | worst % | in band % | fit memory |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (const TrainResult& result : JudgeTraining(rows)) {
    PrintLine(result.what, result.runs);
    if (!word.empty() && result.what.find(word) != std::string::npos) PrintRuns(result.runs);
  }
  PrintSimulated(rows, !word.empty() && word == "simulator");
  const TrainJudgement nemo = Judge(RowsOf(rows, kNemo), {});
  fmt::print(
      "NeMo rows of all releases: {} fit in memory of {} that the model "
      "takes; {} refused\n",
      Summarize(nemo.runs).fits, nemo.runs.size(), nemo.refused.size());
  return 0;
}

}  // namespace
}  // namespace commplan::accuracy

int main(int argc, char** argv) { return commplan::accuracy::Main(argc > 1 ? argv[1] : ""); }
