// The seven times to first token that a paper on compressed tensor parallelism printed, plain and
// compressed (arXiv 2411.09510; Llama 2 on eight, four and two L4, and on four A100), against the
// bill of the same prompts.
//
// The hosts are not described, so that the link is told by the numbers themselves. Two scenarios:
//   host memory  ranks of an L4 host meet in host memory; a ring of reductions shares 10.2 GB/s, a
//                gather gets 9.5 GB/s for each rank
//   gather       the plain sum is a gather and a local sum too; both run at 5.6 GB/s for each rank
// In both the codec is a chain of some forty passes over memory with 0.3 to 0.4 ms of launches, and
// kernels are launched one by one. The A100 are the same in both.
//
// What the fourteen numbers cannot decide. They have two digits (up to 6 % each), and constants
// were fitted to them: one or two for the links, two for the codec's passes, one for its launches,
// one for those of a layer. That both scenarios hold says that the table is consistent with the
// model, not why the hosts are slow. The first needs gathers seven times as fast as reductions at
// eight ranks, which no measured PCIe host shows; the second denies that the plain path reduces,
// which the code it is said to build on does, and adds decoded values in less time than memory
// takes. Gains between the two columns decide no more: a tenth of either time turns the sign of the
// row of two ranks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace commplan::accuracy {

struct PaperScenario {
  const char* name;
  const char* l4;                // profile
  const char* a100;              // profile
  bool measured_kernel = false;  // the L4's compressed collectives are curves of the profile
};
const std::vector<PaperScenario>& PaperScenarios();

struct PaperTime {
  double measured = 0, predicted = 0;  // s
  double Error() const { return predicted / measured - 1; }
};

struct PaperRow {
  std::string model, gpu;
  int ranks = 1;
  double batch = 1, tokens = 1;
  PaperTime plain, coded;
  double compute = 0, plain_exposed = 0, coded_exposed = 0;  // s

  bool SameSign() const {
    return (coded.measured < plain.measured) == (coded.predicted < plain.predicted);
  }
};

Result<std::vector<PaperRow>> PaperRows(const std::string& folder, const PaperScenario& scenario);

}  // namespace commplan::accuracy
