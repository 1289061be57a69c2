#include "tests/accuracy/serving.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <set>

#include "model/base/check.h"

namespace commplan::accuracy {
namespace {

// What is fitted: where to start, what constants scatter by from engine to engine, and how many
// rows that are off by a factor of e a constant weighs that lies so far from those of its kind,
// where its group has one model.
template <class Cost>
struct Fitted;

template <>
struct Fitted<TokenCost> {
  static constexpr std::array<double TokenCost::*, 5> kConstants = {
      &TokenCost::kernels, &TokenCost::sweeps, &TokenCost::step_us, &TokenCost::layer_us,
      &TokenCost::interference};
  static constexpr TokenCost kStart = {
      .kernels = 1, .sweeps = 1, .step_us = 300, .layer_us = 5, .interference = 1};
  static constexpr TokenCost kScatter = {
      .kernels = 0.2, .sweeps = 0.4, .step_us = 500, .layer_us = 8, .interference = 0.4};
  static constexpr double kPenalty = 20;
  static double Measured(const ServedRow& row) { return row.tpot_us; }
  static double Predicted(const ServedRow& row, const TokenCost& cost) { return Tpot(row, cost); }
  static ServedKey Key(const ServedRow& row) { return TokenKey(row); }
};

template <>
struct Fitted<FirstCost> {
  static constexpr std::array<double FirstCost::*, 4> kConstants = {
      &FirstCost::front_us, &FirstCost::steps, &FirstCost::prefill, &FirstCost::burst};
  static constexpr FirstCost kStart = {.front_us = 30e3, .steps = 1, .prefill = 1, .burst = 0.1};
  static constexpr FirstCost kScatter = {
      .front_us = 20e3, .steps = 0.5, .prefill = 0.3, .burst = 0.05};
  static constexpr double kPenalty = 0.3;
  static double Measured(const ServedRow& row) { return row.ttft_us; }
  static double Predicted(const ServedRow& row, const FirstCost& cost) { return Ttft(row, cost); }
  static ServedKey Key(const ServedRow& row) { return FirstKey(row); }
};

ServedKey KindOf(const ServedKey& key) { return {"", std::get<1>(key), "", std::get<3>(key)}; }

using Rows = std::vector<const ServedRow*>;

template <class Cost>
double Loss(const Rows& rows, const Cost& cost, const Cost* prior, double penalty) {
  double sum = 0;
  for (const ServedRow* const row : rows) {
    sum += std::abs(std::log(Fitted<Cost>::Predicted(*row, cost) / Fitted<Cost>::Measured(*row)));
  }
  if (prior == nullptr) return sum;
  for (const auto constant : Fitted<Cost>::kConstants) {
    const double apart = (cost.*constant - prior->*constant) / Fitted<Cost>::kScatter.*constant;
    sum += penalty * apart * apart;
  }
  return sum;
}

// One coordinate after the other, each by a search that narrows around the best point so far.
template <class Cost>
Cost Least(const Rows& rows, Cost best, const Cost* prior, double penalty) {
  double least = Loss(rows, best, prior, penalty);
  for (double width = 2; width > 1e-3; width *= 0.8) {
    for (const auto constant : Fitted<Cost>::kConstants) {
      for (const double sign : {-1.0, 1.0}) {
        Cost other = best;
        const double scatter = Fitted<Cost>::kScatter.*constant;
        other.*constant = std::max(0.0, other.*constant + sign * width * scatter);
        const double there = Loss(rows, other, prior, penalty);
        if (there >= least) continue;
        least = there;
        best = other;
      }
    }
  }
  return best;
}

template <class Cost>
Costs<Cost> FitAll(const std::vector<ServedRow>& rows) {
  std::map<ServedKey, Rows> groups, kinds;
  for (const ServedRow& row : rows) {
    const ServedKey key = Fitted<Cost>::Key(row);
    groups[key].push_back(&row);
    kinds[KindOf(key)].push_back(&row);
  }
  Costs<Cost> costs;
  for (const auto& [key, kind] : kinds) {
    costs[key] = Least(kind, Fitted<Cost>::kStart, static_cast<const Cost*>(nullptr), 0);
  }
  for (const auto& [key, group] : groups) {
    std::set<std::string> models;
    for (const ServedRow* const row : group) models.insert(row->model);
    const auto count = static_cast<double>(models.size());
    const Cost prior = costs.at(KindOf(key));
    costs[key] = Least(group, prior, &prior, Fitted<Cost>::kPenalty / (count * count));
  }
  return costs;
}

template <class Cost>
const Cost& Find(const Costs<Cost>& costs, const ServedKey& key) {
  const auto own = costs.find(key);
  if (own != costs.end()) return own->second;
  const auto kind = costs.find(KindOf(key));
  CHECK(kind != costs.end());
  return kind->second;
}

double At(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return sorted[below] * (1 - part) + sorted[above] * part;
}

// The place of each value; equal ones share the mean of theirs.
std::vector<double> Ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double mean = static_cast<double>(i + end - 1) / 2;
    for (; i < end; ++i) ranks[order[i]] = mean;
  }
  return ranks;
}

double RankCorrelation(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = Ranks(a), y = Ranks(b);
  const double middle = (static_cast<double>(x.size()) - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

template <class Cost>
ServedScore Score(const std::vector<ServedRow>& rows, const Costs<Cost>& costs) {
  ServedScore score;
  score.rows = static_cast<int>(rows.size());
  if (rows.empty()) return score;
  std::vector<double> errors, ratios, predicted, measured;
  for (const ServedRow& row : rows) {
    const Cost& cost = Find(costs, Fitted<Cost>::Key(row));
    predicted.push_back(Fitted<Cost>::Predicted(row, cost));
    measured.push_back(Fitted<Cost>::Measured(row));
    errors.push_back(std::abs(predicted.back() / measured.back() - 1));
    ratios.push_back(measured.back() / predicted.back());
  }
  score.rank = RankCorrelation(predicted, measured);
  score.mape = std::accumulate(errors.begin(), errors.end(), 0.0) / score.rows;
  std::sort(errors.begin(), errors.end());
  std::sort(ratios.begin(), ratios.end());
  score.median = At(errors, 0.5);
  score.p95 = At(errors, 0.95);
  score.low = At(ratios, 0.05);
  score.high = At(ratios, 0.95);
  return score;
}

}  // namespace

ServedKey TokenKey(const ServedRow& row) {
  return {row.engine, row.experts, row.generation, false};
}

ServedKey FirstKey(const ServedRow& row) {
  return {row.engine, row.experts, row.generation, row.sweep_client};
}

double StepWithoutPrompts(const ServedRow& row, const TokenCost& cost) {
  return row.kernels_us * cost.kernels + row.sweeps_us * cost.sweeps + row.communication_us +
         cost.step_us + cost.layer_us * row.layers;
}

double Tpot(const ServedRow& row, const TokenCost& cost) {
  const double prompts = (row.requests - 1) / row.output * InMicros(row.prompts.each);
  return StepWithoutPrompts(row, cost) + cost.interference * prompts;
}

double Ttft(const ServedRow& row, const FirstCost& cost) {
  const FirstTokenCost engine{.front = Micros(cost.front_us),
                              .steps = cost.steps,
                              .prefill = cost.prefill,
                              .burst = cost.burst};
  return InMicros(FirstToken(engine, {.requests = row.requests,
                                      .output = row.output,
                                      .decode = Micros(row.decode_us),
                                      .prompts = row.prompts}));
}

Costs<TokenCost> FitTpot(const std::vector<ServedRow>& rows) { return FitAll<TokenCost>(rows); }
Costs<FirstCost> FitTtft(const std::vector<ServedRow>& rows) { return FitAll<FirstCost>(rows); }

const TokenCost& CostOf(const Costs<TokenCost>& costs, const ServedKey& key) {
  return Find(costs, key);
}
const FirstCost& CostOf(const Costs<FirstCost>& costs, const ServedKey& key) {
  return Find(costs, key);
}

void AddEngine(const Costs<TokenCost>& costs, std::vector<ServedRow>* rows) {
  for (ServedRow& row : *rows) row.decode_us = StepWithoutPrompts(row, Find(costs, TokenKey(row)));
}

ServedScore ScoreTpot(const std::vector<ServedRow>& rows, const Costs<TokenCost>& costs) {
  return Score(rows, costs);
}
ServedScore ScoreTtft(const std::vector<ServedRow>& rows, const Costs<FirstCost>& costs) {
  return Score(rows, costs);
}

std::vector<LeftOut> LeaveModelsOut(const std::vector<ServedRow>& rows) {
  std::map<std::string, bool> models;
  for (const ServedRow& row : rows) models[row.model] = row.experts;
  std::vector<LeftOut> left;
  for (const auto& one : models) {
    const std::string& model = one.first;
    std::vector<ServedRow> out, others;
    for (const ServedRow& row : rows) {
      if (row.experts == one.second) (row.model == model ? out : others).push_back(row);
    }
    left.push_back({model, one.second, ScoreTpot(out, FitTpot(others))});
  }
  return left;
}

double MeanOfMedians(const std::vector<LeftOut>& models, bool experts) {
  double sum = 0, rows = 0;
  for (const LeftOut& one : models) {
    if (one.experts != experts) continue;
    sum += one.tpot.median * one.tpot.rows;
    rows += one.tpot.rows;
  }
  return rows > 0 ? sum / rows : 0;
}

}  // namespace commplan::accuracy
