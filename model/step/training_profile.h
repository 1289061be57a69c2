// What a profile says of a training framework: whose measured kernels stand for its own, how much
// slower its attention is than theirs, and how far whole runs lie from the model.
//
// The tables of kernels are those of serving engines. A framework calls the same libraries for its
// matrix products, but its attention may be older, and a run has stragglers and shared links that
// no kernel's table knows: the band of whole runs is wide upwards and narrow downwards.
#pragma once

#include <string>

namespace commplan {

// Measured over predicted times of whole runs, 5 % to 95 % of them.
struct RunBand {
  double low = 1;
  double high = 1;
};

struct TrainingProfile {
  std::string framework;        // "megatron", "llm-foundry"
  std::string kernels{};        // provider of compute; "": the machine's first
  double attention_factor = 1;  // times of fused attention over those of the provider's kernels
  RunBand run{};
};

}  // namespace commplan
