// Threads as ranks: peers that reach each other through queues in shared memory, and benches that
// run exchanges among them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "calibrate/device/bench.h"
#include "calibrate/device/exchange.h"
#include "calibrate/device/peers.h"
#include "calibrate/samples/sample.h"

namespace commplan::device {

// Runs `work` once for each rank, each on a thread of its own, and returns when all are done.
void RunAsThreads(int ranks, const std::function<void(Peers&)>& work);

// An exchange among `head.ranks` threads. `make` gives each rank's part; a call counts as `halves`
// halves of what the sample means (a ping-pong is two).
struct ExchangeBenchOptions {
  samples::Sample head{};
  SizeRange sizes{};
  std::optional<codec::Codec> codec{};
  int ways = 1;  // messages that follow each other in one call
  std::function<std::unique_ptr<Exchange>()> make;
};
std::unique_ptr<Bench> MakeThreadBench(ExchangeBenchOptions options);

}  // namespace commplan::device
