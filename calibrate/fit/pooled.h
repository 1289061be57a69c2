// The pooled correction of the laws over ranks (model/collective/measured.h), learnt from machines
// on which the predicted count was measured too.
#pragma once

#include <vector>

#include "model/collective/measured.h"

namespace commplan::fit {

// One measured point of a count that the law predicted.
struct PooledSample {
  MeasuredWay::Features features;
  double excess = 0;  // ln t measured less the law without its correction
};

PooledSample SampleOf(const MeasuredWay& law, Bytes bytes, double measured_us);

// By least squares with a slight pull to zero, so that a few samples teach little.
CountCoefficients FitPooled(const std::vector<PooledSample>& samples);

}  // namespace commplan::fit
