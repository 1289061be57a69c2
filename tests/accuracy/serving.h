// How far the model of serving lies from served requests: time per output token (TPOT) and time to
// the first one (TTFT).
//
//   TPOT = kernels (K compute + S sweeps) + communication + step + layer L
//        + interference (c - 1) / osl * a prompt's part of a full step
//   TTFT = model/step/first_token.h
// with c requests in flight on one engine and osl tokens of output: while one request decodes osl
// tokens, every other one is prefilled once, in between. The decode step is that of
// model/step/pricer.h in the middle of the output.
//
// TPOT has five constants for each engine, kind (dense or with experts) and generation of devices;
// TTFT four, for each kind of client too. They are pulled towards those of all engines of the kind,
// the less the more models a group has: with one model in it, what belongs to the engine cannot be
// told from what belongs to the model. Forms and the strength of that pull were chosen on rows of
// an even place alone, split in two and with models left out.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tests/accuracy/serving_rows.h"

namespace commplan::accuracy {

struct TokenCost {
  double kernels = 1, sweeps = 1, step_us = 0, layer_us = 0, interference = 0;
};

struct FirstCost {
  double front_us = 0, steps = 1, prefill = 1, burst = 0;
};

// Engine, experts, generation, and whether the client swept (TTFT only). An empty engine and
// generation stand for all of the kind.
using ServedKey = std::tuple<std::string, bool, std::string, bool>;
template <class Cost>
using Costs = std::map<ServedKey, Cost>;

ServedKey TokenKey(const ServedRow& row);
ServedKey FirstKey(const ServedRow& row);

double StepWithoutPrompts(const ServedRow& row, const TokenCost& cost);  // us
double Tpot(const ServedRow& row, const TokenCost& cost);                // us
double Ttft(const ServedRow& row, const FirstCost& cost);                // us; needs decode_us

// The constants with the least sum of |ln(predicted / measured)| and of the penalties.
Costs<TokenCost> FitTpot(const std::vector<ServedRow>& rows);
Costs<FirstCost> FitTtft(const std::vector<ServedRow>& rows);  // needs decode_us

// The constants of this key, else of its kind.
const TokenCost& CostOf(const Costs<TokenCost>& costs, const ServedKey& key);
const FirstCost& CostOf(const Costs<FirstCost>& costs, const ServedKey& key);

// Sets decode_us.
void AddEngine(const Costs<TokenCost>& costs, std::vector<ServedRow>* rows);

struct ServedScore {
  int rows = 0;
  double median = 0, mape = 0, p95 = 0;
  double low = 1, high = 1;  // 5 % and 95 % of measured / predicted
  double rank = 0;           // Spearman's correlation
};
ServedScore ScoreTpot(const std::vector<ServedRow>& rows, const Costs<TokenCost>& costs);
ServedScore ScoreTtft(const std::vector<ServedRow>& rows, const Costs<FirstCost>& costs);

// Of a whole model by constants of all others; for each model that has rows.
struct LeftOut {
  std::string model;
  bool experts = false;
  ServedScore tpot;
};
std::vector<LeftOut> LeaveModelsOut(const std::vector<ServedRow>& rows);
// The mean of their medians, weighed by their rows.
double MeanOfMedians(const std::vector<LeftOut>& models, bool experts);

}  // namespace commplan::accuracy
