// Rows are measurements made ready for a fit: one per size, sorted, in logarithms, with the noise
// that each one is believed to have.
//
// The repeat rule: an operation that was timed a second time (in place, say) gives a second
// measurement of the same thing, after its usual ratio to the first is taken out,
//
//   ln t = min(ln t1, ln t2 + median(ln t1 - ln t2)),
//
// the smaller of the two because a disturbance only ever adds time. Several points of one size
// become one row: the smaller of two, the median of more; their weights add up.
//
// An outlier is an inner row whose time lies beyond both of its neighbours by more than a factor of
// 2.5: no protocol switch that was ever measured on a quiet machine does that, a stalled host does.
// It is not removed but believed a hundred times less.
//
// More than 64 sizes say more of the noise than of the curve. They become one row for each eighth
// of an octave: the middle size with the median time, and how far single measurements scatter
// around the line through the eighth.
//
// Sizes and times are divided by a power of two near their middle first, so that a fit of doubled
// times is exactly the double of the fit, bit for bit, and the same for sizes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace commplan::fit {

struct Point {
  double bytes = 0;
  double time_us = 0;
  double repeat_us = 0;  // A second measurement of the same size; 0 where there is none.
  double weight = 1;     // How many measurements time_us stands for.
};

struct Row {
  double bytes = 0;
  double time_us = 0;  // By the repeat rule.
  double x = 0;        // log2(bytes / Rows::reference_bytes)
  double y = 0;        // ln(time_us / Rows::reference_us)
  double noise = 0;    // Believed standard deviation of y.
  double weight = 1;   // (usual noise / noise)^2: its share in a least-squares sum.
  double scatter = 0;  // Of single measurements around the row, in ln t; 0: not known.
  int sizes = 1;       // How many measured sizes it stands for.
  bool outlier = false;
};

struct Rows {
  std::vector<Row> rows;  // By rising size, each size once.
  double reference_bytes = 1;
  double reference_us = 1;
  std::vector<std::string> notes;  // What was merged or doubted, for people.
};

// The noise of one ordinary measurement, in ln t; see the run-to-run figures of NCCL's logs.
inline constexpr double kUsualNoise = 0.01;

inline constexpr std::size_t kMostSingleRows = 64;

// An error where a size, a time or a weight is not a positive finite number, or there is no point.
Result<Rows> PrepareRows(const std::vector<Point>& points);

// "512 B", "64 KiB", "1.5 MiB": a size as notes name it.
std::string SizeText(double bytes);

}  // namespace commplan::fit
