// The shapes in which layers hide communication behind compute, as programs for the timeline or,
// where one is exact, as closed forms.
//
// A layer is a row of modules (attention, MLP); each computes and then communicates its output.
// Stream 0 computes, stream 1 communicates; module i is site i.
#pragma once

#include <span>

#include "model/base/quantity.h"
#include "model/schedule/timeline.h"

namespace commplan::schedule {

struct Module {
  Time compute{};
  Time communicate{};
};

// Plain order: the next module needs the sum of this one. Nothing overlaps.
Program SerialLayers(std::span<const Module> modules, int layers);

// Ladder: the next module starts from a residual that lacks the sum under way, so the sum of a
// module is awaited by the one after the next only. At least two modules per layer.
Program LadderLayers(std::span<const Module> modules, int layers);

// Two batches in turn: while one communicates the other computes. Modules of the two halves may
// differ; per layer the tasks are compute a, communicate a, compute b, communicate b of each
// module.
Program TwoBatchLayers(std::span<const Module> first, std::span<const Module> second, int layers);

// A product cut into tiles whose parts of the result travel while the next tile is computed, or
// whose parts of the input arrive so. Both times are of one tile, with what a tile costs on top:
//   compute + communicate + (tiles - 1) max(compute, communicate)
Time Tiled(const Module& tile, int tiles);

// What-if: this share of the communication is hidden, as far as there is compute to hide it.
//   compute + max((1 - overlap_fraction) communicate, communicate - compute)
Time PartlyHidden(const Module& module, double overlap_fraction);

}  // namespace commplan::schedule
