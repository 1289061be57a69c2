#include "calibrate/fit/rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <tuple>
#include <utility>

namespace commplan::fit {
namespace {

// ln 2.5: see the header.
constexpr double kOutlierStep = 0.916;
constexpr double kOutlierNoise = 1.0;
// More repeats than this do not make a row better known than the form can follow.
constexpr double kLeastNoise = 0.004;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// The power of two at or below `value`: dividing by it loses no bit.
double PowerOfTwo(double value) { return std::ldexp(1.0, std::ilogb(value)); }

bool Positive(double value) { return std::isfinite(value) && value > 0; }

Status CheckPoint(const Point& point) {
  const std::string number = check_internal::DoubleText(point.bytes);
  if (!Positive(point.bytes)) {
    return BadInputError("a measurement has " + number + " bytes, expected more than 0");
  }
  if (!Positive(point.time_us) || !Positive(point.weight)) {
    return BadInputError("the measurement of " + number + " bytes has time " +
                         check_internal::DoubleText(point.time_us) + " us and weight " +
                         check_internal::DoubleText(point.weight) + ", expected more than 0");
  }
  if (!std::isfinite(point.repeat_us) || point.repeat_us < 0) {
    return BadInputError("the repeat of " + number + " bytes takes " +
                         check_internal::DoubleText(point.repeat_us) +
                         " us, expected a time, or 0 for none");
  }
  return OkStatus();
}

// The usual ln(first / repeat).
double RepeatShift(const std::vector<Point>& points) {
  std::vector<double> shifts;
  for (const Point& point : points) {
    if (point.repeat_us > 0) shifts.push_back(std::log(point.time_us / point.repeat_us));
  }
  return shifts.empty() ? 0.0 : Median(std::move(shifts));
}

// One row from all points of one size.
Row Merge(const std::vector<Point>& points, std::size_t begin, std::size_t end, double shift) {
  std::vector<double> times;
  double weight = 0;
  for (std::size_t i = begin; i < end; ++i) {
    double time = points[i].time_us;
    if (points[i].repeat_us > 0) time = std::min(time, points[i].repeat_us * std::exp(shift));
    times.push_back(time);
    weight += points[i].weight;
  }
  Row row;
  row.bytes = points[begin].bytes;
  row.time_us = times.size() > 2 ? Median(times) : *std::min_element(times.begin(), times.end());
  row.noise = std::max(kLeastNoise, kUsualNoise / std::sqrt(weight));
  return row;
}

constexpr double kBinsPerOctave = 8;

double BinOf(const Row& row) { return std::floor(std::log2(row.bytes) * kBinsPerOctave); }

// Median distance from the line through the rows, scaled to a standard deviation. Two rows are
// always on a line.
double ScatterOf(const std::vector<Row>& rows) {
  const double n = static_cast<double>(rows.size());
  double x = 0, y = 0, xx = 0, xy = 0;
  for (const Row& row : rows) {
    const double u = std::log(row.bytes / rows.front().bytes);
    x += u / n;
    y += std::log(row.time_us) / n;
    xx += u * u / n;
    xy += u * std::log(row.time_us) / n;
  }
  const double spread = xx - x * x;
  const double slope = spread > 0 ? (xy - x * y) / spread : 0;
  std::vector<double> distances;
  for (const Row& row : rows) {
    const double u = std::log(row.bytes / rows.front().bytes);
    distances.push_back(std::abs(std::log(row.time_us) - y - slope * (u - x)));
  }
  constexpr double kMadToDeviation = 1.4826;
  return rows.size() < 3 ? 0 : kMadToDeviation * Median(std::move(distances));
}

Row BinRow(const std::vector<Row>& rows) {
  if (rows.size() == 1) return rows.front();
  Row row = rows[rows.size() / 2];
  std::vector<double> times;
  for (const Row& one : rows) times.push_back(one.time_us);
  row.time_us = Median(std::move(times));
  row.scatter = ScatterOf(rows);
  row.sizes = static_cast<int>(rows.size());
  row.noise = std::max(
      kLeastNoise, std::max(row.noise, row.scatter) / std::sqrt(static_cast<double>(rows.size())));
  return row;
}

void BinDenseRows(Rows& all) {
  if (all.rows.size() <= kMostSingleRows) return;
  all.notes.push_back(std::to_string(all.rows.size()) +
                      " sizes are taken together by eighths of an octave");
  std::vector<Row> bins, bin;
  for (const Row& row : all.rows) {
    if (!bin.empty() && BinOf(row) != BinOf(bin.front())) {
      bins.push_back(BinRow(bin));
      bin.clear();
    }
    bin.push_back(row);
  }
  bins.push_back(BinRow(bin));
  all.rows = std::move(bins);
}

void DoubtOutliers(Rows& all) {
  std::vector<Row>& rows = all.rows;
  for (std::size_t i = 1; i + 1 < rows.size(); ++i) {
    const double before = rows[i - 1].y, after = rows[i + 1].y;
    const bool above = rows[i].y - std::max(before, after) > kOutlierStep;
    const bool below = std::min(before, after) - rows[i].y > kOutlierStep;
    if (!above && !below) continue;
    rows[i].outlier = true;
    rows[i].noise = kOutlierNoise;
    all.notes.push_back("the measurement of " + SizeText(rows[i].bytes) +
                        " is more than 2.5 times " + (above ? "slower" : "faster") +
                        " than both of its neighbours and hardly counts: measure it again");
  }
}

}  // namespace

Result<Rows> PrepareRows(const std::vector<Point>& points) {
  if (points.empty()) return BadInputError("there is no measurement to fit");
  for (const Point& point : points) RETURN_IF_ERROR(CheckPoint(point));
  // Sorted by everything, so that the order in which points came cannot matter.
  std::vector<Point> sorted = points;
  std::sort(sorted.begin(), sorted.end(), [](const Point& a, const Point& b) {
    return std::tie(a.bytes, a.time_us, a.repeat_us, a.weight) <
           std::tie(b.bytes, b.time_us, b.repeat_us, b.weight);
  });

  const double shift = RepeatShift(sorted);
  Rows all;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin + 1;
    while (end < sorted.size() && sorted[end].bytes == sorted[begin].bytes) ++end;
    all.rows.push_back(Merge(sorted, begin, end, shift));
    begin = end;
  }
  BinDenseRows(all);
  const Row& middle = all.rows[all.rows.size() / 2];
  all.reference_bytes = PowerOfTwo(middle.bytes);
  all.reference_us = PowerOfTwo(middle.time_us);
  for (Row& row : all.rows) {
    row.x = std::log2(row.bytes / all.reference_bytes);
    row.y = std::log(row.time_us / all.reference_us);
  }
  DoubtOutliers(all);
  for (Row& row : all.rows) row.weight = std::pow(kUsualNoise / row.noise, 2);
  return all;
}

std::string SizeText(double bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.4g %s", bytes, kUnits[unit]);
  return text.data();
}

}  // namespace commplan::fit
