#include "calibrate/device/threads.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "model/base/check.h"

namespace commplan::device {
namespace {

// A queue of slots from one rank to one other. A slot is small enough for a core's own cache and
// large enough that handing it over costs little beside copying it.
class Queue {
 public:
  // Copies in what fits; returns how much that was.
  std::size_t Push(std::span<const std::byte> data) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == kSlots) return 0;
    const std::size_t size = std::min(data.size(), kSlotBytes);
    Slot& slot = slots_[tail % kSlots];
    std::memcpy(slot.bytes.data(), data.data(), size);
    slot.size = size;
    tail_.store(tail + 1, std::memory_order_release);
    return size;
  }

  std::size_t Pop(std::span<std::byte> data) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (tail_.load(std::memory_order_acquire) == head) return 0;
    const Slot& slot = slots_[head % kSlots];
    CHECK_LE(slot.size, data.size());
    std::memcpy(data.data(), slot.bytes.data(), slot.size);
    const std::size_t size = slot.size;
    head_.store(head + 1, std::memory_order_release);
    return size;
  }

 private:
  // Half of a core's second cache on most processors; more slots let a rank run on while another
  // waits for a core.
  static constexpr std::size_t kSlots = 32;
  static constexpr std::size_t kSlotBytes = std::size_t{16} << 10;
  static constexpr std::size_t kLine = 64;  // so that the two ends do not share a cache line
  struct Slot {
    std::size_t size = 0;
    std::array<std::byte, kSlotBytes> bytes{};
  };

  alignas(kLine) std::atomic<std::size_t> head_{0};
  alignas(kLine) std::atomic<std::size_t> tail_{0};
  alignas(kLine) std::array<Slot, kSlots> slots_{};
};

struct World {
  explicit World(int count)
      : ranks(count),
        queues(static_cast<std::size_t>(count) * static_cast<std::size_t>(count)),
        gate(count) {
    for (auto& queue : queues) queue = std::make_unique<Queue>();
  }
  Queue& Between(int from, int to) {
    return *queues[static_cast<std::size_t>(from) * static_cast<std::size_t>(ranks) +
                   static_cast<std::size_t>(to)];
  }

  int ranks;
  std::vector<std::unique_ptr<Queue>> queues;
  std::barrier<> gate;
};

class ThreadPeers : public Peers {
 public:
  ThreadPeers(World* world, int rank) : world_(world), rank_(rank) {}

  int rank() const override { return rank_; }
  int ranks() const override { return world_->ranks; }
  void Meet() override { world_->gate.arrive_and_wait(); }

  void Exchange(int to, std::span<const std::byte> out, int from,
                std::span<std::byte> in) override {
    Queue& there = world_->Between(rank_, to);
    Queue& here = world_->Between(from, rank_);
    int idle = 0;
    while (!out.empty() || !in.empty()) {
      const std::size_t sent = out.empty() ? 0 : there.Push(out);
      const std::size_t received = in.empty() ? 0 : here.Pop(in);
      out = out.subspan(sent);
      in = in.subspan(received);
      idle = sent + received == 0 ? idle + 1 : 0;
      // More ranks than cores must not wait for a core by spinning on it.
      if (idle > kSpins) std::this_thread::yield();
    }
  }

 private:
  static constexpr int kSpins = 2000;

  World* world_;
  int rank_;
};

class ThreadBench : public Bench {
 public:
  explicit ThreadBench(ExchangeBenchOptions options) : options_(std::move(options)) {
    for (int rank = 0; rank < options_.head.ranks; ++rank) parts_.push_back(options_.make());
  }

  samples::Sample Head() const override { return options_.head; }
  SizeRange Sizes() const override { return options_.sizes; }
  std::int64_t CodedBytes(std::int64_t bytes) const override {
    return options_.codec ? CodedBytesOfRing(*options_.codec, options_.head.ranks, bytes) : 0;
  }
  int MostCalls() const override { return parts_.front()->MostCalls(); }

  Status Prepare(std::int64_t bytes) override {
    RunAsThreads(options_.head.ranks, [&](Peers& peers) { Part(peers).Prepare(peers, bytes); });
    return OkStatus();
  }

  Status Verify() override {
    std::vector<Status> states(parts_.size());
    RunAsThreads(options_.head.ranks, [&](Peers& peers) {
      Part(peers).Refill();
      peers.Meet();
      Part(peers).Call(peers);
      states[static_cast<std::size_t>(peers.rank())] = Part(peers).Check();
    });
    for (const Status& status : states) RETURN_IF_ERROR(status);
    return OkStatus();
  }

  Result<double> Run(int calls) override {
    std::vector<double> times_us(parts_.size());
    RunAsThreads(options_.head.ranks, [&](Peers& peers) {
      Part(peers).Refill();
      peers.Meet();
      const auto start = std::chrono::steady_clock::now();
      for (int call = 0; call < calls; ++call) Part(peers).Call(peers);
      const std::chrono::duration<double, std::micro> spent =
          std::chrono::steady_clock::now() - start;
      times_us[static_cast<std::size_t>(peers.rank())] = spent.count();
    });
    return *std::max_element(times_us.begin(), times_us.end()) / options_.ways;
  }

 private:
  Exchange& Part(const Peers& peers) { return *parts_[static_cast<std::size_t>(peers.rank())]; }

  ExchangeBenchOptions options_;
  std::vector<std::unique_ptr<Exchange>> parts_{};
};

// A core of its own for each rank where there are enough: two that share one would take turns.
void StayOnCore(int rank, int ranks) {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (sched_getaffinity(0, sizeof(usable), &usable) != 0 || CPU_COUNT(&usable) < ranks) return;
  int place = 0;
  for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &usable) || place++ != rank) continue;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(core, &own);
    (void)sched_setaffinity(0, sizeof(own), &own);  // 0: this thread; refused is no harm
    return;
  }
}

}  // namespace

void RunAsThreads(int ranks, const std::function<void(Peers&)>& work) {
  CHECK_GE(ranks, 1);
  World world(ranks);
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&world, &work, rank, ranks] {
      StayOnCore(rank, ranks);
      ThreadPeers peers(&world, rank);
      work(peers);
    });
  }
}

std::unique_ptr<Bench> MakeThreadBench(ExchangeBenchOptions options) {
  return std::make_unique<ThreadBench>(std::move(options));
}

}  // namespace commplan::device
