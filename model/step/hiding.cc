#include "model/step/hiding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <variant>

#include "model/base/check.h"
#include "model/schedule/overlap.h"

namespace commplan {
namespace {

constexpr std::array<int, 3> kTileCounts = {2, 4, 8};

Time CommunicationOf(const PricedProgram& priced, WhatIf what_if) {
  Time time;
  for (const Priced& one : priced.operations) {
    if (one.collective != nullptr) time += one.times * one.Each(what_if);
  }
  return time;
}

Time ComputeOf(const PricedProgram& priced) {
  Time time;
  for (const Priced& one : priced.operations) {
    if (one.collective == nullptr) time += one.times * one.Each();
  }
  return time;
}

// All of it exposed.
Hidden Bare(const PricedProgram& priced, WhatIf what_if) {
  Hidden hidden;
  hidden.compute = ComputeOf(priced);
  hidden.communication = hidden.exposed = CommunicationOf(priced, what_if);
  hidden.waits.resize(priced.operations.size());
  for (std::size_t i = 0; i < priced.operations.size(); ++i) {
    const Priced& one = priced.operations[i];
    if (one.collective != nullptr) hidden.waits[i] = one.times * one.Each(what_if);
  }
  return hidden;
}

Hidden ByFraction(const PricedProgram& priced, double fraction, WhatIf what_if) {
  Hidden hidden = Bare(priced, what_if);
  const Time all = hidden.exposed;
  const Time step = schedule::PartlyHidden({hidden.compute, all}, fraction);
  hidden.exposed = step - hidden.compute;
  const double share = all > Time() ? hidden.exposed / all : 0;
  for (Time& wait : hidden.waits) wait = wait * share;
  return hidden;
}

// ---- tiles ----

bool Reduces(const Priced& one) {
  if (one.collective == nullptr) return false;
  const Exchange exchange = std::get<Collective>(one.operation->what).exchange;
  return exchange == Exchange::kAllReduce || exchange == Exchange::kReduceScatter;
}

bool Gathers(const Priced& one) {
  return one.collective != nullptr &&
         std::get<Collective>(one.operation->what).exchange == Exchange::kAllGather;
}

bool IsProduct(const Priced& one) { return std::holds_alternative<Gemm>(one.operation->what); }

// The pair in the best number of tiles.
Status CutPair(const PricedProgram& priced, Kernels& kernels, WhatIf what_if, Tiling* pair) {
  const Priced& product = priced.operations[pair->product];
  const Priced& exchange = priced.operations[pair->exchange];
  const Gemm& gemm = std::get<Gemm>(product.operation->what);
  const Bytes bytes = std::get<Collective>(exchange.operation->what).bytes;
  pair->wait = exchange.Each(what_if);
  for (const int tiles : kTileCounts) {
    if (gemm.m < tiles) break;
    Operation part = *product.operation;
    std::get<Gemm>(part.what).m = gemm.m / tiles;
    ASSIGN_OR_RETURN(const Time compute, kernels.TimeOf(part, {}));
    const Time communicate = TimeUnder(exchange, bytes / static_cast<double>(tiles), what_if);
    const schedule::Module tile{compute, communicate};
    const Time wait = schedule::Tiled(tile, tiles) - product.Each();
    if (wait >= pair->wait) continue;
    pair->tiles = tiles;
    pair->tile = tile;
    pair->wait = wait;
  }
  return OkStatus();
}

Result<Hidden> ByTiles(const PricedProgram& priced, Kernels& kernels, WhatIf what_if) {
  Hidden hidden = Bare(priced, what_if);
  ASSIGN_OR_RETURN(const std::vector<Tiling> tilings, TilingsOf(priced, kernels, what_if));
  for (const Tiling& pair : tilings) {
    hidden.waits[pair.exchange] = pair.wait * priced.operations[pair.exchange].times;
  }
  hidden.exposed = Time();
  for (const Time wait : hidden.waits) hidden.exposed += wait;
  return hidden;
}

// ---- timelines ----

void AddLoads(const OverlapCost& cost, schedule::Program* program) {
  for (schedule::Block& block : program->blocks) {
    for (schedule::Task& task : block.tasks) {
      const auto stream = static_cast<std::size_t>(task.stream);
      if (program->streams[stream].kind == schedule::StreamKind::kCompute) {
        const bool slowed = cost.communication_sm > 0 || cost.communication_memory > 0;
        if (slowed) task.load = {.sm = 1, .memory = 1};
      } else {
        task.load = {.sm = cost.communication_sm, .memory = cost.communication_memory};
        task.beside_compute = cost.beside_compute;
      }
    }
  }
}

std::vector<schedule::Module> Times(const std::vector<StepModule>& modules) {
  std::vector<schedule::Module> times;
  for (const StepModule& module : modules) times.push_back({module.compute, module.communicate});
  return times;
}

// Each collective of a module has its part of what the module's communication was waited for.
void ShareWaits(const PricedProgram& priced, const StepModule& module, Time waited, WhatIf what_if,
                Hidden* hidden) {
  if (!(module.communicate > Time())) return;
  for (const std::size_t i : module.collectives) {
    const Priced& one = priced.operations[i];
    const double times = one.operation->count;
    hidden->waits[i] += waited * (times * one.Each(what_if) / module.communicate);
  }
}

Result<Hidden> ByTimeline(const HidingInput& input, WhatIf what_if) {
  const PricedProgram& whole = *input.whole;
  const bool twice = input.overlap == Overlap::kTwoBatch;
  const PricedProgram& played = twice ? *input.half : whole;
  Hidden hidden;
  hidden.waits.resize(whole.operations.size());
  hidden.communication = CommunicationOf(whole, what_if);
  for (std::size_t b = 0; b < whole.program.blocks.size(); ++b) {
    const Block& block = whole.program.blocks[b];
    if (block.repeat <= 0) continue;
    std::vector<StepModule> modules = ModulesOf(played, b, what_if);
    const bool layers = block.part == Part::kLayer && !modules.empty();
    if (!layers) {
      // Nothing to hide behind: embedding, head, boundaries, layers without an exchange.
      for (std::size_t i = 0; i < whole.operations.size(); ++i) {
        const Priced& one = whole.operations[i];
        if (one.block != b) continue;
        const Time time = one.times * one.Each(what_if);
        (one.collective != nullptr ? hidden.waits[i] : hidden.compute) += time;
      }
      continue;
    }
    if (input.overlap == Overlap::kLadder && modules.size() < 2) {
      return UnsupportedError(
          "a ladder needs two collectives in a layer, found " + std::to_string(modules.size()),
          "use --overlap tiles or two-batch for this layout");
    }
    const auto count = static_cast<int>(std::lround(block.repeat));
    const schedule::Program program =
        LayersProgram(input.overlap, modules, modules, count, *input.cost);
    const schedule::Outcome outcome = schedule::Evaluate(program);
    hidden.compute += outcome.busy[0];
    const std::vector<schedule::Task>& tasks = program.blocks[0].tasks;
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const auto site = static_cast<std::size_t>(tasks[t].site);
      ShareWaits(played, modules[site], outcome.tasks[0][t].waited, what_if, &hidden);
    }
  }
  for (const Time wait : hidden.waits) hidden.exposed += wait;
  return hidden;
}

}  // namespace

Result<std::vector<Tiling>> TilingsOf(const PricedProgram& priced, Kernels& kernels,
                                      WhatIf what_if) {
  std::vector<Tiling> tilings;
  const std::vector<Priced>& all = priced.operations;
  std::size_t taken = 0;  // a product is cut with one neighbour only
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i].block != all[i + 1].block || i < taken) continue;
    const bool behind = IsProduct(all[i]) && Reduces(all[i + 1]);
    const bool before = Gathers(all[i]) && IsProduct(all[i + 1]);
    if (!behind && !before) continue;
    Tiling pair;
    pair.exchange = behind ? i + 1 : i;
    pair.product = behind ? i : i + 1;
    RETURN_IF_ERROR(CutPair(priced, kernels, what_if, &pair));
    tilings.push_back(pair);
    taken = i + 2;
  }
  return tilings;
}

std::vector<StepModule> ModulesOf(const PricedProgram& priced, std::size_t block, WhatIf what_if) {
  std::vector<StepModule> modules;
  StepModule open;
  std::vector<std::size_t> leading;
  Time leading_time;
  for (std::size_t i = 0; i < priced.operations.size(); ++i) {
    const Priced& one = priced.operations[i];
    if (one.block != block) continue;
    const Time time = one.operation->count * one.Each(what_if);
    if (one.collective == nullptr) {
      if (!open.collectives.empty()) {
        modules.push_back(std::move(open));
        open = {};
      }
      open.compute += time;
      open.kernels.push_back(i);
    } else if (open.compute > Time()) {
      open.collectives.push_back(i);
      open.communicate += time;
    } else {
      leading.push_back(i);
      leading_time += time;
    }
  }
  if (!open.collectives.empty()) {
    modules.push_back(std::move(open));
  } else if (!modules.empty()) {
    StepModule& first = modules.front();
    first.compute += open.compute;
    first.kernels.insert(first.kernels.end(), open.kernels.begin(), open.kernels.end());
  } else if (!leading.empty()) {
    open.communicate = Time();
    modules.push_back(std::move(open));
  }
  if (!modules.empty()) {
    StepModule& last = modules.back();
    last.collectives.insert(last.collectives.end(), leading.begin(), leading.end());
    last.communicate += leading_time;
  }
  return modules;
}

schedule::Program LayersProgram(Overlap overlap, const std::vector<StepModule>& first,
                                const std::vector<StepModule>& second, int layers,
                                const OverlapCost& cost) {
  schedule::Program program;
  if (overlap == Overlap::kLadder) {
    program = schedule::LadderLayers(Times(first), layers);
  } else if (overlap == Overlap::kTwoBatch) {
    program = schedule::TwoBatchLayers(Times(first), Times(second), layers);
  } else {
    return schedule::SerialLayers(Times(first), layers);
  }
  AddLoads(cost, &program);
  return program;
}

Result<Hidden> Hide(const HidingInput& input, Kernels& kernels, WhatIf what_if) {
  if (input.fraction) return ByFraction(*input.whole, *input.fraction, what_if);
  switch (input.overlap) {
    case Overlap::kNone:
      return Bare(*input.whole, what_if);
    case Overlap::kTiles:
      return ByTiles(*input.whole, kernels, what_if);
    case Overlap::kLadder:
    case Overlap::kTwoBatch:
      return ByTimeline(input, what_if);
  }
  CHECK(false);
}

}  // namespace commplan
