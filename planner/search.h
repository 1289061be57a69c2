// A search asks every cell of a space once and gathers what the cells tell. Cells are dealt to
// threads as these become free; the answer does not depend on which thread had which.
//
//   const Found<Plan> found = Search<Plan>(cells, wanted, control, make_worker);
//
// `make_worker()` is called once in each thread; what it returns is called with (cell, collector)
// and owns what a thread must not share.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "planner/collector.h"

namespace commplan::planner {

struct Control {
  int threads = 1;
  const std::atomic<bool>* stop = nullptr;  // set by somebody else: end with the best so far
  // Called after each cell, from any thread: cells done, and how many there are.
  std::function<void(std::int64_t, std::int64_t)> progress{};
};

template <class Plan>
struct Found {
  Collector<Plan> all;
  bool complete = true;
};

template <class Plan, class MakeWorker>
Found<Plan> Search(std::int64_t cells, const Wanted& wanted, const Control& control,
                   const MakeWorker& make_worker) {
  const auto threads = static_cast<std::size_t>(std::max(1, control.threads));
  std::vector<Collector<Plan>> collectors(threads, Collector<Plan>(wanted));
  std::atomic<std::int64_t> next{0}, done{0};
  const auto run = [&](Collector<Plan>& collector) {
    auto worker = make_worker();
    while (control.stop == nullptr || !control.stop->load(std::memory_order_relaxed)) {
      const std::int64_t cell = next.fetch_add(1, std::memory_order_relaxed);
      if (cell >= cells) return;
      worker(cell, collector);
      const std::int64_t ended = done.fetch_add(1, std::memory_order_relaxed) + 1;
      if (control.progress) control.progress(ended, cells);
    }
  };
  std::vector<std::thread> others;
  others.reserve(threads - 1);
  for (std::size_t i = 1; i < threads; ++i) {
    others.emplace_back([&run, &collector = collectors[i]] { run(collector); });
  }
  run(collectors[0]);
  for (std::thread& other : others) other.join();
  for (std::size_t i = 1; i < threads; ++i) collectors[0].Add(collectors[i]);
  return {std::move(collectors[0]), done.load() == cells};
}

}  // namespace commplan::planner
