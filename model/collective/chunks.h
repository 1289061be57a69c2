// How many chunks make a pipelined formula fastest: more chunks fill the pipeline sooner, and each
// of them costs a message more. In closed form, because a search asks for it millions of times.
#pragma once

#include "model/collective/formula/cards.h"

namespace commplan {

// The whole number of chunks, at most one per byte, with the smallest value of the card; for a card
// that has no chunks to choose, 1. `x` holds everything but the chunks.
double BestChunks(const FormulaCard& card, const Inputs<double>& x);

}  // namespace commplan
