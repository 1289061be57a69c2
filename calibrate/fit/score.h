// A score is how far predictions lie from measurements that the fit never saw.
//
// The truth is the first measurement of a row; its repeat helps only the fit. All errors are
// fractions: |predicted / measured - 1|.
#pragma once

#include <vector>

#include "calibrate/fit/rows.h"
#include "model/collective/curve.h"
#include "model/collective/measured.h"

namespace commplan::fit {

struct Score {
  int points = 0;
  double median_ape = 0, mape = 0, p95_ape = 0;
  double coverage90 = 0;  // The share of measurements inside their band.
};

// One prediction against its measurement.
struct Held {
  double bytes = 0;
  double measured_us = 0;
  double time_us = 0, low_us = 0, high_us = 0;  // As predicted.
  bool extrapolated = false;
  double Ape() const;
  bool Covered() const;
};

// What a profile that holds the curve, or reaches the group by a law, says of each row.
std::vector<Held> PredictHeld(const MeasuredWay& way, const std::vector<Point>& test);
std::vector<Held> PredictHeld(const MeasuredCurve& curve, const std::vector<Point>& test);

// All zero for no row.
Score ScoreOf(const std::vector<Held>& held);

// The median of each error over several logs, the points added up, the coverage over all points.
Score MedianOverLogs(const std::vector<Score>& scores);

// By linear interpolation between the sorted values; 0 for none. `share` in [0, 1].
double QuantileOf(std::vector<double> values, double share);

}  // namespace commplan::fit
