// The oracle's sharded weights: compute works down a script, two queues carry gathers and
// reductions, all tick by tick; and for every tick in which compute stands still, for what.
#pragma once

#include <cstdint>
#include <vector>

namespace commplan::oracle {

// One weight; times in ticks, in the order of the forward pass.
struct ChainWeight {
  std::int64_t gather = 0;
  std::int64_t gather_backward = 0;
  std::int64_t gather_again = 0;
  std::int64_t scatter = 0;
  std::int64_t forward = 0;
  std::int64_t after_forward = 0;
  std::int64_t input_gradient = 0;
  std::int64_t weight_gradient = 0;
  std::int64_t after_backward = 0;
  int list = 0;
  int key = -1;     // -1: a buffer of its own
  int region = -1;  // -1: not recomputed
  bool drains = false;
};

struct ChainWorld {
  std::vector<ChainWeight> weights;
  bool backward = false;
  bool prefetch = true;
  bool async_reduction = true;
  int forward_depth = 1;
  int backward_depth = 1;
  bool weight_gradient_first = false;
  bool shared_communicator = false;
  int gather_buffers = 2;
  int gradient_buffers = 2;
};

struct ChainStory {
  std::int64_t finish = 0;
  // Ticks that compute stood still, per weight.
  std::vector<std::int64_t> gather;
  std::vector<std::int64_t> gather_again;
  std::vector<std::int64_t> scatter;
};

ChainStory PlayChain(const ChainWorld& world);

}  // namespace commplan::oracle
