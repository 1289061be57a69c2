#include "calibrate/fit/curve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "calibrate/fit/residual.h"
#include "model/base/check.h"

namespace commplan::fit {
namespace {

constexpr std::size_t kRowsForSqrt = 4;   // Its three parameters and one row to doubt them with.
constexpr std::size_t kRowsForPower = 6;  // Likewise, and one row more for the exponent.
constexpr double kSimplerWithin = 2;      // The usual reading of AICc: no real difference.
constexpr double kInsideSqrtShare = 0.2;
constexpr double kOutsideSqrtShare = 0.5;
constexpr double kOctavesToOutsideShare = 3;
// Covers 87 to 93 % of the rows one to six octaves above, 94 % and more of those below.
constexpr double kHalfWidthPerOctave = 0.1;
// With a line or a constant alone, all from no growth to growth with the size is possible.
constexpr double kFewRowsHalfWidthPerOctave = 0.69;
// A lone form has no spread; its doubt is the slope's, which two rows hardly know.
constexpr double kFewRowsSigma = 0.1;

// The quantiles above over the 1.64 of a normal distribution: scatter that was observed needs no
// more than those.
constexpr double kQuantileOverNormal = 1.6;

double Quantile(double above_least) {
  for (const RegimeQuantile& regime : kBandQuantiles) {
    if (above_least < regime.up_to) return regime.q;
  }
  return kBandQuantiles.back().q;
}

// Octaves outside the measured range, 0 inside.
double Outside(const CurveFit& fit, double x) {
  return std::max({0.0, fit.rows.front().x - x, x - fit.rows.back().x});
}

struct MemberValues {
  std::array<double, kMostMembers> y{};  // ln(t / reference_us) by each member.
  std::size_t count = 0;
  double average = 0;
  double spread = 0;
};

MemberValues Evaluate(const CurveFit& fit, double bytes, double x) {
  MemberValues values;
  values.count = fit.members.size();
  for (std::size_t m = 0; m < values.count; ++m) {
    values.y[m] = std::log(fit.members[m].mean.Time(bytes) / fit.reference_us);
  }
  for (std::size_t i = 0; i < fit.rows.size(); ++i) {
    const double kernel = ResidualKernel(x - fit.rows[i].x);
    for (std::size_t m = 0; m < values.count; ++m) values.y[m] += kernel * fit.members[m].alpha[i];
  }
  const double beyond = std::min(1.0, Outside(fit, x) / kOctavesToOutsideShare);
  const double share =
      values.count < 2 ? 0.0 : kInsideSqrtShare + beyond * (kOutsideSqrtShare - kInsideSqrtShare);
  values.average = values.y[0] + share * (values.y[values.count < 2 ? 0 : 1] - values.y[0]);
  double sum = 0, squares = 0;
  for (std::size_t m = 0; m < values.count; ++m) {
    sum += values.y[m] - values.average;
    squares += (values.y[m] - values.average) * (values.y[m] - values.average);
  }
  const double n = static_cast<double>(values.count);
  values.spread = std::sqrt(std::max(0.0, squares / n - sum * sum / (n * n)));
  return values;
}

// The nearest rows at or below and above x that are no outliers; null at the ends.
struct Bracket {
  const Row* before = nullptr;
  const Row* after = nullptr;
};

Bracket BracketOf(const CurveFit& fit, double x) {
  Bracket bracket;
  for (const Row& row : fit.rows) {
    if (row.outlier) continue;
    if (row.x <= x) bracket.before = &row;
    if (row.x > x && bracket.after == nullptr) bracket.after = &row;
  }
  return bracket;
}

double FittedY(const CurveFit& fit, const Row& row) {
  return fit.fitted_y[static_cast<std::size_t>(&row - fit.rows.data())];
}

Envelope EnvelopeOf(const Bracket& bracket, double x) {
  if (bracket.before == nullptr || bracket.after == nullptr) return {};
  const double from_before = bracket.before->y + (x - bracket.before->x) * std::log(2.0);
  const double from_after = bracket.after->y - (bracket.after->x - x) * std::log(2.0);
  // Rows that contradict the bounds (a switch lies between) span them in the other direction.
  const double a = std::max(bracket.before->y, from_after);
  const double b = std::min(bracket.after->y, from_before);
  return {true, std::min(a, b), std::max(a, b)};
}

// The larger leave-one-out error at the ends of the bracket that holds x.
double Kink(const CurveFit& fit, double x) {
  const auto above = std::upper_bound(fit.rows.begin(), fit.rows.end(), x,
                                      [](double value, const Row& row) { return value < row.x; });
  const std::size_t next = static_cast<std::size_t>(above - fit.rows.begin());
  double kink = 0;
  if (next > 0) kink = std::abs(fit.leave_one_out[next - 1]);
  if (next < fit.rows.size()) kink = std::max(kink, std::abs(fit.leave_one_out[next]));
  return kink;
}

// What single measurements scatter there; rows of a few cannot tell and take it from the usual one.
double ScatterAt(const CurveFit& fit, double x) {
  double nearest = HUGE_VAL, scatter = 0;
  for (const Row& row : fit.rows) {
    if (row.scatter == 0 || std::abs(row.x - x) >= nearest) continue;
    nearest = std::abs(row.x - x);
    scatter = row.scatter;
  }
  return scatter;
}

double Sigma(const CurveFit& fit, double x, double spread) {
  const double kink = Kink(fit, x) / 5;
  const Envelope envelope = EnvelopeOf(BracketOf(fit, x), x);
  const double room = (envelope.high_y - envelope.low_y) / 10;
  const double scatter = ScatterAt(fit, x) / kQuantileOverNormal;
  const double few = fit.members.size() < 2 ? kFewRowsSigma : 0.0;
  return std::sqrt(kUsualNoise * kUsualNoise + spread * spread + kink * kink + room * room +
                   few * few + scatter * scatter);
}

// ln t and the half-width of its band between the measured sizes.
struct Centre {
  double y = 0;
  double half_width = 0;
};

// The fit may ring beside a switch; the bounds of physics take that back. They start half-way from
// the rows themselves, near a row from what the fit makes of it, whose noise is smoothed away.
double WithinBounds(const CurveFit& fit, double x, double y) {
  const Bracket bracket = BracketOf(fit, x);
  if (bracket.before != nullptr && bracket.before->x == x) return FittedY(fit, *bracket.before);
  if (bracket.before == nullptr || bracket.after == nullptr) return y;
  Row before = *bracket.before, after = *bracket.after;
  const double nearness = std::abs(2 * (x - before.x) / (after.x - before.x) - 1);
  before.y += nearness * (FittedY(fit, *bracket.before) - before.y);
  after.y += nearness * (FittedY(fit, *bracket.after) - after.y);
  const Envelope envelope = EnvelopeOf({&before, &after}, x);
  return std::clamp(y, envelope.low_y, envelope.high_y);
}

Centre InsideAt(const CurveFit& fit, double bytes, double x) {
  const MemberValues values = Evaluate(fit, bytes, x);
  const double y = WithinBounds(fit, x, values.average);
  const double above_least = y - std::log(fit.least_us / fit.reference_us);
  return {y, Quantile(above_least) * Sigma(fit, x, values.spread)};
}

// By how much ln t grows at least beyond the last row, from the bytes of the last two octaves.
double LeastGrowth(const CurveFit& fit, double bytes) {
  constexpr double kShare = 0.9;  // of the slope seen, which still falls where a ramp ends
  const Row& last = fit.rows.back();
  const Row* before = nullptr;
  for (const Row& row : fit.rows) {
    if (!row.outlier && row.x <= last.x - 2) before = &row;
  }
  if (before == nullptr || last.outlier) return 0;
  const double slope = (last.time_us - before->time_us) / (last.bytes - before->bytes);
  return std::log1p(kShare * std::max(0.0, slope) * (bytes - last.bytes) / last.time_us);
}

Centre OutsideAt(const CurveFit& fit, double bytes, double x) {
  const bool larger = x > fit.rows.back().x;
  const Row& edge = larger ? fit.rows.back() : fit.rows.front();
  const double octaves = Outside(fit, x);
  const double edge_y = FittedY(fit, edge);
  const double ratio = (larger ? octaves : -octaves) * std::log(2.0);
  double y = std::clamp(Evaluate(fit, bytes, x).average, std::min(edge_y, edge_y + ratio),
                        std::max(edge_y, edge_y + ratio));
  // No rate grows for ever: a further byte costs at least what the last two octaves show, or
  // nearly.
  if (larger) y = std::max(y, edge_y + LeastGrowth(fit, bytes));
  const double per_octave =
      fit.members.size() < 2 ? kFewRowsHalfWidthPerOctave : kHalfWidthPerOctave;
  return {y, InsideAt(fit, edge.bytes, edge.x).half_width + per_octave * octaves};
}

std::vector<Form> FormsFor(std::size_t rows) {
  std::vector<Form> forms = {Form::kConstant};
  if (rows >= 2) forms.push_back(Form::kLine);
  if (rows >= kRowsForSqrt) forms.push_back(Form::kSqrt);
  if (rows >= kRowsForPower) forms.push_back(Form::kPower);
  return forms;
}

// Index of the simplest form that is within kSimplerWithin of the best. Where there are too few
// rows for the criterion, a line, unless the rows do not differ beyond noise.
std::size_t SimplestSupported(const std::vector<MeanFit>& fits) {
  double best = std::numeric_limits<double>::infinity();
  for (const MeanFit& fit : fits) {
    if (fit.aicc_known) best = std::min(best, fit.aicc);
  }
  if (fits.size() == 1 || fits[0].scatter <= kUsualNoise) return 0;
  if (!fits[1].aicc_known) return 1;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    if (fits[i].aicc_known && fits[i].aicc <= best + kSimplerWithin) return i;
  }
  return 1;
}

void AddNotes(CurveFit& fit) {
  const std::size_t n = fit.rows.size();
  const std::string sizes = std::to_string(n) + (n == 1 ? " size" : " sizes");
  if (n == 1) {
    fit.notes.push_back("one size only: the time is taken as latency; measure a large size too");
  } else if (n < kRowsForSqrt) {
    fit.notes.push_back(sizes +
                        " only: a line of latency and bandwidth; the ramp between them "
                        "needs 4, and 7 to 9 are usual");
  } else if (n < kRowsForPower) {
    fit.notes.push_back(sizes + " only: the exponent of the ramp is not fitted; 7 to 9 are usual");
  }
  for (const Parameter& parameter : fit.parameters) {
    if (parameter.identified) continue;
    fit.notes.push_back(parameter.name + " is not fixed by these sizes; do not read it as physics");
  }
}

// The members for prediction: the line first, then sqrt, then power; a constant for a single row.
void BuildMembers(const Rows& rows, const std::vector<MeanFit>& fits, CurveFit& fit) {
  std::vector<std::vector<double>> differences;
  for (std::size_t f = fits.size() > 1 ? 1 : 0; f < fits.size(); ++f) {
    fit.members.push_back({fits[f].mean, {}});
    differences.emplace_back();
    for (const Row& row : rows.rows) {
      differences.back().push_back(row.y -
                                   std::log(fits[f].mean.Time(row.bytes) / rows.reference_us));
    }
  }
  std::vector<Residual> residuals = FitResiduals(rows.rows, differences);
  fit.leave_one_out.assign(rows.rows.size(), 0.0);
  for (std::size_t m = 0; m < residuals.size(); ++m) {
    fit.members[m].alpha = std::move(residuals[m].alpha);
    const double share = 1 / static_cast<double>(residuals.size());
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
      // What is known of an outlier is that it is wrong, not that its neighbourhood is.
      if (rows.rows[i].outlier) continue;
      fit.leave_one_out[i] += share * residuals[m].leave_one_out[i];
    }
  }
}

}  // namespace

Result<CurveFit> FitCurve(const std::vector<Point>& points) {
  ASSIGN_OR_RETURN(Rows rows, PrepareRows(points));
  std::vector<MeanFit> fits;
  for (const Form form : FormsFor(rows.rows.size())) {
    fits.push_back(FitMean(form, rows));
  }
  CurveFit fit;
  fit.reference_bytes = rows.reference_bytes;
  fit.reference_us = rows.reference_us;
  const MeanFit& shown = fits[SimplestSupported(fits)];
  fit.mean = shown.mean;
  fit.parameters = shown.parameters;
  fit.scatter = shown.scatter;
  fit.notes = rows.notes;
  BuildMembers(rows, fits, fit);
  fit.switches = FindSwitches(rows.rows);
  fit.least_us = std::numeric_limits<double>::infinity();
  for (const Row& row : rows.rows) {
    if (!row.outlier) fit.least_us = std::min(fit.least_us, row.time_us);
  }
  fit.rows = std::move(rows.rows);
  AddNotes(fit);
  for (const Row& row : fit.rows) {
    // A row of several sizes has little noise to smooth: the steps of a dense sweep are true.
    fit.fitted_y.push_back(row.sizes > 1 ? row.y : Evaluate(fit, row.bytes, row.x).average);
  }
  return fit;
}

Prediction Predict(const CurveFit& fit, double bytes) {
  CHECK(std::isfinite(bytes) && bytes > 0);
  const double x = std::log2(bytes / fit.reference_bytes);
  Prediction prediction;
  prediction.extrapolated = bytes < fit.LeastBytes() || bytes > fit.MostBytes();
  const Centre centre =
      prediction.extrapolated ? OutsideAt(fit, bytes, x) : InsideAt(fit, bytes, x);
  const double time = std::exp(centre.y) * fit.reference_us;
  CurveTerms& terms = prediction.terms;
  terms.latency_us = fit.mean.latency_us;
  terms.bandwidth_us = fit.mean.Bandwidth(bytes);
  terms.ramp_us = fit.mean.Ramp(bytes);
  terms.residual_us = time - (terms.latency_us + terms.bandwidth_us + terms.ramp_us);
  prediction.time_us = terms.Total();
  prediction.low_us = prediction.time_us * std::exp(-centre.half_width);
  prediction.high_us = prediction.time_us * std::exp(centre.half_width);
  return prediction;
}

Envelope EnvelopeAt(const CurveFit& fit, double bytes) {
  const double x = std::log2(bytes / fit.reference_bytes);
  return EnvelopeOf(BracketOf(fit, x), x);
}

double BandSigma(const CurveFit& fit, double bytes) {
  const double x = std::log2(bytes / fit.reference_bytes);
  return Sigma(fit, x, Evaluate(fit, bytes, x).spread);
}

}  // namespace commplan::fit
