#include "calibrate/fit/suggest.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "calibrate/fit/curve.h"

namespace commplan::fit {
namespace {

// What an octave outside adds to the expected error: the band's tenth is its 90 % bound, about
// twice the standard deviation.
constexpr double kErrorPerOctaveOutside = 0.05;
// How much of a switch's strength is expected as error in its bracket: it lies somewhere inside, so
// half of it at most, and half of that on the average.
constexpr double kSwitchShare = 0.25;
// Rows further away than this are no help at all.
constexpr double kFullOctaves = 2;
// How much of the room between the physical bounds is expected as error. Values from 0.2 to 0.5
// choose equally well on public logs.
constexpr double kRoomShare = 0.3;

struct Doubt {
  double error = 0;
  const Switch* beside = nullptr;
  bool outside = false;
};

const Switch* SwitchAt(const CurveFit& fit, double bytes) {
  const Switch* strongest = nullptr;
  for (const Switch& one : fit.switches) {
    if (bytes <= one.bytes_before || bytes >= one.bytes_after) continue;
    if (strongest == nullptr || one.strength > strongest->strength) strongest = &one;
  }
  return strongest;
}

Doubt DoubtAt(const CurveFit& fit, const std::vector<double>& known, double bytes) {
  Doubt doubt;
  double nearest = std::numeric_limits<double>::infinity();
  for (const double one : known) nearest = std::min(nearest, std::abs(std::log2(bytes / one)));
  doubt.outside = bytes < fit.LeastBytes() || bytes > fit.MostBytes();
  if (doubt.outside) {
    doubt.error = kUsualNoise + kErrorPerOctaveOutside * nearest;
    return doubt;
  }
  doubt.beside = SwitchAt(fit, bytes);
  const double at_switch = doubt.beside != nullptr ? kSwitchShare * doubt.beside->strength : 0.0;
  const Envelope envelope = EnvelopeAt(fit, bytes);
  const double room = envelope.known ? envelope.high_y - envelope.low_y : 0.0;
  doubt.error =
      (BandSigma(fit, bytes) + at_switch) * std::min(kFullOctaves, nearest) + kRoomShare * room;
  return doubt;
}

std::string Reason(const CurveFit& fit, const Doubt& doubt, double bytes) {
  if (doubt.outside) {
    return SizeText(bytes) + " is outside the measured sizes, where the time is extrapolated";
  }
  if (doubt.beside != nullptr) return doubt.beside->text;
  double before = fit.LeastBytes(), after = fit.MostBytes();
  for (const Row& row : fit.rows) {
    if (row.bytes < bytes) before = std::max(before, row.bytes);
    if (row.bytes > bytes) after = std::min(after, row.bytes);
  }
  return "the rows at " + SizeText(before) + " and " + SizeText(after) +
         " leave the most doubt between them";
}

std::vector<double> PowersOfTwo(const CurveFit& fit) {
  std::vector<double> sizes;
  const double last = std::floor(std::log2(fit.MostBytes())) + 1;
  for (double e = std::max(0.0, std::ceil(std::log2(fit.LeastBytes())) - 1); e <= last; e += 1) {
    sizes.push_back(std::exp2(e));
  }
  return sizes;
}

// Half-way between neighbouring measured sizes, for brackets with no power of two inside.
void AddMiddles(const CurveFit& fit, std::vector<double>* sizes) {
  constexpr double kNarrow = 0.75;  // octaves; within that, nothing new can be learnt
  constexpr double kWhole = 16;     // bytes; a multiple that every data type divides
  for (std::size_t i = 0; i + 1 < fit.rows.size(); ++i) {
    const double octaves = fit.rows[i + 1].x - fit.rows[i].x;
    if (octaves < kNarrow || octaves > 1.01) continue;
    const double middle =
        std::round(std::sqrt(fit.rows[i].bytes * fit.rows[i + 1].bytes) / kWhole) * kWhole;
    if (middle > fit.rows[i].bytes && middle < fit.rows[i + 1].bytes) sizes->push_back(middle);
  }
}

}  // namespace

Result<std::vector<Suggestion>> SuggestSizes(const std::vector<Point>& points,
                                             std::vector<double> candidates, int how_many) {
  ASSIGN_OR_RETURN(const CurveFit fit, FitCurve(points));
  for (const double bytes : candidates) {
    if (std::isfinite(bytes) && bytes > 0) continue;
    return BadInputError("a candidate size is " + check_internal::DoubleText(bytes) +
                         " bytes, expected more than 0");
  }
  if (candidates.empty()) {
    candidates = PowersOfTwo(fit);
    AddMiddles(fit, &candidates);
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  std::vector<double> known;
  for (const Row& row : fit.rows) {
    if (!row.outlier) known.push_back(row.bytes);
  }

  std::vector<Suggestion> suggestions;
  while (static_cast<int>(suggestions.size()) < how_many) {
    Doubt most;
    double chosen = 0;
    for (const double bytes : candidates) {
      if (std::find(known.begin(), known.end(), bytes) != known.end()) continue;
      const Doubt doubt = DoubtAt(fit, known, bytes);
      if (doubt.error > most.error) {
        most = doubt;
        chosen = bytes;
      }
    }
    if (chosen == 0) break;
    known.push_back(chosen);
    suggestions.push_back({chosen, most.error, most.beside != nullptr, Reason(fit, most, chosen)});
  }
  return suggestions;
}

}  // namespace commplan::fit
