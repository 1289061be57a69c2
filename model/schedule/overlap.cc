#include "model/schedule/overlap.h"

#include <cstddef>

#include "model/base/check.h"

namespace commplan::schedule {

namespace {

constexpr int kCompute = 0;
constexpr int kCommunicate = 1;

Program Layers(int events, int layers) {
  CHECK_GE(layers, 0);
  Program program;
  program.streams = {{StreamKind::kCompute}, {StreamKind::kCommunicator}};
  program.events = events;
  program.blocks.push_back({.count = layers});
  return program;
}

// The module computes after `needs` is set, and its communication sets `sums`.
void AddModule(const Module& module, int site, int needs, int computed, int sums, Block& block) {
  block.tasks.push_back({.stream = kCompute,
                         .work = module.compute,
                         .waits = {needs},
                         .records = computed,
                         .site = site});
  block.tasks.push_back({.stream = kCommunicate,
                         .work = module.communicate,
                         .waits = {computed},
                         .records = sums,
                         .site = site});
}

}  // namespace

Program SerialLayers(std::span<const Module> modules, int layers) {
  Program program = Layers(2, layers);
  for (std::size_t i = 0; i < modules.size(); ++i) {
    AddModule(modules[i], static_cast<int>(i), 0, 1, 0, program.blocks[0]);
  }
  return program;
}

Program LadderLayers(std::span<const Module> modules, int layers) {
  const int count = static_cast<int>(modules.size());
  CHECK_GE(count, 2);
  Program program = Layers(count + 1, layers);
  for (int i = 0; i < count; ++i) {
    const int before_last = (i + count - 2) % count;
    AddModule(modules[static_cast<std::size_t>(i)], i, before_last, count, i, program.blocks[0]);
  }
  return program;
}

Program TwoBatchLayers(std::span<const Module> first, std::span<const Module> second, int layers) {
  CHECK_EQ(first.size(), second.size());
  Program program = Layers(4, layers);
  for (std::size_t i = 0; i < first.size(); ++i) {
    AddModule(first[i], static_cast<int>(i), 0, 1, 0, program.blocks[0]);
    AddModule(second[i], static_cast<int>(i), 2, 3, 2, program.blocks[0]);
  }
  return program;
}

Time Tiled(const Module& tile, int tiles) {
  CHECK_GT(tiles, 0);
  return tile.compute + tile.communicate + (tiles - 1.0) * Max(tile.compute, tile.communicate);
}

Time PartlyHidden(const Module& module, double overlap_fraction) {
  CHECK(overlap_fraction >= 0 && overlap_fraction <= 1);
  const Time exposed = (1 - overlap_fraction) * module.communicate;
  return module.compute + Max(exposed, module.communicate - module.compute);
}

}  // namespace commplan::schedule
