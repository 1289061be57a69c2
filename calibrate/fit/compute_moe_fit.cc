#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "calibrate/fit/compute_fit.h"
#include "calibrate/fit/compute_fit_parts.h"
#include "calibrate/fit/compute_solver.h"

namespace commplan::fit {
namespace {

constexpr std::array<Limits, 7> kMoeLimits = {{{30, 1, 1000},     // launch_us
                                               {0.5, 0.02, 1},    // compute_efficiency
                                               {0.8, 0.05, 1},    // memory_efficiency
                                               {0.1, 0.001, 20},  // expert_us
                                               {2, 1.02, 10},     // sharpness
                                               {8, 0.01, 300},    // padding_tokens
                                               {1, 0.01, 30}}};   // routing_passes
// The skews tried: the rows are one draw each of a random router, finer steps would fit that draw.
constexpr std::array<double, 5> kSkews = {0, 0.25, 0.5, 0.75, 1};
// Engines change their kernels with the model, by factors of 3 and more; see a row that is off by
// that as far away and no farther.
constexpr double kScale = 0.15;

const auto kMoeVisitor = [](auto& efficiency, auto visit) { VisitMoe(efficiency, visit); };

MoeShape Skewed(const MoeRow& row, double skew) {
  MoeShape shape = row.shape;
  if (row.skewed) shape.imbalance = SkewedImbalance(skew, shape.ep);
  return shape;
}

struct Candidate {
  MoeFit fit;
  double loss = std::numeric_limits<double>::infinity();
};

Candidate SolveMoe(const ComputeDevice& device, const std::vector<MoeRow>& rows,
                   const std::vector<std::size_t>& part, double skew) {
  const MoeRow& first = rows[part.front()];
  std::vector<double> y;
  std::vector<MoeWork> works;
  for (const std::size_t i : part) {
    y.push_back(std::log(rows[i].time_us * 1e-6));
    works.push_back(ReduceMoe(Skewed(rows[i], skew)));
  }
  const auto form = [&]<class R>(const ParametersOf<R>& p, std::size_t i) -> R {
    const auto e = EfficiencyFrom<MoeEfficiencyOf<R>>(p, kMoeVisitor);
    const MoeWork& w = works[i];
    const MoeWorkOf<R> work{R(w.calls), R(w.touched), R(w.weights), R(w.values), R(w.routed)};
    const auto rate = FlopRateOf<R>::FromBase(R(PeakRate(device, first.type).base()));
    const auto bandwidth = BandwidthOf<R>::FromBase(R(device.memory.base()));
    const R weight_bytes(TraitsOf(first.type).weight_bytes);
    const TimesAlone<R> alone = MoeTimes(work, weight_bytes, rate, bandwidth, e);
    return Ln(ComposedTime(alone, e.sharpness).base());
  };
  Problem problem = ProblemOf(SpecsOf<MoeEfficiency>(kMoeLimits, kMoeVisitor), std::move(y), form);
  problem.scale = kScale;
  const Solution solution = Solve(problem);
  Candidate candidate;
  candidate.fit.engine = first.engine;
  candidate.fit.kernel = first.kernel;
  candidate.fit.type = first.type;
  candidate.fit.efficiency = EfficiencyFrom<MoeEfficiency>(solution.parameters, kMoeVisitor);
  candidate.fit.skew_per_octave = skew;
  candidate.loss = solution.loss;
  return candidate;
}

// Without a table nothing is left out row by row; the parameters' own freedom widens the errors.
KernelEvidence Evidence(const ComputeDevice& device, const std::vector<MoeRow>& rows,
                        const std::vector<std::size_t>& part, const MoeFit& fit) {
  const MoeModel model = MoeModel::Create(device, fit).value();
  const double freedom = Freedom(part.size(), kMoeLimits.size());
  std::vector<EvidenceRow> evidence;
  for (const std::size_t i : part) {
    const MoeShape shape = Skewed(rows[i], fit.skew_per_octave);
    const KernelParts formula = model.Formula(shape);
    const double off = std::log(rows[i].time_us * 1e-6 / formula.Total().base());
    evidence.push_back({MoePoint(shape), off * freedom, MoeRegime(formula)});
  }
  return EvidenceOf(evidence, 3);
}

}  // namespace

double SkewedImbalance(double skew_per_octave, double ep) {
  return std::min(ep, 1 + skew_per_octave * std::log2(ep));
}

ComputeFits<MoeFit> FitMoe(const ComputeDevice& device, const std::vector<MoeRow>& rows) {
  using Part = std::tuple<std::string, std::string, ComputeType>;
  std::map<Part, std::vector<std::size_t>> parts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    parts[{rows[i].engine, rows[i].kernel, rows[i].type}].push_back(i);
  }
  ComputeFits<MoeFit> result;
  for (const auto& [key, part] : parts) {
    const auto& [engine, kernel, type] = key;
    std::string what = "moe ";
    what.append(engine).append(" ").append(kernel).append(" ").append(TraitsOf(type).name);
    const auto bare = MoeModel::Create(device, {engine, kernel, type, {}, 0, {}});
    if (!bare.ok()) {
      result.notes.push_back(what.append(": ").append(bare.error().message));
      continue;
    }
    std::vector<std::size_t> kept;
    for (const std::size_t i : part) {
      // Of a skewed router's rows it is not known how many experts they touched.
      const Time floor = rows[i].skewed ? Time() : bare->Floor(rows[i].shape);
      if (Micros(rows[i].time_us) < floor) {
        result.refused.push_back({i, RefusalText(rows[i].time_us, floor)});
      } else {
        kept.push_back(i);
      }
    }
    if (kept.size() < kLeastComputeRows) {
      result.notes.push_back(TooFewNote(what, kept.size()));
      continue;
    }
    Candidate best;
    for (const double skew : kSkews) {
      Candidate candidate = SolveMoe(device, rows, kept, skew);
      if (candidate.loss < best.loss) best = std::move(candidate);
    }
    best.fit.evidence = Evidence(device, rows, kept, best.fit);
    result.fits.push_back(std::move(best.fit));
  }
  return result;
}

}  // namespace commplan::fit
