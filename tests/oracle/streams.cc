#include "tests/oracle/streams.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>

#include "tests/oracle/require.h"

namespace commplan::oracle {

namespace {

constexpr int kFull = 4;  // quarters

std::size_t At(int i) { return static_cast<std::size_t>(i); }

// The job before `job` on its stream, or -1.
int Previous(const std::vector<Job>& jobs, int job) {
  for (int i = job - 1; i >= 0; --i) {
    if (jobs[At(i)].stream == jobs[At(job)].stream) return i;
  }
  return -1;
}

struct State {
  bool running = false;
  bool ended = false;
  std::int64_t left = 0;  // quarters of ticks
};

// Quarters of full speed.
int Speed(const std::vector<StreamSpec>& streams, const std::vector<Job>& jobs,
          const std::vector<State>& states, int job) {
  const StreamSpec& own = streams[At(jobs[At(job)].stream)];
  int sm_taken = 0;
  int memory_taken = 0;
  bool compute_runs = false;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const StreamSpec& other = streams[At(jobs[i].stream)];
    if (!states[i].running || other.device != own.device) continue;
    if (other.lane == Lane::kCompute) {
      compute_runs = true;
    } else {
      sm_taken += jobs[i].sm_quarters;
      memory_taken += jobs[i].memory_quarters;
    }
  }
  if (own.lane == Lane::kCopy) return kFull;
  if (own.lane == Lane::kCommunicator) {
    return compute_runs ? jobs[At(job)].beside_compute_quarters : kFull;
  }
  int speed = kFull;
  const auto bound = [&speed](int needed, int taken) {
    if (needed == 0) return;
    const int left = std::max(kFull - taken, 0) * kFull;
    Require(left % needed == 0, "a speed is no whole number of quarters");
    speed = std::min(speed, left / needed);
  };
  bound(jobs[At(job)].sm_quarters, sm_taken);
  bound(jobs[At(job)].memory_quarters, memory_taken);
  return speed;
}

// Starts what can start at this tick. True when something that takes no time has ended.
bool Start(const std::vector<Job>& jobs, std::int64_t now, std::vector<State>& states,
           std::vector<JobTimes>& times) {
  bool again = false;
  for (int job = 0; job < static_cast<int>(jobs.size()); ++job) {
    State& state = states[At(job)];
    if (state.running || state.ended) continue;
    const int previous = Previous(jobs, job);
    bool free = previous < 0 || states[At(previous)].ended;
    for (const int after : jobs[At(job)].after) free = free && states[At(after)].ended;
    if (!free) continue;
    times[At(job)].start = now;
    state.left = jobs[At(job)].work * kFull;
    state.running = state.left > 0;
    if (state.running) continue;
    state.ended = true;
    times[At(job)].end = now;
    again = true;
  }
  return again;
}

}  // namespace

std::vector<JobTimes> PlayJobs(const std::vector<StreamSpec>& streams,
                               const std::vector<Job>& jobs) {
  std::vector<JobTimes> times(jobs.size());
  std::vector<State> states(jobs.size());
  std::int64_t now = 0;
  for (;;) {
    while (Start(jobs, now, states, times)) {
    }
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    std::int64_t wait = kNever;
    std::vector<int> speeds(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!states[i].running) continue;
      speeds[i] = Speed(streams, jobs, states, static_cast<int>(i));
      if (speeds[i] == 0) continue;
      Require(states[i].left % speeds[i] == 0, "a job ends between two ticks");
      wait = std::min(wait, states[i].left / speeds[i]);
    }
    if (wait == kNever) break;
    now += wait;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!states[i].running) continue;
      states[i].left -= wait * speeds[i];
      if (states[i].left > 0) continue;
      states[i] = {.running = false, .ended = true, .left = 0};
      times[i].end = now;
    }
  }
  for (const State& state : states) Require(state.ended, "jobs wait for each other");
  return times;
}

std::vector<std::int64_t> Blame(const std::vector<StreamSpec>& streams,
                                const std::vector<Job>& jobs, const std::vector<JobTimes>& times) {
  std::vector<std::int64_t> blame(jobs.size());
  std::set<std::int64_t> ticks = {0};
  for (const JobTimes& time : times) ticks.insert({time.start, time.end});
  // Who held up a job that waits for `waited_for` and then for `previous`.
  const auto latest = [&times](std::vector<int> waited_for, int previous) {
    if (previous >= 0) waited_for.push_back(previous);
    int found = -1;
    for (const int job : waited_for) {
      if (found < 0 || times[At(job)].end > times[At(found)].end) found = job;
    }
    return found;
  };
  // The last job of each stream, in list order: what the end of the play waits for.
  std::vector<int> all;
  for (int job = 0; job < static_cast<int>(jobs.size()); ++job) {
    const auto rest = jobs.begin() + job + 1;
    const int stream = jobs[At(job)].stream;
    const bool last = std::none_of(rest, jobs.end(),
                                   [stream](const Job& later) { return later.stream == stream; });
    if (last) all.push_back(job);
  }
  for (auto tick = ticks.begin(); std::next(tick) != ticks.end(); ++tick) {
    const std::int64_t length = *std::next(tick) - *tick;
    for (int stream = 0; stream < static_cast<int>(streams.size()); ++stream) {
      if (streams[At(stream)].lane != Lane::kCompute) continue;
      int next = -1;
      bool busy = false;
      for (int job = static_cast<int>(jobs.size()) - 1; job >= 0; --job) {
        if (jobs[At(job)].stream != stream) continue;
        busy = busy || (times[At(job)].start <= *tick && *tick < times[At(job)].end);
        if (times[At(job)].start > *tick) next = job;
      }
      if (busy) continue;
      int guilty = next < 0 ? latest(all, -1) : latest(jobs[At(next)].after, Previous(jobs, next));
      while (times[At(guilty)].start > *tick) {
        guilty = latest(jobs[At(guilty)].after, Previous(jobs, guilty));
      }
      blame[At(guilty)] += length;
    }
  }
  return blame;
}

}  // namespace commplan::oracle
