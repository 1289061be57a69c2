#include "calibrate/fit/coded.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "calibrate/fit/compressed.h"
#include "calibrate/fit/curve.h"
#include "calibrate/fit/tabulate.h"

namespace commplan::fit {
namespace {

// Groups of one key are the same kernel with other codecs and ranks.
std::string KernelOf(const Group& group) {
  Group any = group;
  any.ranks = 0;
  any.codec.clear();
  return group.system + "\n" + group.device + "\n" + group.kernel + "\n" + any.Text();
}

std::vector<CompressedSample> SamplesOf(const std::vector<const Group*>& kernel,
                                        bool odd_held_out) {
  std::vector<CompressedSample> samples;
  for (const Group* group : kernel) {
    for (const Point& point : TrainingPoints(*group, odd_held_out)) {
      CompressedSample sample;
      if (!group->codec.empty()) sample.codec = group->codec;
      sample.ranks = group->ranks;
      sample.share = group->share;
      sample.bytes = point.bytes;
      sample.time_us = point.time_us;
      sample.weight = point.weight;
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

// The curve through what the kernel's fit says at the sizes of the plain group, with its bands.
Result<MeasuredCurve> CurveOf(const CompressedFit& kernel, const Group& coded, const Group& plain,
                              bool odd_held_out) {
  std::vector<Point> points;
  double widest = 0;
  for (Point point : TrainingPoints(plain, odd_held_out)) {
    const CompressedPrediction p =
        kernel.Predict(coded.codec, plain.ranks, point.bytes, coded.share);
    point.time_us = p.time_us;
    point.repeat_us = 0;
    widest = std::max(widest, p.high_us / p.time_us - 1);
    points.push_back(point);
  }
  ASSIGN_OR_RETURN(const CurveFit fit, FitCurve(points));
  MeasuredCurve curve = Tabulate(fit, plain.op, plain.ranks, plain.nodes);
  curve.predicted = true;
  // Of the error of what was not measured the band alone can speak.
  curve.latency_plus_minus = curve.bandwidth_plus_minus = curve.ramp_plus_minus = 0;
  for (CurveKnot& knot : curve.knots) knot.spread = std::max(knot.spread, RoundedSpread(widest));
  return curve;
}

}  // namespace

Result<std::vector<PredictedCurve>> PredictCoded(const std::vector<Group>& groups,
                                                 bool odd_held_out) {
  std::map<std::string, std::vector<const Group*>> kernels;
  for (const Group& group : groups) {
    if (group.share > 0 && !TrainingPoints(group, odd_held_out).empty()) {
      kernels[KernelOf(group)].push_back(&group);
    }
  }
  std::vector<PredictedCurve> predicted;
  for (const auto& [key, kernel] : kernels) {
    std::map<std::string, const Group*> codecs;
    std::set<std::pair<std::string, int>> measured;
    for (const Group* group : kernel) {
      measured.insert({group->codec, group->ranks});
      if (!group->codec.empty()) codecs.emplace(group->codec, group);
    }
    if (codecs.empty()) continue;
    CompressedOptions options;
    options.op = kernel.front()->op;
    ASSIGN_OR_RETURN(const CompressedFit fit,
                     FitCompressed(SamplesOf(kernel, odd_held_out), options));
    for (const Group* plain : kernel) {
      if (!plain->codec.empty()) continue;
      for (const auto& [codec, coded] : codecs) {
        if (measured.count({codec, plain->ranks}) != 0) continue;
        PredictedCurve one;
        one.group = *coded;
        one.group.ranks = plain->ranks;
        one.group.rows.clear();
        ASSIGN_OR_RETURN(one.curve, CurveOf(fit, *coded, *plain, odd_held_out));
        one.note = "predicted from the kernel with this codec among " +
                   std::to_string(coded->ranks) + " ranks and without one among " +
                   std::to_string(plain->ranks);
        predicted.push_back(std::move(one));
      }
    }
  }
  return predicted;
}

}  // namespace commplan::fit
