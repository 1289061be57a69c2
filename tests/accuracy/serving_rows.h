// Served requests that were measured (inference/e2e.csv), each with what the model makes of its
// steps, before any constant of an engine.
//
// Left out, and counted: rows that are doubtful or say no concurrency; models or layouts that are
// not priced (more ranks than a node); rows whose requests do not fit in the memory left for keys
// and values; rows that wait longer for the first token than all other tokens take, which is not
// work but a queue for a place.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/step/first_token.h"

namespace commplan::accuracy {

struct ServedRow {
  std::string model, system, engine, generation;
  bool experts = false;
  bool sweep_client = false;  // which of the two kinds of client the source has (see ReadServed)
  int index = 0;              // among the covered rows

  // For pairs that differ in the layout only: all else that the row says, the engine's build, and
  // the layout with its devices.
  std::string setting, build, layout;
  int devices = 1;

  double requests = 1, output = 1, layers = 0;
  double tpot_us = 0, ttft_us = 0;  // measured

  // One decode step in the middle of the output: kernels, those that only move bytes, collectives.
  double kernels_us = 0, sweeps_us = 0, communication_us = 0;
  PromptTimes prompts;
  double decode_us = 0;  // the step with what an engine adds, once that is known (AddEngine)
};

struct ServedRows {
  std::vector<ServedRow> rows;
  int doubtful = 0, unpriced = 0, full = 0, queued = 0;
  std::map<std::string, int> why;  // first words of why a row is not priced
};

// What all three engines take into one step of prompts by default.
inline constexpr double kPromptTokens = 8192;

// The source has two kinds of clients. Most rows are of a public benchmark, whose requests differ
// in length and number ten for each in flight; dumps called "gap analysis" swept engines with
// requests all alike.
ServedRows ReadServed(const std::string& folder);

}  // namespace commplan::accuracy
