// Hiding says what the step waits for when communication may overlap compute, and what each
// collective's share of that is.
//
//   none        all of the communication
//   fraction    a what-if: PartlyHidden over the whole step
//   tiles       a product and the collective next to it are cut into 2, 4 or 8 tiles where that
//               is shorter; each tile pays the launch of its product and the latency of its message
//   ladder      each layer is two modules that end in a collective; a module starts without the
//               sum of the one before it
//   two-batch   the same modules for two halves of the batch in turn. Halves are priced as such: a
//               product of half the rows takes more than half the time
// The last two are played on the timeline of model/schedule, layers of one kind in a row, and from
// one kind to the next nothing overlaps. While both run they slow each other as the profile says.
#pragma once

#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/schedule/overlap.h"
#include "model/schedule/timeline.h"
#include "model/step/bill.h"
#include "model/step/priced.h"

namespace commplan {

struct Hidden {
  Time compute{};             // what the device computes, slowed by what runs beside it
  Time communication{};       // as if alone
  Time exposed{};             // what compute stands still for
  std::vector<Time> waits{};  // of each operation, over all its executions; kernels have none

  Time Total() const { return compute + exposed; }
};

struct HidingInput {
  Overlap overlap = Overlap::kNone;
  std::optional<double> fraction;
  const PricedProgram* whole = nullptr;
  const PricedProgram* half = nullptr;  // of half the batch; for two-batch
  const OverlapCost* cost = nullptr;
};

// `kernels` price the tiles.
Result<Hidden> Hide(const HidingInput& input, Kernels& kernels, WhatIf what_if);

// A product and the collective next to it, cut into tiles. One tile: it is left whole.
struct Tiling {
  std::size_t product = 0, exchange = 0;  // indexes in PricedProgram::operations
  int tiles = 1;
  schedule::Module tile;  // each of them
  Time wait{};            // beyond the uncut product
};
Result<std::vector<Tiling>> TilingsOf(const PricedProgram& priced, Kernels& kernels,
                                      WhatIf what_if);

// The layers of one block as modules: a run of kernels and the collectives behind it. The kernels
// behind the last collective start the next layer's first module, collectives before the first
// kernel belong to the last one. Empty where the block exchanges nothing.
struct StepModule {
  Time compute{};
  Time communicate{};
  std::vector<std::size_t> kernels;  // indexes in PricedProgram::operations
  std::vector<std::size_t> collectives;
};
std::vector<StepModule> ModulesOf(const PricedProgram& priced, std::size_t block, WhatIf what_if);

// The timeline of a block's layers; sites are module numbers.
schedule::Program LayersProgram(Overlap overlap, const std::vector<StepModule>& first,
                                const std::vector<StepModule>& second, int layers,
                                const OverlapCost& cost);

}  // namespace commplan
