#include "calibrate/fit/compute_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "calibrate/fit/compute_fit_parts.h"
#include "calibrate/fit/compute_solver.h"
#include "calibrate/fit/compute_table.h"
#include "calibrate/fit/score.h"

namespace commplan::fit {
namespace {

// Starts are ordinary values of several devices; a parameter that its rows see moves freely.
constexpr std::array<Limits, 7> kGemmLimits = {{{2, 0.1, 200},           // launch_us
                                                {0.75, 0.02, 1},         // compute_efficiency
                                                {0.8, 0.02, 1},          // memory_efficiency
                                                {0.7, 0.02, 1},          // small_efficiency
                                                {2, 0.01, 200},          // serial_us
                                                {0.4, 0.05, 2},          // serial_exponent
                                                {2, 1.02, 10}}};         // sharpness
constexpr std::array<Limits, 13> kGenerationLimits = {{{8, 0.5, 500},    // launch_us
                                                       {0.2, 0.005, 1},  // compute_efficiency
                                                       {0.8, 0.02, 1},   // memory_efficiency
                                                       {5, 0.01, 1000},  // serial_us
                                                       {0.5, 0.05, 2},   // serial_exponent
                                                       {2, 1.02, 10},    // sharpness
                                                       {5e4, 1, 1e7},    // kv_item_bytes
                                                       {500, 1, 1e6},    // q_item_bytes
                                                       {1, 0.01, 1e4},   // unsplit_us
                                                       {1, 0.2, 5},      // head sizes, window
                                                       {1, 0.2, 5},
                                                       {1, 0.2, 5},
                                                       {1, 0.2, 5}}};
constexpr std::array<Limits, 11> kContextLimits = {{{10, 0.5, 500},
                                                    {0.5, 0.01, 1},
                                                    {0.3, 0.02, 1},
                                                    {30, 0.1, 1e4},
                                                    {1, 0.05, 2},
                                                    {1.5, 1.02, 10},
                                                    {10, 0.01, 2000},  // padding_tokens
                                                    {1, 0.2, 5},
                                                    {1, 0.2, 5},
                                                    {1, 0.2, 5},
                                                    {1, 0.2, 5}}};

// Knots every two octaves of m and every octave of the weight's sides, which the choice of kernel
// depends on more. Lengths, amplitude and noise are those of the largest marginal likelihood on
// four fifths of the H100's bf16 rows, rounded; knots were chosen among four layouts by the errors
// of held out shapes on H100 and A100. The other systems had no say.
TableSpec GemmTable() {
  const auto axis = [](const std::vector<double>& knots, double length) {
    return TableAxis{knots, knots, length};
  };
  return {
      {axis({0, 2, 4, 6, 8, 10, 12, 15}, 2.5), axis({5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16}, 2.5),
       axis({5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16}, 1.5)},
      0.12,
      0.06};
}

// Kernels deal work items, sequences times KV heads, to the multiprocessors, and split the keys of
// each where there are few: the first axis and the third decide most. One KV head or many, and one
// query head per KV head or many, select other kernels: the first step on these axes is worth two
// and three octaves. Chosen as above, among six layouts.
TableSpec AttentionTable() {
  const std::vector<double> items = {0, 2, 4, 6, 8, 10, 13, 17};
  const std::vector<double> tokens = {0, 4, 6, 8, 9, 10, 12, 14, 17};
  return {{{items, items, 2.5},
           {{0, 1, 7}, {0, 2, 5}, 4},
           {tokens, tokens, 2.5},
           {{0, 1, 3, 6}, {0, 3, 5, 8}, 3}},
          0.2,
          0.06};
}

constexpr double kCollapse = 3;
constexpr double kOrdinaryGroup = 16;  // No kernel known collapses up to here.

const auto kGemmVisitor = [](auto& efficiency, auto visit) { VisitGemm(efficiency, visit); };

template <class R>
GemmShapeOf<R> In(const GemmShape& s) {
  return {R(s.m), R(s.n), R(s.k), R(s.batch)};
}

template <class R>
GemmGroundOf<R> GroundOf(const ComputeDevice& device, ComputeType type) {
  const ComputeTypeTraits& traits = TraitsOf(type);
  return {R(traits.weight_bytes),
          R(traits.activation_bytes),
          R(QuantisedBytes(traits)),
          FlopRateOf<R>::FromBase(R(PeakRate(device, type).base())),
          BandwidthOf<R>::FromBase(R(device.memory.base())),
          BytesOf<R>::FromBase(R(device.cache.base()))};
}

// The closed form of the rows named.
GemmFit SolveGemm(const ComputeDevice& device, const std::vector<GemmRow>& rows,
                  const std::vector<std::size_t>& part) {
  const GemmRow& first = rows[part.front()];
  std::vector<double> y;
  for (const std::size_t i : part) y.push_back(std::log(rows[i].time_us * 1e-6));
  const auto form = [&]<class R>(const ParametersOf<R>& p, std::size_t i) -> R {
    const auto e = EfficiencyFrom<GemmEfficiencyOf<R>>(p, kGemmVisitor);
    const auto ground = GroundOf<R>(device, first.type);
    return Ln(ComposedTime(GemmTimes(In<R>(rows[part[i]].shape), ground, e), e.sharpness).base());
  };
  const Solution solution =
      Solve(ProblemOf(SpecsOf<GemmEfficiency>(kGemmLimits, kGemmVisitor), std::move(y), form));
  GemmFit fit;
  fit.engine = first.engine;
  fit.type = first.type;
  fit.efficiency = EfficiencyFrom<GemmEfficiency>(solution.parameters, kGemmVisitor);
  return fit;
}

AttentionFit SolveAttention(const ComputeDevice& device, const std::vector<AttentionRow>& rows,
                            const std::vector<std::size_t>& part) {
  const AttentionRow& first = rows[part.front()];
  const AttentionPhase phase = first.shape.phase;
  const auto visitor = [phase](auto& e, auto visit) { VisitAttention(e, phase, visit); };
  std::vector<double> y;
  std::vector<AttentionWork> works;
  for (const std::size_t i : part) {
    y.push_back(std::log(rows[i].time_us * 1e-6));
    works.push_back(
        ReduceAttention(rows[i].shape, TraitsOf(first.cache).weight_bytes, kOutputBytes));
  }
  const auto form = [&]<class R>(const ParametersOf<R>& p, std::size_t i) -> R {
    const auto e = EfficiencyFrom<AttentionEfficiencyOf<R>>(p, visitor);
    const AttentionWork& w = works[i];
    const AttentionWorkOf<R> work{R(w.flops),   R(w.row_flops), R(w.moved),  R(w.kv_items),
                                  R(w.q_items), R(w.longest),   R(w.unsplit)};
    const auto rate = FlopRateOf<R>::FromBase(R(PeakRate(device, first.values).base()));
    const auto bandwidth = BandwidthOf<R>::FromBase(R(device.memory.base()));
    const TimesAlone<R> alone = AttentionTimes(phase, work, rate, bandwidth, e);
    return Ln(ComposedTime(alone, e.sharpness).base() * AttentionFactor(rows[part[i]].shape, e));
  };
  std::vector<ParameterSpec> specs = phase == AttentionPhase::kGeneration
                                         ? SpecsOf<AttentionEfficiency>(kGenerationLimits, visitor)
                                         : SpecsOf<AttentionEfficiency>(kContextLimits, visitor);
  const Solution solution = Solve(ProblemOf(std::move(specs), std::move(y), form));
  AttentionFit fit;
  fit.engine = first.engine;
  fit.kernel = first.kernel;
  fit.phase = phase;
  fit.values = first.values;
  fit.cache = first.cache;
  fit.efficiency = EfficiencyFrom<AttentionEfficiency>(solution.parameters, visitor);
  return fit;
}

double GroupOf(const AttentionShape& shape) { return shape.q_heads / shape.kv_heads; }

// Some kernels fall to a fraction of their speed from some number of query heads per KV head on.
// That is a rule of the engine, not a matter of degree, and a closed form must not bend to it: the
// largest group below the collapse, or 0 for none. A collapse is a quarter of the rows of all
// larger groups at three times the form that the small groups give, in at least five rows. (Not a
// median: short contexts, which the launch decides, do not show it.)
double LargestGroup(const ComputeDevice& device, const std::vector<AttentionRow>& rows,
                    const std::vector<std::size_t>& part) {
  std::vector<std::size_t> ordinary;
  std::map<double, std::vector<std::size_t>> larger;
  double limit = 0;
  for (const std::size_t i : part) {
    const double group = GroupOf(rows[i].shape);
    if (group > kOrdinaryGroup) {
      larger[group].push_back(i);
    } else {
      ordinary.push_back(i);
      limit = std::max(limit, group);
    }
  }
  if (ordinary.size() < kLeastComputeRows) return 0;
  const auto model = AttentionModel::Create(device, SolveAttention(device, rows, ordinary)).value();
  for (auto group = larger.begin(); group != larger.end(); ++group) {
    std::vector<double> above;
    for (auto at = group; at != larger.end(); ++at) {
      for (const std::size_t i : at->second) {
        const KernelTime form = model.Price(rows[i].shape);
        above.push_back(rows[i].time_us / InMicros(form.Total()));
      }
    }
    if (above.size() >= 5 && QuantileOf(above, 0.75) >= kCollapse) {
      std::vector<double> own(above.begin(),
                              above.begin() + static_cast<std::ptrdiff_t>(group->second.size()));
      if (QuantileOf(own, 0.75) >= kCollapse) return limit;
    }
    limit = group->first;
  }
  return 0;
}

std::vector<double> Key(const GemmShape& s) { return {s.m, s.n, s.k, s.batch}; }
std::vector<double> Key(const AttentionShape& s) {
  return {s.batch, s.q_heads, s.kv_heads, s.qk_size, s.new_tokens, s.past_tokens, s.window};
}

// Smooths what the models leave over into one table and gives each fit its evidence. `models` and
// `parts` belong to `fits`, one each.
template <class Fit, class Model, class Row, class Point, class Regime>
void ShareTable(const TableFitter& fitter, std::size_t parameters, const std::vector<Row>& rows,
                const std::vector<std::vector<std::size_t>>& parts,
                const std::vector<Model>& models, Point point, Regime regime,
                std::vector<Fit*> fits) {
  std::vector<TableRow> table_rows;
  std::vector<std::vector<EvidenceRow>> evidence(parts.size());
  ShapeGroups groups;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    for (const std::size_t i : parts[p]) {
      const KernelParts formula = models[p].Formula(rows[i].shape);
      const double residual = std::log(rows[i].time_us * 1e-6 / formula.Total().base());
      table_rows.push_back({point(rows[i].shape), residual, groups.GroupOf(Key(rows[i].shape))});
      evidence[p].push_back({point(rows[i].shape), 0, regime(rows[i].shape, formula)});
    }
  }
  const TableFit table = fitter.Fit(table_rows);
  std::size_t next = 0;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    // The closed form saw the row that the table leaves out.
    const double freedom = Freedom(parts[p].size(), parameters);
    for (EvidenceRow& row : evidence[p]) row.left_out = table.left_out[next++] * freedom;
    fits[p]->evidence = EvidenceOf(evidence[p], fitter.spec().axes.size());
    fits[p]->evidence.table = table.table;
  }
}

// Rows that no device with these peaks can have produced go to `refused`; the others stay.
template <class Fit, class Model, class Row>
std::vector<std::size_t> Refuse(const Model& model, const std::vector<Row>& rows,
                                const std::vector<std::size_t>& part, ComputeFits<Fit>& result) {
  std::vector<std::size_t> kept;
  for (const std::size_t i : part) {
    const Time floor = model.Floor(rows[i].shape);
    if (Micros(rows[i].time_us) < floor) {
      result.refused.push_back({i, RefusalText(rows[i].time_us, floor)});
    } else {
      kept.push_back(i);
    }
  }
  return kept;
}

std::string Joined(std::initializer_list<std::string_view> words) {
  std::string joined;
  for (const std::string_view word : words) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  return joined;
}

}  // namespace

ComputeFits<GemmFit> FitGemm(const ComputeDevice& device, const std::vector<GemmRow>& rows) {
  using Share = std::pair<ComputeType, std::string>;
  std::map<Share, std::map<std::string, std::vector<std::size_t>>> shares;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const GemmRow& row = rows[i];
    const bool common = row.type == ComputeType::kBf16;
    shares[{row.type, common ? "" : row.engine}][row.engine].push_back(i);
  }

  ComputeFits<GemmFit> result;
  const TableFitter fitter(GemmTable());
  for (const auto& [share, engines] : shares) {
    const ComputeType type = share.first;
    std::vector<std::vector<std::size_t>> parts;
    std::vector<GemmModel> models;
    std::vector<GemmFit> fits;
    for (const auto& [engine, part] : engines) {
      const std::string what = Joined({"gemm", engine, TraitsOf(type).name});
      const auto blank = GemmModel::Create(device, {engine, type, {}, {}});
      if (!blank.ok()) {
        result.notes.push_back(Joined({what + ":", blank.error().message}));
        continue;
      }
      std::vector<std::size_t> kept = Refuse(*blank, rows, part, result);
      if (kept.size() < kLeastComputeRows) {
        result.notes.push_back(TooFewNote(what, kept.size()));
        continue;
      }
      fits.push_back(SolveGemm(device, rows, kept));
      models.push_back(GemmModel::Create(device, fits.back()).value());
      parts.push_back(std::move(kept));
    }
    if (parts.empty()) continue;
    std::vector<GemmFit*> targets;
    for (GemmFit& fit : fits) targets.push_back(&fit);
    const auto regime = [](const GemmShape& shape, const KernelParts&) {
      return GemmRegime(shape);
    };
    ShareTable(fitter, kGemmLimits.size(), rows, parts, models, GemmPoint, regime, targets);
    for (GemmFit& fit : fits) result.fits.push_back(std::move(fit));
  }
  return result;
}

ComputeFits<AttentionFit> FitAttention(const ComputeDevice& device,
                                       const std::vector<AttentionRow>& rows) {
  using Part = std::tuple<AttentionPhase, std::string, std::string, ComputeType, ComputeType>;
  std::map<Part, std::vector<std::size_t>> parts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const AttentionRow& row = rows[i];
    parts[{row.shape.phase, row.engine, row.kernel, row.values, row.cache}].push_back(i);
  }
  ComputeFits<AttentionFit> result;
  const TableFitter fitter(AttentionTable());
  for (const auto& [key, part] : parts) {
    const auto& [phase, engine, kernel, values, cache] = key;
    const bool generation = phase == AttentionPhase::kGeneration;
    const std::string what = Joined({"attention", generation ? "generation" : "context", engine,
                                     kernel, TraitsOf(values).name, TraitsOf(cache).name});
    const AttentionFit blank{engine, kernel, phase, values, cache, {}, 0, {}};
    const auto bare = AttentionModel::Create(device, blank);
    if (!bare.ok()) {
      result.notes.push_back(Joined({what + ":", bare.error().message}));
      continue;
    }
    std::vector<std::size_t> kept = Refuse(*bare, rows, part, result);
    if (kept.size() < kLeastComputeRows) {
      result.notes.push_back(TooFewNote(what, kept.size()));
      continue;
    }
    const double limit = generation ? LargestGroup(device, rows, kept) : 0;
    if (limit > 0) {
      std::erase_if(kept, [&](std::size_t i) { return GroupOf(rows[i].shape) > limit; });
      result.notes.push_back(Joined({what + ": collapses above", std::to_string(std::lround(limit)),
                                     "query heads per KV head; not fitted there"}));
    }
    AttentionFit fit = SolveAttention(device, rows, kept);
    fit.largest_group = limit;
    const std::vector<AttentionModel> models = {AttentionModel::Create(device, fit).value()};
    const std::size_t parameters = generation ? kGenerationLimits.size() : kContextLimits.size();
    ShareTable(fitter, parameters, rows, {kept}, models, AttentionPoint, AttentionRegime,
               std::vector<AttentionFit*>{&fit});
    result.fits.push_back(std::move(fit));
  }
  return result;
}

}  // namespace commplan::fit
