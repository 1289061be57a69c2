#include "model/schedule/chain.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "model/base/check.h"

namespace commplan::schedule {

namespace {

constexpr int kCompute = 0;
constexpr int kGathers = 1;
constexpr int kReductions = 2;
constexpr int kNone = -1;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

enum class Role { kForward, kRecompute, kBackward };

// One weight consumed by compute: a place in the order of the pass.
struct Step {
  const ShardedWeight* weight = nullptr;
  int number = 0;  // of the weight
  int block = 0;   // of the program
  Role role = Role::kForward;
  int next = kNone;         // the step whose gather it issues, once it has its own weight
  bool reads_next = false;  // into the very buffer that it reads
  bool on_demand = true;    // it has to issue its own gather
  std::vector<int> with{};  // and those that it issues along with it
  int before = kNone;       // the step before it in its list
  bool last = true;         // of its list
};

// A run of weights that becomes one block.
struct Stretch {
  const std::vector<ShardedWeight>* weights = nullptr;
  int first = 0;  // number of its first weight
  int count = 1;  // of the block
};

// Layers that look alike to their neighbours are kept once. What is alike looks only one step back
// and ahead in its list, so with one layer on either side nothing else changes.
std::vector<Stretch> StretchesOf(const ShardedModel& model, int depth, Direction direction) {
  const int before = static_cast<int>(model.before.size());
  const int layer = static_cast<int>(model.layer.size());
  std::vector<Stretch> stretches = {{&model.before, 0, 1}};
  const bool fold = depth == 1 && model.layers > 3;
  for (int i = 0; i < (fold ? 3 : model.layers); ++i) {
    stretches.push_back({&model.layer, before, fold && i == 1 ? model.layers - 2 : 1});
  }
  stretches.push_back({&model.after, before + layer, 1});
  if (direction == Direction::kBackward) std::reverse(stretches.begin(), stretches.end());
  return stretches;
}

void AppendBackward(const Stretch& stretch, int block, std::vector<Step>& steps) {
  const std::vector<ShardedWeight>& weights = *stretch.weights;
  for (int last = static_cast<int>(weights.size()) - 1; last >= 0;) {
    const int region = weights[At(last)].region;
    int first = last;
    while (region != kNoRegion && first > 0 && weights[At(first - 1)].region == region) --first;
    for (int i = first; i <= last && region != kNoRegion; ++i) {
      steps.push_back({&weights[At(i)], stretch.first + i, block, Role::kRecompute});
    }
    for (int i = last; i >= first; --i) {
      steps.push_back({&weights[At(i)], stretch.first + i, block, Role::kBackward});
    }
    last = first - 1;
  }
}

std::vector<Step> OrderOf(const std::vector<Stretch>& stretches, Direction direction) {
  std::vector<Step> steps;
  for (int block = 0; block < static_cast<int>(stretches.size()); ++block) {
    const Stretch& stretch = stretches[At(block)];
    if (direction == Direction::kBackward) {
      AppendBackward(stretch, block, steps);
      continue;
    }
    for (int i = 0; i < static_cast<int>(stretch.weights->size()); ++i) {
      const ShardedWeight& weight = (*stretch.weights)[At(i)];
      steps.push_back({&weight, stretch.first + i, block, Role::kForward});
    }
  }
  return steps;
}

// Keys are kept apart by list, which matters for recompute, where one list runs through all.
bool ShareBuffers(const ShardedWeight& a, const ShardedWeight& b) {
  return a.key != kOwnBuffer && a.key == b.key && a.list == b.list;
}

// One list: who issues whose gather, who comes before whom.
//
// With as many buffers as the depth or more, the last reader of the buffer of a gather is the step
// that issues it or an earlier one, which has ended. It is that step when the key has no buffer to
// spare and everything from here to there lies in it.
void LinkList(const std::vector<int>& list, const ChainRules& rules, int depth,
              std::vector<Step>& steps) {
  const int length = static_cast<int>(list.size());
  int alike = 1;  // steps with one key in a row
  for (int n = 0; n < length; ++n) {
    Step& step = steps[At(list[At(n)])];
    step.last = n + 1 == length;
    if (n > 0) {
      step.before = list[At(n - 1)];
      alike = ShareBuffers(*step.weight, *steps[At(step.before)].weight) ? alike + 1 : 1;
    }
    if (!rules.prefetch) continue;
    step.on_demand = n == 0;
    if (n >= depth) {
      Step& issuer = steps[At(list[At(n - depth)])];
      issuer.next = list[At(n)];
      issuer.reads_next = rules.gather_buffers == depth && alike > depth;
    } else if (n > 0) {
      steps[At(list.front())].with.push_back(list[At(n)]);
    }
  }
}

void Link(const ChainRules& rules, int depth, std::vector<Step>& steps) {
  std::map<std::pair<bool, int>, std::vector<int>> lists;  // by "recompute" and list
  for (int i = 0; i < static_cast<int>(steps.size()); ++i) {
    const Step& step = steps[At(i)];
    const bool again = step.role == Role::kRecompute;
    lists[{again, again ? 0 : step.weight->list}].push_back(i);
  }
  for (const auto& [name, list] : lists) LinkList(list, rules, depth, steps);
}

class Builder {
 public:
  Builder(const ShardedModel& model, const ChainRules& rules, Direction direction);
  Program Build();

 private:
  enum class Event { kReached, kGathered, kConsumed, kRead, kGradient, kReduced };
  static constexpr int kEvents = 6;
  // Where layers are folded, a step shares its events with the same one of other layers.
  int EventOf(Event event, int step) const;

  void Add(const Task& task) { blocks_[At(block_)].tasks.push_back(task); }
  void Compute(int step, Time work, Waits waits, int records = kNoEvent);
  void Gather(int step, int after, int buffer = kNoEvent);
  void Consume(int step);
  void Read(int step, Time work);
  void Reduce(int step);

  const ChainRules& rules_;
  std::vector<Step> steps_;
  bool folded_ = false;
  int weights_ = 0;
  int block_ = 0;
  std::vector<Block> blocks_;
};

Builder::Builder(const ShardedModel& model, const ChainRules& rules, Direction direction)
    : rules_(rules) {
  CHECK(rules.forward_depth > 0 && rules.backward_depth > 0 && rules.gradient_buffers > 0);
  CHECK_GE(model.layers, 0);
  const int depth = direction == Direction::kForward ? rules.forward_depth : rules.backward_depth;
  // Else a gather would stand in front of one that is needed before its buffer gets free.
  CHECK_GE(rules.gather_buffers, depth);
  const std::vector<Stretch> stretches = StretchesOf(model, depth, direction);
  steps_ = OrderOf(stretches, direction);
  Link(rules, depth, steps_);
  folded_ = depth == 1;
  weights_ = static_cast<int>(model.before.size() + model.layer.size() + model.after.size());
  blocks_.resize(stretches.size());
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    blocks_[i].count = stretches[i].count;
    blocks_[i].tasks.reserve(10 * stretches[i].weights->size());
  }
}

int Builder::EventOf(Event event, int step) const {
  const Step& its = steps_[At(step)];
  const int again = its.role == Role::kRecompute ? weights_ : 0;
  return kEvents * (folded_ ? its.number + again : step) + static_cast<int>(event);
}

int SiteOf(const Step& step, ChainSite what) {
  return kChainSites * step.number + static_cast<int>(what);
}

void Builder::Compute(int step, Time work, Waits waits, int records) {
  Add({.stream = kCompute,
       .work = work,
       .waits = waits,
       .records = records,
       .site = SiteOf(steps_[At(step)], ChainSite::kCompute)});
}

void Builder::Gather(int step, int after, int buffer) {
  const Step& its = steps_[At(step)];
  const bool again = its.role == Role::kRecompute;
  Task task{.stream = kGathers, .records = EventOf(Event::kGathered, step)};
  task.waits.Add(after);
  task.waits.Add(buffer);
  task.work = its.role == Role::kForward ? its.weight->gather
              : again                    ? its.weight->gather_again
                                         : its.weight->gather_backward;
  task.site = SiteOf(its, again ? ChainSite::kGatherAgain : ChainSite::kGather);
  Add(task);
}

// Waits for the weight and issues the next gather, unless that one has to wait for this reading.
void Builder::Consume(int step) {
  const Step& its = steps_[At(step)];
  if (its.on_demand) {
    const int reached = EventOf(Event::kReached, step);
    Compute(step, Time(), {}, reached);
    Gather(step, reached);
    for (const int other : its.with) Gather(other, reached);
  }
  const int consumed = EventOf(Event::kConsumed, step);
  Compute(step, Time(), {EventOf(Event::kGathered, step)}, consumed);
  if (its.next != kNone && !its.reads_next) Gather(its.next, consumed);
}

void Builder::Read(int step, Time work) {
  const Step& its = steps_[At(step)];
  const int read = EventOf(Event::kRead, step);
  Compute(step, work, {}, read);
  if (its.reads_next) Gather(its.next, EventOf(Event::kConsumed, step), read);
}

// The gradient of the weight and its reduction. With two buffers for gradients or more, the
// reduction that must have ended before this gradient was awaited by the one before it.
void Builder::Reduce(int step) {
  const Step& its = steps_[At(step)];
  const ShardedWeight& weight = *its.weight;
  const int reduced = EventOf(Event::kReduced, step);
  const int gradient = EventOf(Event::kGradient, step);
  const int before = its.before == kNone ? kNoEvent : EventOf(Event::kReduced, its.before);
  Waits room;
  const bool crowded = rules_.gradient_buffers == 1 && its.before != kNone &&
                       ShareBuffers(weight, *steps_[At(its.before)].weight);
  if (crowded) room.Add(before);
  Compute(step, weight.weight_gradient, room, gradient);
  if (before != kNoEvent) Compute(step, Time(), {before});
  Add({.stream = rules_.shared_communicator ? kGathers : kReductions,
       .work = weight.scatter,
       .waits = {gradient},
       .records = reduced,
       .site = SiteOf(its, ChainSite::kScatter)});
  const bool at_once = its.last || weight.drains || !rules_.async_reduction;
  if (at_once) Compute(step, Time(), {reduced});
}

Program Builder::Build() {
  for (int step = 0; step < static_cast<int>(steps_.size()); ++step) {
    const Step& its = steps_[At(step)];
    block_ = its.block;
    Consume(step);
    if (its.role != Role::kBackward) {
      Read(step, its.weight->forward);
      Compute(step, its.weight->after_forward, {});
      continue;
    }
    if (rules_.weight_gradient_first) {
      Reduce(step);
      Read(step, its.weight->input_gradient);
    } else {
      Read(step, its.weight->input_gradient);
      Reduce(step);
    }
    Compute(step, its.weight->after_backward, {});
  }
  Program program;
  program.streams = {{StreamKind::kCompute}, {StreamKind::kCommunicator}};
  if (!rules_.shared_communicator) program.streams.push_back({StreamKind::kCommunicator});
  program.events = kEvents * (folded_ ? 2 * weights_ : static_cast<int>(steps_.size()));
  program.blocks = std::move(blocks_);
  return program;
}

}  // namespace

Program BuildChain(const ShardedModel& model, const ChainRules& rules, Direction direction) {
  return Builder(model, rules, direction).Build();
}

std::vector<WeightWait> WaitsOf(const Program& chain, const Outcome& outcome) {
  std::vector<WeightWait> waits;
  for (std::size_t block = 0; block < chain.blocks.size(); ++block) {
    const std::vector<Task>& tasks = chain.blocks[block].tasks;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const std::size_t weight = At(tasks[i].site / kChainSites);
      if (weight >= waits.size()) waits.resize(weight + 1);
      const Time waited = outcome.tasks[block][i].waited;
      switch (static_cast<ChainSite>(tasks[i].site % kChainSites)) {
        case ChainSite::kGather:
          waits[weight].gather += waited;
          break;
        case ChainSite::kGatherAgain:
          waits[weight].gather_again += waited;
          break;
        case ChainSite::kScatter:
          waits[weight].scatter += waited;
          break;
        case ChainSite::kCompute:
          break;
      }
    }
  }
  return waits;
}

}  // namespace commplan::schedule
