// Prints the accuracy of the kernel models on held-out shapes as Markdown.
//
//   compute_table                   every system, each shape held out once in five fits
//   compute_table SYSTEM [FOLDS]    one system
//   compute_table FROM --to SYSTEM  one system by what was fitted on another
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/accuracy/compute.h"
#include "tests/accuracy/measured.h"

namespace {

using commplan::accuracy::ComputeJudgement;

void Print(const std::string& title, const std::optional<ComputeJudgement>& judgement) {
  if (!judgement) return;
  std::fputs(commplan::accuracy::ComputeReport(title, *judgement).c_str(), stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto folder = commplan::accuracy::MeasuredFolder();
  if (!folder) {
    std::fputs("no measurements beside the checkout: expected ../shared/measured\n", stderr);
    return 4;
  }
  if (arguments.size() == 3 && arguments[1] == "--to") {
    const auto& from = commplan::accuracy::ComputeSystemNamed(arguments[0]);
    const auto& to = commplan::accuracy::ComputeSystemNamed(arguments[2]);
    Print(from.name + " to " + to.name, commplan::accuracy::JudgeTransfer(*folder, from, to));
    return 0;
  }
  const int folds = arguments.size() == 2 ? std::atoi(arguments[1].c_str()) : 5;
  for (const auto& system : commplan::accuracy::ComputeSystems()) {
    if (!arguments.empty() && arguments[0] != system.name) continue;
    Print(system.name + ", " + std::to_string(folds) + " folds by shape",
          commplan::accuracy::JudgeHeldOut(*folder, system, folds));
  }
  return 0;
}
