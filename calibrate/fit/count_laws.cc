#include "calibrate/fit/count_laws.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "calibrate/fit/curve.h"
#include "calibrate/fit/pooled.h"
#include "calibrate/fit/tabulate.h"

namespace commplan::fit {
namespace {

// Beyond a factor of two the counts run on different links, which no correction may follow.
constexpr double kFarthest = 0.7;
constexpr double kCovered = 0.9;

struct LawSample {
  std::string system;
  PooledSample sample;
  double doublings = 1;  // beyond the measured counts
};

// Four decimals are finer than any law is true.
CountCoefficients Rounded(CountCoefficients coefficients) {
  for (double& c : coefficients) c = std::round(c * 1e4) / 1e4;
  return coefficients;
}

std::string SystemOf(const Group& group) { return group.system + "\n" + group.device; }

// What the groups of one family have in common.
std::string FamilyOf(const Group& group) {
  Group any = group;
  any.ranks = 0;
  return SystemOf(group) + "\n" + group.kernel + "\n" + any.Text();
}

// The law's points at the group `target`, from the curves of two other counts.
void AddSamples(const MeasuredCurve& lower, const MeasuredCurve& upper, const Group& target,
                std::vector<LawSample>* samples) {
  const MeasuredTable table{.curves = {lower, upper}, .corrections = {}};
  const auto way = MeasuredWay::Find(table, target.op, target.ranks, target.nodes);
  if (!way.ok() || !way->has_value()) return;
  const double doublings =
      std::max(1.0, std::log2(static_cast<double>(target.ranks) / upper.ranks));
  for (const GroupRow& row : target.rows) {
    samples->push_back(
        {SystemOf(target), SampleOf(**way, B(row.point.bytes), row.point.time_us), doublings});
  }
}

// From all systems but one; "" leaves none out.
CountCoefficients Learn(const std::vector<LawSample>& all, const std::string& left_out) {
  std::vector<PooledSample> taught;
  for (const LawSample& one : all) {
    const bool counts = one.system != left_out && std::abs(one.sample.excess) < kFarthest;
    if (counts) taught.push_back(one.sample);
  }
  return Rounded(FitPooled(taught));
}

// By how much the band must be wider than the curves' for the share of rows to be inside. All
// systems count alike, however many of their rows are known: the next machine is another system.
double BandOf(const std::vector<LawSample>& all) {
  std::map<std::string, double> rows;
  for (const LawSample& one : all) rows[one.system] += 1;
  std::vector<std::pair<double, double>> lacking;  // in ln t, and the row's weight
  for (const auto& [system, count] : rows) {
    const CountCoefficients taught = Learn(all, system);
    for (const LawSample& one : all) {
      if (one.system != system) continue;
      const MeasuredWay::Features& f = one.sample.features;
      const double error = std::abs(one.sample.excess - Correction(taught, f));
      lacking.emplace_back((error - f.half_width) / one.doublings, 1 / count);
    }
  }
  std::sort(lacking.begin(), lacking.end());
  const double covered = kCovered * static_cast<double>(rows.size());
  double weight = 0, band = 0;
  for (const auto& [width, share] : lacking) {
    weight += share;
    band = width;
    if (weight >= covered) break;
  }
  return ThreeDecimals(std::max(0.0, std::expm1(band)));
}

}  // namespace

Result<std::vector<CountCorrection>> LearnCountLaws(const std::vector<Group>& groups) {
  std::map<std::string, std::map<int, const Group*>> families;
  for (const Group& group : groups) {
    if (group.nodes == 1) families[FamilyOf(group)].emplace(group.ranks, &group);
  }
  std::map<Op, std::pair<std::vector<LawSample>, std::vector<LawSample>>> samples;
  for (const auto& [key, family] : families) {
    std::vector<MeasuredCurve> curves;
    std::vector<const Group*> members;
    for (const auto& [ranks, group] : family) {
      ASSIGN_OR_RETURN(const CurveFit fit, FitCurve(TrainingPoints(*group, false)));
      curves.push_back(Tabulate(fit, group->op, ranks, 1));
      members.push_back(group);
    }
    for (std::size_t i = 0; i + 2 < curves.size(); ++i) {
      auto& [between, beyond] = samples[members[i]->op];
      AddSamples(curves[i], curves[i + 2], *members[i + 1], &between);
      AddSamples(curves[i], curves[i + 1], *members[i + 2], &beyond);
    }
  }
  std::vector<CountCorrection> laws;
  for (const auto& [op, both] : samples) {
    const auto& [between, beyond] = both;
    laws.push_back({op, Learn(between, ""), Learn(beyond, ""), BandOf(between), BandOf(beyond)});
  }
  return laws;
}

}  // namespace commplan::fit
