// Simulate: from one start or end of a task to the next, with the rates that hold between them.
#include <algorithm>
#include <cstddef>
#include <limits>

#include "model/base/check.h"
#include "model/schedule/play.h"
#include "model/schedule/timeline.h"

namespace commplan::schedule {

namespace {

using internal::kNobody;

constexpr double kNever = std::numeric_limits<double>::infinity();

// One task in one repetition.
struct Instance {
  const Task* task = nullptr;
  int number = 0;  // of the task, counted through all blocks
  std::array<int, Waits::kMost> after{};
  int after_count = 0;
  int before = kNobody;  // the previous one on its stream
  double start = -1;
  double end = -1;
  bool done = false;
};

struct Running {
  int instance = kNobody;
  double rate = 1;
  double since = 0;      // when the rate was set
  double remaining = 0;  // work at `since`
  double finish = kNever;
};

std::size_t At(int index) { return static_cast<std::size_t>(index); }

class Simulator {
 public:
  explicit Simulator(const Program& program) : program_(program) {}
  Outcome Run(std::vector<Span>* spans);

 private:
  void Issue();
  bool IsReady(const Instance& instance) const;
  bool StartWhatCan();
  void SetRates();
  double RateOf(const Task& task) const;
  void Finish();
  int HeldBy(const Instance& instance) const;
  void Account();

  const Program& program_;
  std::vector<Instance> issued_;
  std::vector<Span> spans_;
  std::vector<std::vector<int>> queues_;  // per stream, in issue order
  std::vector<std::size_t> next_;         // per stream, in its queue
  std::vector<Running> running_;          // per stream
  std::vector<Load> taken_;               // per device, by what is not compute
  std::vector<bool> computing_;           // per device
  double now_ = 0;
  internal::Sums sums_;
};

void Simulator::Issue() {
  const std::vector<int> first = internal::FirstTasks(program_);
  std::vector<int> recorded(At(program_.events), kNobody);
  queues_.resize(program_.streams.size());
  for (std::size_t b = 0; b < program_.blocks.size(); ++b) {
    const Block& block = program_.blocks[b];
    for (int repeat = 0; repeat < block.count; ++repeat) {
      for (std::size_t i = 0; i < block.tasks.size(); ++i) {
        const Task& task = block.tasks[i];
        Instance instance{.task = &task, .number = first[b] + static_cast<int>(i)};
        for (const int event : task.waits) {
          if (recorded[At(event)] == kNobody) continue;
          instance.after[At(instance.after_count++)] = recorded[At(event)];
        }
        std::vector<int>& queue = queues_[At(task.stream)];
        if (!queue.empty()) instance.before = queue.back();
        const int place = static_cast<int>(issued_.size());
        queue.push_back(place);
        if (task.records != kNoEvent) recorded[At(task.records)] = place;
        issued_.push_back(instance);
        spans_.push_back({static_cast<int>(b), repeat, static_cast<int>(i), Time(), Time()});
      }
    }
  }
}

bool Simulator::IsReady(const Instance& instance) const {
  for (int i = 0; i < instance.after_count; ++i) {
    if (!issued_[At(instance.after[At(i)])].done) return false;
  }
  return true;
}

// True when something without work ended at once, so that more may be ready.
bool Simulator::StartWhatCan() {
  bool again = false;
  for (std::size_t stream = 0; stream < queues_.size(); ++stream) {
    while (running_[stream].instance == kNobody && next_[stream] < queues_[stream].size()) {
      Instance& instance = issued_[At(queues_[stream][next_[stream]])];
      if (!IsReady(instance)) break;
      instance.start = now_;
      const double work = instance.task->work.base();
      if (work > 0) {
        running_[stream] = {queues_[stream][next_[stream]], 1, now_, work, now_ + work};
        break;
      }
      instance.end = now_;
      instance.done = true;
      ++next_[stream];
      again = true;
    }
  }
  return again;
}

double Simulator::RateOf(const Task& task) const {
  const Stream& stream = program_.streams[At(task.stream)];
  const std::size_t device = At(stream.device);
  if (stream.kind == StreamKind::kCommunicator) {
    return computing_[device] ? task.beside_compute : 1;
  }
  if (stream.kind == StreamKind::kCopy) return 1;
  double rate = 1;
  if (task.load.sm > 0) rate = std::min(rate, (1 - taken_[device].sm) / task.load.sm);
  if (task.load.memory > 0) rate = std::min(rate, (1 - taken_[device].memory) / task.load.memory);
  return std::max(rate, 0.0);
}

void Simulator::SetRates() {
  std::fill(taken_.begin(), taken_.end(), Load{});
  std::fill(computing_.begin(), computing_.end(), false);
  for (std::size_t stream = 0; stream < running_.size(); ++stream) {
    if (running_[stream].instance == kNobody) continue;
    const std::size_t device = At(program_.streams[stream].device);
    if (program_.streams[stream].kind == StreamKind::kCompute) {
      computing_[device] = true;
    } else {
      const Load& load = issued_[At(running_[stream].instance)].task->load;
      taken_[device].sm += load.sm;
      taken_[device].memory += load.memory;
    }
  }
  for (Running& run : running_) {
    if (run.instance == kNobody) continue;
    const double rate = RateOf(*issued_[At(run.instance)].task);
    if (rate == run.rate) continue;
    run.remaining -= (now_ - run.since) * run.rate;
    run.since = now_;
    run.rate = rate;
    run.finish = rate > 0 ? now_ + run.remaining / rate : kNever;
  }
}

void Simulator::Finish() {
  for (std::size_t stream = 0; stream < running_.size(); ++stream) {
    Running& run = running_[stream];
    if (run.instance == kNobody || run.finish > now_) continue;
    issued_[At(run.instance)].end = now_;
    issued_[At(run.instance)].done = true;
    run.instance = kNobody;
    ++next_[stream];
  }
}

int Simulator::HeldBy(const Instance& instance) const {
  int holder = kNobody;
  const auto consider = [this, &holder](int place) {
    if (place == kNobody) return;
    if (holder == kNobody || issued_[At(place)].end > issued_[At(holder)].end) holder = place;
  };
  for (int i = 0; i < instance.after_count; ++i) consider(instance.after[At(i)]);
  consider(instance.before);
  return holder;
}

void Simulator::Account() {
  internal::Log log;
  const auto tasks = static_cast<std::size_t>(internal::FirstTasks(program_).back());
  sums_ = {std::vector<double>(tasks), std::vector<double>(tasks),
           std::vector<double>(queues_.size()), std::vector<double>(queues_.size())};
  int last = kNobody;
  for (const Instance& instance : issued_) {
    const std::size_t stream = At(instance.task->stream);
    const int held_by = HeldBy(instance);
    const double idle_from = sums_.ends[stream];
    if (program_.streams[stream].kind == StreamKind::kCompute && instance.start > idle_from) {
      internal::PutDown(log, idle_from, held_by, sums_.waited);
    }
    log.Append({instance.start, instance.end, 0, held_by, instance.number});
    sums_.ran[At(instance.number)] += instance.end - instance.start;
    sums_.busy[stream] += instance.end - instance.start;
    sums_.ends[stream] = instance.end;
  }
  // Of several that end last: the one issued first among the streams' last tasks.
  for (const std::vector<int>& queue : queues_) {
    if (queue.empty()) continue;
    const int place = queue.back();
    const bool later = last == kNobody || issued_[At(place)].end > issued_[At(last)].end;
    if (later || (issued_[At(place)].end == issued_[At(last)].end && place < last)) last = place;
  }
  for (std::size_t stream = 0; stream < queues_.size(); ++stream) {
    if (program_.streams[stream].kind != StreamKind::kCompute || last == kNobody) continue;
    internal::PutDown(log, sums_.ends[stream], last, sums_.waited);
  }
}

Outcome Simulator::Run(std::vector<Span>* spans) {
  int devices = 0;
  for (const Stream& stream : program_.streams) devices = std::max(devices, stream.device + 1);
  taken_.resize(At(devices));
  computing_.resize(At(devices));
  next_.resize(program_.streams.size());
  running_.resize(program_.streams.size());
  Issue();
  for (;;) {
    while (StartWhatCan()) {
    }
    SetRates();
    double finish = kNever;
    for (const Running& run : running_) {
      if (run.instance != kNobody) finish = std::min(finish, run.finish);
    }
    if (finish == kNever) break;
    now_ = finish;
    Finish();
  }
  for (const Instance& instance : issued_) CHECK(instance.done);
  Account();
  if (spans != nullptr) {
    for (std::size_t i = 0; i < issued_.size(); ++i) {
      spans_[i].start = Seconds(issued_[i].start);
      spans_[i].end = Seconds(issued_[i].end);
    }
    *spans = std::move(spans_);
  }
  return internal::Report(program_, sums_);
}

}  // namespace

Outcome Simulate(const Program& program, std::vector<Span>* spans) {
  internal::CheckProgram(program);
  return Simulator(program).Run(spans);
}

}  // namespace commplan::schedule
