// From measured kernel times to the efficiencies, tables and bands of model/compute.
//
// Rows are parted by engine, kernel and format. Each part gets a closed form of its own
// (compute_solver.h). What the forms leave over is smoothed into a table (compute_table.h): one for
// all engines of a format for matrix products, where they call the same library, and one for each
// attention kernel. The bands are the 5 % and 95 % quantiles of what a row is off when its shape is
// left out of the table.
//
// A row that is faster than the datasheet's peaks allow is refused with its reason: its weights or
// keys came from a cache, which they do not when a model runs, or the measurement is wrong.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "calibrate/fit/compute_rows.h"
#include "model/compute/device.h"
#include "model/compute/model.h"

namespace commplan::fit {

struct Refusal {
  std::size_t row = 0;  // Index in the rows given.
  std::string reason;
};

template <class Fit>
struct ComputeFits {
  std::vector<Fit> fits;
  std::vector<Refusal> refused;
  std::vector<std::string> notes;  // Parts too small to be fitted, formats that the device lacks.
};

// Fewer rows than this are not fitted.
inline constexpr std::size_t kLeastComputeRows = 30;

ComputeFits<GemmFit> FitGemm(const ComputeDevice& device, const std::vector<GemmRow>& rows);
ComputeFits<AttentionFit> FitAttention(const ComputeDevice& device,
                                       const std::vector<AttentionRow>& rows);
ComputeFits<MoeFit> FitMoe(const ComputeDevice& device, const std::vector<MoeRow>& rows);

// The imbalance of a skewed router over ep devices: 1 + skew log2(ep), at most ep.
double SkewedImbalance(double skew_per_octave, double ep);

}  // namespace commplan::fit
