// Whether the model puts layouts in the right order: pairs of served rows that say the same but for
// the layout, and whose times per token lie apart by more than a tenth.
#pragma once

#include <vector>

#include "tests/accuracy/serving.h"

namespace commplan::accuracy {

struct LayoutPair {
  const ServedRow* a = nullptr;  // the faster one as measured
  const ServedRow* b = nullptr;
  double measured = 1;   // b over a
  double predicted = 1;  // b over a
  bool same_devices = false;
  bool same_build = false;  // of the engine: both say one, and the same

  bool Right() const { return predicted > 1; }
};

// In the order of rows. The pairs point into `rows`.
std::vector<LayoutPair> LayoutPairs(const std::vector<ServedRow>& rows,
                                    const Costs<TokenCost>& costs);

}  // namespace commplan::accuracy
