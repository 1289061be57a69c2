#include "model/compute/moe.h"

#include <algorithm>
#include <cmath>

#include "model/base/check.h"

namespace commplan {

MoeWork ReduceMoe(const MoeShape& shape) {
  CHECK(shape.imbalance >= 1 && shape.experts >= 1 && shape.ep >= 1 && shape.tp >= 1);
  const double here = shape.experts / shape.ep;
  const double width = shape.width / shape.tp;
  const double matrices = shape.gated ? 3 : 2;
  MoeWork work;
  work.calls = shape.tokens * shape.top_k / shape.ep * shape.imbalance;
  // At random a token leaves a given expert out with probability 1 - top_k / experts.
  const double share = std::min(1.0, shape.top_k / shape.experts * shape.imbalance);
  const double at_random = here * -std::expm1(shape.tokens * std::log1p(-share));
  work.touched = shape.even ? std::min(here, work.calls) : at_random;
  // The busiest device has at least one call.
  work.touched = std::clamp(work.touched, std::min(1.0, here), here);
  work.weights = matrices * shape.hidden * width;
  work.values = 4 * shape.hidden + 4 * matrices * width;
  work.routed = shape.tokens * shape.top_k * shape.hidden * 2;
  return work;
}

}  // namespace commplan
