// From times of one kernel, plain and with codecs inside, at several sizes and numbers of ranks, to
// the parameters of model/collective/compressed_kernel.h.
//
// The parameters are found in their logarithms, so they are positive by construction, by robust
// least squares of the relative error (Levenberg-Marquardt) plus priors that a single row
// outweighs: each parameter near what the rows show at a glance (the smallest time, the best rate),
// and the starts and memory passes of all codecs near each other. So parameters that the rows do
// not fix stay where they do no harm, and a codec with few rows borrows from the others.
//
//   sum of w rho((ln t_i - ln f_i)/0.1) + sum of ((p_j - prior_j)/(sd_j))^2 * (0.05/0.1)^2
//
// On one link compressed traffic is given the rate of plain traffic; with more ranks it has its
// own. Whether further ranks bring further links is asked of the plain rates, where the caller does
// not say: they do if the rate grew by more than the square root of the number of peers.
//
// Where a codec was measured at a number of ranks, what the form leaves over is followed as well
// (calibrate/fit/residual.h), so that there the answer passes close to the measurements.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calibrate/fit/residual.h"
#include "calibrate/fit/rows.h"
#include "model/base/result.h"
#include "model/collective/compressed_kernel.h"

namespace commplan::fit {

struct CompressedSample {
  std::string codec{kNoCodec};
  int ranks = 2;
  double share = 1;  // bytes on the wire for each byte of the tensor, scales included
  double bytes = 0;  // of the tensor
  double time_us = 0;
  double weight = 1;
};

struct CompressedOptions {
  Op op = Op::kAllReduce;
  std::optional<bool> link_per_peer{};
};

struct CompressedPrediction {
  double time_us = 0;
  double low_us = 0;  // nine of ten measurements are expected between these two
  double high_us = 0;
  bool extrapolated = false;  // this codec was not measured there
};

struct CompressedFit {
  // One codec at one number of ranks that was measured.
  struct Group {
    std::string codec;
    int ranks = 2;
    Rows rows;
    Residual residual;
    double spread = 0;  // of what the other rows say of each
  };

  FusedKernel kernel;
  double scatter = 0;  // root mean square of ln t - ln f where it is small
  std::vector<Group> groups;

  // A codec that was not measured has the average of the others, and needs its share.
  CompressedPrediction Predict(std::string_view codec, int ranks, double bytes,
                               double share = 1) const;
};

// An error where a sample makes no sense, or there is none.
Result<CompressedFit> FitCompressed(const std::vector<CompressedSample>& samples,
                                    const CompressedOptions& options = {});

}  // namespace commplan::fit
