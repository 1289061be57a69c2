#include "model/step/timeline.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/base/units.h"
#include "model/collective/algorithm.h"
#include "model/schedule/timeline.h"
#include "model/step/compression_step.h"
#include "model/step/hiding.h"
#include "model/step/kernels.h"
#include "model/step/priced.h"
#include "model/step/pricer.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

TraceItem KernelItem(const Priced& one) {
  const Operation& operation = *one.operation;
  // The bill's name: the time of all experts stands at the first of their products.
  const bool experts = operation.site == Site::kExpertUp;
  TraceItem item{.name = experts ? "moe experts" : std::string(Name(operation.site)),
                 .arguments = {{"alone_us", InMicros(one.Each())}}};
  if (experts) return item;
  const Flops work = WorkOf(operation);
  if (work > Flops()) item.arguments.push_back({"flops", work.base()});
  item.arguments.push_back({"memory_bytes", TrafficOf(operation).base()});
  if (const auto* gemm = std::get_if<Gemm>(&operation.what)) {
    item.arguments.push_back({"m", gemm->m});
    item.arguments.push_back({"n", gemm->n});
    item.arguments.push_back({"k", gemm->k});
  }
  return item;
}

TraceItem CollectiveItem(const Priced& one) {
  const auto& what = std::get<Collective>(one.operation->what);
  BillLine line;
  line.engine = one.collective->engine().name;
  if (one.variant >= 0) {
    line.algorithm = one.collective->variants()[At(one.variant)].card->algorithm;
  }
  PutCodec(one, &line);
  std::string name(Name(one.operation->site));
  name += ' ';
  name += Name(what.exchange);
  TraceItem item{.name = std::move(name),
                 .arguments = {{"alone_us", InMicros(one.Each())},
                               {"bytes", what.bytes.base()},
                               {"ranks", static_cast<double>(what.ranks)},
                               {"group", std::string(Name(what.group))},
                               {"algorithm", std::string(Name(line.algorithm))},
                               {"engine", line.engine},
                               {"codec", line.codec}}};
  return item;
}

std::string LaneOf(const Priced& one) {
  if (one.collective == nullptr) return "compute";
  return std::string(Name(std::get<Collective>(one.operation->what).group)) + " communicator";
}

class Tracer {
 public:
  Tracer(const StepRequest& request, const StepPricer& pricer, const StepBill& bill,
         Kernels& kernels)
      : request_(request),
        model_(*request.model),
        whole_(pricer.whole()),
        half_(pricer.half()),
        cost_(pricer.machine().compute.overlap),
        bill_(bill),
        kernels_(kernels) {}

  Result<Trace> Run();

 private:
  bool played() const {
    return request_.overlap == Overlap::kLadder || request_.overlap == Overlap::kTwoBatch;
  }
  int stages() const { return request_.layout.pp; }
  int StageOf(int layer) const;
  std::vector<int> LayersOf(std::size_t block) const;

  void Prepare();
  Status PrepareHiding();
  int ItemOf(const Priced& one, const std::string& ending = {});
  void Put(const Priced& one, int stage, int layer, Time start, Time end,
           const std::string& ending = {});

  void PutBlock(std::size_t block, int stage, int layer);
  void PutTiles(const Tiling& pair, int stage, int layer);
  void Send(int stage);
  void PutLayersInOrder();
  void PlayLayers(std::size_t block, bool in_order);
  void PutSpan(const schedule::Task& task, const StepModule& module, const schedule::Span& span);

  const StepRequest& request_;
  const Transformer& model_;
  const PricedProgram& whole_;
  const PricedProgram& half_;
  const OverlapCost& cost_;
  const StepBill& bill_;
  Kernels& kernels_;
  TraceBuilder builder_;
  Time now_{};
  int sent_ = 0;  // stages that have sent
  std::map<std::pair<const Priced*, std::string>, int> items_;
  std::vector<std::vector<std::size_t>> operations_;  // by block
  std::vector<const Tiling*> tiled_;                  // by operation: the pair that it starts
  std::vector<Tiling> tilings_;
  double exposed_ = 1;  // share of each collective
};

int Tracer::StageOf(int layer) const {
  int stage = 0;
  while (LayersOfChunk(model_, request_.layout, stage, 0).end <= layer) ++stage;
  return stage;
}

// The layers of the block's kind.
std::vector<int> Tracer::LayersOf(std::size_t block) const {
  const int kind = whole_.program.blocks[block].kind;
  std::vector<int> layers;
  for (std::int64_t layer = 0; layer < model_.layers; ++layer) {
    if (LayersOfKind(model_, kind, layer, layer + 1) > 0) layers.push_back(static_cast<int>(layer));
  }
  return layers;
}

void Tracer::Prepare() {
  for (int stage = 0; stage < stages(); ++stage) {
    builder_.Process(stages() > 1 ? "stage " + std::to_string(stage) : "rank");
    builder_.Lane(stage, "compute", LaneKind::kCompute);
  }
  operations_.resize(whole_.program.blocks.size());
  for (std::size_t i = 0; i < whole_.operations.size(); ++i) {
    operations_[whole_.operations[i].block].push_back(i);
  }
  tiled_.resize(whole_.operations.size());
}

Status Tracer::PrepareHiding() {
  if (request_.overlap_fraction) {
    if (bill_.communication > Time()) exposed_ = bill_.exposed / bill_.communication;
    std::string note = "the what-if hides ";
    note += ShareForPeople(1 - exposed_);
    note += " of the communication and does not say when it runs: only the rest is drawn";
    builder_.Note(std::move(note));
    return OkStatus();
  }
  if (request_.overlap != Overlap::kTiles) return OkStatus();
  ASSIGN_OR_RETURN(tilings_, TilingsOf(whole_, kernels_, WhatIf::kAsIs));
  for (const Tiling& pair : tilings_) {
    if (pair.tiles > 1) tiled_[std::min(pair.product, pair.exchange)] = &pair;
  }
  return OkStatus();
}

int Tracer::ItemOf(const Priced& one, const std::string& ending) {
  const auto [found, made] = items_.try_emplace({&one, ending}, 0);
  if (!made) return found->second;
  TraceItem item = one.collective == nullptr ? KernelItem(one) : CollectiveItem(one);
  item.name += ending;
  return found->second = builder_.Item(std::move(item));
}

void Tracer::Put(const Priced& one, int stage, int layer, Time start, Time end,
                 const std::string& ending) {
  if (!(end > start)) return;
  const LaneKind kind = one.collective == nullptr ? LaneKind::kCompute : LaneKind::kCommunicator;
  builder_.Add({.lane = builder_.Lane(stage, LaneOf(one), kind),
                .item = ItemOf(one, ending),
                .layer = layer,
                .start = start,
                .end = end});
}

// Products and collective cut into tiles, each lane without a pause until it waits for the other.
void Tracer::PutTiles(const Tiling& pair, int stage, int layer) {
  const bool behind = pair.product < pair.exchange;
  const Priced& first = whole_.operations[behind ? pair.product : pair.exchange];
  const Priced& second = whole_.operations[behind ? pair.exchange : pair.product];
  CHECK_EQ(first.operation->count, second.operation->count);
  const Time lead = behind ? pair.tile.compute : pair.tile.communicate;
  const Time follow = behind ? pair.tile.communicate : pair.tile.compute;
  for (double n = 0; n < first.operation->count; ++n) {
    Time led = now_, followed = now_;
    for (int tile = 0; tile < pair.tiles; ++tile) {
      const std::string ending = " tile " + std::to_string(tile);
      Put(first, stage, layer, led, led + lead, ending);
      led += lead;
      const Time start = Max(led, followed);
      Put(second, stage, layer, start, start + follow, ending);
      followed = start + follow;
    }
    now_ = followed;
  }
}

void Tracer::PutBlock(std::size_t block, int stage, int layer) {
  const std::vector<std::size_t>& all = operations_[block];
  for (std::size_t place = 0; place < all.size(); ++place) {
    const Priced& one = whole_.operations[all[place]];
    if (const Tiling* const pair = tiled_[all[place]]) {
      PutTiles(*pair, stage, layer);
      ++place;  // its second half
      continue;
    }
    const Time each = one.collective == nullptr ? one.Each() : one.Each() * exposed_;
    for (double n = 0; n < one.operation->count; ++n) {
      Put(one, stage, layer, now_, now_ + each);
      now_ += each;
    }
  }
}

// What the stage hands to the next one, which gathers it where ranks sent parts.
void Tracer::Send(int stage) {
  for (std::size_t block = 0; block < operations_.size(); ++block) {
    if (whole_.program.blocks[block].part != Part::kBoundary) continue;
    for (const std::size_t i : operations_[block]) {
      const Priced& one = whole_.operations[i];
      const bool send =
          std::get<Collective>(one.operation->what).exchange == Exchange::kPointToPoint;
      const Time each = one.Each() * exposed_;
      Put(one, send ? stage : stage + 1, kNoNumber, now_, now_ + each);
      now_ += each;
    }
  }
  sent_ = stage + 1;
}

void Tracer::PutLayersInOrder() {
  std::vector<std::size_t> block_of(static_cast<std::size_t>(model_.layers));
  for (std::size_t block = 0; block < operations_.size(); ++block) {
    if (whole_.program.blocks[block].part != Part::kLayer) continue;
    for (const int layer : LayersOf(block)) block_of[At(layer)] = block;
  }
  for (int layer = 0; layer < static_cast<int>(model_.layers); ++layer) {
    const int stage = StageOf(layer);
    while (sent_ < stage) Send(sent_);
    PutBlock(block_of[At(layer)], stage, layer);
  }
}

// ---- ladder and two batches ----

// Each task of the program as one task for each kernel or collective of its module: the same
// streams do the same in the same order.
struct Played {
  schedule::Program program;
  struct Origin {
    std::size_t operation = 0;
    int half = 0;
  };
  std::vector<Origin> origins;  // by site
};

Played InDetail(const schedule::Program& modules, const std::vector<StepModule>& of,
                const PricedProgram& priced) {
  Played played;
  played.program.streams = modules.streams;
  played.program.events = modules.events;
  schedule::Block block{.count = modules.blocks[0].count};
  const std::vector<schedule::Task>& tasks = modules.blocks[0].tasks;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const StepModule& module = of[At(tasks[t].site)];
    const bool computes =
        modules.streams[At(tasks[t].stream)].kind == schedule::StreamKind::kCompute;
    const std::vector<std::size_t>& parts = computes ? module.kernels : module.collectives;
    schedule::Task task = tasks[t];
    task.records = schedule::kNoEvent;
    const std::size_t first = block.tasks.size();
    for (const std::size_t i : parts) {
      const Priced& one = priced.operations[i];
      for (double n = 0; n < one.operation->count; ++n) {
        task.work = one.Each();
        task.site = static_cast<int>(played.origins.size());
        block.tasks.push_back(task);
        task.waits = {};
      }
      played.origins.push_back({i, static_cast<int>(t / 2) % 2});
    }
    if (block.tasks.size() == first) {
      task.work = Time();
      task.site = -1;
      block.tasks.push_back(task);
    }
    block.tasks.back().records = tasks[t].records;
  }
  played.program.blocks.push_back(std::move(block));
  return played;
}

// Where layers come in their order, a stage starts later than in the bill's play by what was sent
// until then; what the stage before still has under way is not moved.
void Tracer::PlayLayers(std::size_t block, bool in_order) {
  const bool twice = request_.overlap == Overlap::kTwoBatch;
  const PricedProgram& priced = twice ? half_ : whole_;
  const std::vector<StepModule> modules = ModulesOf(priced, block, WhatIf::kAsIs);
  const std::vector<int> layers = LayersOf(block);
  if (modules.empty()) {
    for (const int layer : layers) PutBlock(block, StageOf(layer), layer);
    return;
  }
  const Played played = InDetail(
      LayersProgram(request_.overlap, modules, modules, static_cast<int>(layers.size()), cost_),
      modules, priced);
  std::vector<schedule::Span> spans;
  const schedule::Outcome outcome = schedule::Simulate(played.program, &spans);
  const Time origin = now_;
  Time moved;
  int before = -1;
  for (const schedule::Span& span : spans) {
    const int layer = layers[At(span.repeat)];
    const int stage = StageOf(layer);
    if (span.repeat != before && in_order) {
      // A layer starts with a kernel.
      while (sent_ < stage) {
        now_ = origin + moved + span.start;
        Send(sent_);
        moved = now_ - origin - span.start;
      }
    }
    before = span.repeat;
    const int site = played.program.blocks[0].tasks[At(span.task)].site;
    if (site < 0) continue;
    const Played::Origin& of = played.origins[At(site)];
    const std::string ending = !twice ? "" : of.half == 0 ? ", half a" : ", half b";
    Put(priced.operations[of.operation], stage, layer, origin + moved + span.start,
        origin + moved + span.end, ending);
  }
  now_ = origin + moved + outcome.makespan;
}

Result<Trace> Tracer::Run() {
  Prepare();
  RETURN_IF_ERROR(PrepareHiding());
  const std::vector<Block>& blocks = whole_.program.blocks;
  std::vector<std::size_t> layers;
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    if (blocks[block].part == Part::kEmbedding) PutBlock(block, 0, kNoNumber);
    if (blocks[block].part == Part::kLayer && blocks[block].repeat > 0) layers.push_back(block);
  }
  if (!played()) {
    PutLayersInOrder();
  } else {
    std::vector<int> order;
    for (const std::size_t block : layers) {
      const std::vector<int> of = LayersOf(block);
      order.insert(order.end(), of.begin(), of.end());
    }
    const bool in_order = std::is_sorted(order.begin(), order.end());
    if (!in_order) {
      builder_.Note(
          "as in the bill, layers of one kind run in a row, and nothing overlaps between "
          "one kind and the next");
    }
    for (const std::size_t block : layers) PlayLayers(block, in_order);
  }
  while (sent_ < stages() - 1) Send(sent_);
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    if (blocks[block].part == Part::kHead) PutBlock(block, stages() - 1, kNoNumber);
  }
  if (bill_.other > Time()) {
    const int last = stages() - 1;
    builder_.Add({.lane = builder_.Lane(last, "host", LaneKind::kHost),
                  .item = builder_.Item({"scheduling, sampling and launches", {}}),
                  .start = now_,
                  .end = now_ + bill_.other});
  }
  return std::move(builder_).Finish(bill_.step);
}

}  // namespace

Result<StepTimeline> TimelineOf(const Machine& machine, const StepRequest& request) {
  ASSIGN_OR_RETURN(StepPricer pricer, StepPricer::Create(machine, request.kernels, request.engine));
  StepTimeline timeline;
  ASSIGN_OR_RETURN(timeline.bill, pricer.BillOf(request));
  ASSIGN_OR_RETURN(Kernels kernels, Kernels::Create(machine, request.kernels));
  ASSIGN_OR_RETURN(timeline.trace, Tracer(request, pricer, timeline.bill, kernels).Run());
  return timeline;
}

}  // namespace commplan
