// The oracle's pipeline: devices that work through sheets of instructions, tick by tick, and the
// sheets of each schedule written from its definition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace commplan::oracle {

// Ticks of one microbatch in one stage.
struct PipelineStage {
  std::int64_t forward = 1;
  std::int64_t input_gradient = 1;
  std::int64_t weight_gradient = 1;
};

// What a device does next: 'f' forward, 'B' both gradients at once, 'b' input gradient, 'w' weight
// gradient, for the chunk's next microbatch in turn.
struct Instruction {
  char what = 'f';
  int chunk = 0;
};
using Sheet = std::vector<Instruction>;

struct PipelineWorld {
  int devices = 1;
  int chunks = 1;
  int microbatches = 1;
  int group = 1;          // interleaved: microbatches in a row through a chunk
  bool v_shaped = false;  // the second chunk runs back from the last device to the first
  std::vector<PipelineStage> stages{};
  std::int64_t transfer = 0;
  bool transfer_blocks_sender = false;
};

// One instruction as it was carried out.
struct Deed {
  char what = 'f';
  int stage = 0;
  int microbatch = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t free = 0;  // the device may go on
};

struct PipelineStory {
  std::vector<std::vector<Deed>> devices;
  std::vector<int> peak;  // activations held at once, per device
  std::int64_t finish = 0;
};

// The sheet of one device; `schedule` is "gpipe", "1f1b", "interleaved", "zb-h1", "zb-h2", "zb-v".
Sheet SheetOf(const std::string& schedule, const PipelineWorld& world, int device);

// Nothing when the devices wait for each other for ever.
std::optional<PipelineStory> PlayPipeline(const PipelineWorld& world,
                                          const std::vector<Sheet>& sheets);

}  // namespace commplan::oracle
