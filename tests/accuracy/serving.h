// How far the model of a serving step lies from served requests: time per output token (TPOT).
//
//   TPOT = kernels compute + communication + step + layer L
//        + interference (c - 1) / osl * prefill of one prompt
// with c requests in flight on one engine and osl tokens of output: while one request decodes osl
// tokens, every other one is prefilled once, in between. The decode step is that of
// model/step/pricer.h in the middle of the output. Four constants say what an engine makes of it,
// one set for each engine, dense or with experts, and generation of devices: `kernels` is what
// kernels take inside the engine as a share of what they take alone, where they were measured (it
// fuses, and starts a kernel while the one before it ends).
//
// Left out, and counted: rows that are doubtful or say no concurrency, models or layouts that are
// not priced (more ranks than a node), and rows whose requests do not fit in the memory left for
// keys and values, which wait in a queue.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace commplan::accuracy {

struct ServedRow {
  std::string model, system, engine, generation;
  bool experts = false;
  int index = 0;  // among the covered rows
  double measured_us = 0;
  double compute_us = 0;        // kernels of one decode step
  double communication_us = 0;  // its collectives
  double layers = 0;
  double interference_us = 0;  // for an interference of 1
  std::string note;            // data types as the row names them
};

struct ServedRows {
  std::vector<ServedRow> rows;
  int doubtful = 0, unpriced = 0, full = 0;
  std::map<std::string, int> why;  // first words of why a row is not priced
};

ServedRows ReadServed(const std::string& folder);

struct ServedCost {
  double kernels = 1, step_us = 0, layer_us = 0, interference = 0;
};

double Predict(const ServedRow& row, const ServedCost& cost);

using ServedKey = std::tuple<std::string, bool, std::string>;  // engine, experts, generation
ServedKey KeyOf(const ServedRow& row);

// For each key the constants with the least sum of |ln(predicted / measured)|, and a penalty for
// lying far from those of all engines of the kind (under the key {"", experts, ""}): a few rows say
// little.
std::map<ServedKey, ServedCost> FitServed(const std::vector<ServedRow>& rows);

struct ServedScore {
  int rows = 0;
  double median = 0, mape = 0, p95 = 0;
  double low = 1, high = 1;  // 5 % and 95 % of measured / predicted
};
// Rows whose key was not fitted take those of all engines of their kind.
ServedScore ScoreServed(const std::vector<ServedRow>& rows,
                        const std::map<ServedKey, ServedCost>& costs);

}  // namespace commplan::accuracy
