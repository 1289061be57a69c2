// Evaluate: one pass in issue order, with whole runs of repetitions added at once.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "model/base/check.h"
#include "model/schedule/play.h"
#include "model/schedule/timeline.h"

namespace commplan::schedule {

namespace {

using internal::kNobody;
using internal::Log;

// The end of the last task of a stream, or of the last that recorded an event.
struct Mark {
  double end = 0;
  double step = 0;   // how far the end moves per period
  int at = kNobody;  // in the log
};

// A stretch of `period` repetitions under test: does it repeat itself, and for how long?
struct Window {
  std::vector<Mark> before;  // the marks at its start, with their steps
  double tolerance = 0;      // steps nearer than this are equal: the rounding of long sums
  bool alike = true;         // no compute stream drifts within it
  double periods = std::numeric_limits<double>::infinity();  // that surely follow alike
};

// A regime may take several repetitions per period (a ring of buffers); longer ones are played out.
constexpr int kLongestPeriod = 4;
constexpr int kTriesPerPeriod = 6;
constexpr double kRounding = 1e-13;

// How many more periods, of those left, may be added at once.
int Times(const Window& window, int left) {
  return window.periods < left ? static_cast<int>(window.periods) : left;
}

class Evaluator {
 public:
  explicit Evaluator(const Program& program);
  Outcome Run();

 private:
  void PlayTask(const Task& task, int number, Window* window);
  void PlayTasks(const Block& block, int first, Window* window);
  void PlayBlock(const Block& block, int first);
  Window OpenWindow(const std::vector<Mark>& earlier);
  bool IsSteady(const Window& window) const;
  void AddPeriods(int length, int times, const std::vector<double>& waited_before);

  const Program& program_;
  std::vector<Mark> marks_;  // of the streams, then of the events
  std::size_t streams_;
  Log log_;
  internal::Sums sums_;
};

Evaluator::Evaluator(const Program& program)
    : program_(program),
      marks_(program.streams.size() + static_cast<std::size_t>(program.events)),
      streams_(program.streams.size()) {}

void Evaluator::PlayTask(const Task& task, int number, Window* window) {
  const auto stream = static_cast<std::size_t>(task.stream);
  Mark winner;
  const auto consider = [&winner](const Mark& mark) {
    if (mark.at == kNobody) return;
    if (winner.at == kNobody ? mark.end >= winner.end : mark.end > winner.end) winner = mark;
  };
  for (const int event : task.waits) consider(marks_[streams_ + static_cast<std::size_t>(event)]);
  consider(marks_[stream]);

  const bool compute = program_.streams[stream].kind == StreamKind::kCompute;
  if (window != nullptr) {
    // A loser that moves faster overtakes; up to the period before that all stays as it is.
    const auto overtakes = [&winner, window](const Mark& mark) {
      const double gain = mark.step - winner.step;
      if (mark.at == kNobody || gain <= window->tolerance) return;
      window->periods = std::min(window->periods, std::ceil((winner.end - mark.end) / gain) - 1);
    };
    for (const int event : task.waits) {
      overtakes(marks_[streams_ + static_cast<std::size_t>(event)]);
    }
    overtakes(marks_[stream]);
    // Else the gaps of the stream would change from period to period.
    const double drift = winner.step - window->before[stream].step;
    if (compute && std::abs(drift) > window->tolerance) window->alike = false;
  }

  if (compute && winner.end > marks_[stream].end) {
    internal::PutDown(log_, marks_[stream].end, winner.at, sums_.waited);
  }
  const double end = winner.end + task.work.base();
  const Mark mark{end, winner.step, log_.size()};
  log_.Append({winner.end, end, winner.step, winner.at, number});
  marks_[stream] = mark;
  if (task.records != kNoEvent) marks_[streams_ + static_cast<std::size_t>(task.records)] = mark;
}

void Evaluator::PlayTasks(const Block& block, int first, Window* window) {
  for (std::size_t i = 0; i < block.tasks.size(); ++i) {
    PlayTask(block.tasks[i], first + static_cast<int>(i), window);
  }
}

Window Evaluator::OpenWindow(const std::vector<Mark>& earlier) {
  Window window;
  double latest = 0;
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    marks_[i].step = marks_[i].end - earlier[i].end;
    latest = std::max(latest, marks_[i].end);
  }
  window.before = marks_;
  window.tolerance = kRounding * latest;
  return window;
}

bool Evaluator::IsSteady(const Window& window) const {
  if (!window.alike) return false;
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    // Both the step that the winners hand on and the one that was made.
    const double step = window.before[i].step;
    const double made = marks_[i].end - window.before[i].end;
    if (std::abs(marks_[i].step - step) > window.tolerance) return false;
    if (std::abs(made - step) > window.tolerance) return false;
  }
  return true;
}

void Evaluator::AddPeriods(int length, int times, const std::vector<double>& waited_before) {
  const int start = log_.size() - length;
  log_.Repeat(length, times);
  for (Mark& mark : marks_) {
    if (mark.at < start) continue;
    mark.end += times * mark.step;
    mark.at += times * length;
  }
  for (std::size_t i = 0; i < waited_before.size(); ++i) {
    sums_.waited[i] += times * (sums_.waited[i] - waited_before[i]);
  }
}

void Evaluator::PlayBlock(const Block& block, int first) {
  const int length = static_cast<int>(block.tasks.size());
  if (length == 0) return;
  std::vector<std::vector<Mark>> history;  // the marks before each repetition
  std::vector<double> waited_before;
  int period = 1;
  int tries = 0;
  for (int left = block.count; left > 0;) {
    if (left > 1) history.push_back(marks_);
    if (left <= period || static_cast<int>(history.size()) <= period) {
      PlayTasks(block, first, nullptr);
      --left;
      continue;
    }
    Window window = OpenWindow(history[history.size() - 1 - static_cast<std::size_t>(period)]);
    waited_before = sums_.waited;
    for (int i = 0; i < period; ++i) {
      if (i > 0) history.push_back(marks_);
      PlayTasks(block, first, &window);
    }
    left -= period;
    const int times = Times(window, left / period);
    if (times > 0 && IsSteady(window)) {
      AddPeriods(length * period, times, waited_before);
      left -= times * period;
      history.clear();
    } else if (++tries % kTriesPerPeriod == 0) {
      period = period % kLongestPeriod + 1;
    }
  }
}

Outcome Evaluator::Run() {
  const std::vector<int> first = internal::FirstTasks(program_);
  const auto tasks = static_cast<std::size_t>(first.back());
  sums_.ran.resize(tasks);
  sums_.waited.resize(tasks);
  sums_.busy.resize(streams_);
  for (std::size_t b = 0; b < program_.blocks.size(); ++b) {
    const Block& block = program_.blocks[b];
    PlayBlock(block, first[b]);
    for (std::size_t i = 0; i < block.tasks.size(); ++i) {
      const double ran = block.tasks[i].work.base() * block.count;
      sums_.ran[static_cast<std::size_t>(first[b]) + i] = ran;
      sums_.busy[static_cast<std::size_t>(block.tasks[i].stream)] += ran;
    }
  }
  std::size_t last = 0;
  for (std::size_t stream = 0; stream < streams_; ++stream) {
    sums_.ends.push_back(marks_[stream].end);
    const Mark& best = marks_[last];
    const bool later = marks_[stream].end > best.end;
    if (later || (marks_[stream].end == best.end && marks_[stream].at < best.at)) last = stream;
  }
  for (std::size_t stream = 0; stream < streams_; ++stream) {
    if (program_.streams[stream].kind != StreamKind::kCompute) continue;
    if (marks_[last].end == marks_[stream].end) continue;
    internal::PutDown(log_, marks_[stream].end, marks_[last].at, sums_.waited);
  }
  return internal::Report(program_, sums_);
}

}  // namespace

Outcome Evaluate(const Program& program) {
  internal::CheckProgram(program);
  if (internal::HasSlowdown(program)) return Simulate(program);
  return Evaluator(program).Run();
}

}  // namespace commplan::schedule
