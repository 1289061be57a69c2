#include "calibrate/fit/compute_fit_parts.h"

#include <algorithm>
#include <cstdio>

#include "calibrate/fit/compute_fit.h"
#include "calibrate/fit/score.h"

namespace commplan::fit {
namespace {

// Quantiles of fewer rows than this say little; the whole part's stand in.
constexpr std::size_t kRowsForBand = 30;
constexpr double kOutside = 0.05;  // On each side of the band.

// The conformal quantile: of n rows, one more falls below the k-th with probability k / (n + 1).
BandFactors BandOf(const std::vector<double>& left_out) {
  const double n = static_cast<double>(left_out.size());
  const double above = std::min(1.0, std::ceil((n + 1) * (1 - kOutside)) / n);
  return {std::exp(QuantileOf(left_out, 1 - above)), std::exp(QuantileOf(left_out, above))};
}

std::string Digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

}  // namespace

double Freedom(std::size_t rows, std::size_t parameters) {
  const double n = static_cast<double>(rows);
  return n / (n - static_cast<double>(parameters));
}

KernelEvidence EvidenceOf(const std::vector<EvidenceRow>& rows, std::size_t axes) {
  KernelEvidence evidence;
  evidence.rows = static_cast<int>(rows.size());
  std::vector<double> all;
  std::array<std::vector<double>, kRegimes> by_regime;
  for (const EvidenceRow& row : rows) {
    all.push_back(row.left_out);
    by_regime[row.regime].push_back(row.left_out);
  }
  for (std::size_t regime = 0; regime < kRegimes; ++regime) {
    evidence.bands[regime] =
        BandOf(by_regime[regime].size() < kRowsForBand ? all : by_regime[regime]);
  }
  for (std::size_t axis = 0; axis < axes; ++axis) {
    AxisRange range{HUGE_VAL, -HUGE_VAL};
    for (const EvidenceRow& row : rows) {
      range.least = std::min(range.least, row.point[axis]);
      range.most = std::max(range.most, row.point[axis]);
    }
    evidence.measured.push_back(range);
  }
  return evidence;
}

std::string TooFewNote(const std::string& what, std::size_t rows) {
  std::string note = what;
  note.append(": ").append(std::to_string(rows)).append(" rows, fewer than ");
  note.append(std::to_string(kLeastComputeRows)).append(": not fitted");
  return note;
}

std::string RefusalText(double measured_us, Time floor) {
  std::string text = "took ";
  text.append(Digits(measured_us)).append(" us, but the datasheet's peaks allow no less than ");
  text.append(Digits(InMicros(floor)))
      .append(" us: its operands came from a cache, or it is wrong");
  return text;
}

}  // namespace commplan::fit
