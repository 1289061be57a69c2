#include "calibrate/device/fake.h"

#include <cmath>
#include <functional>
#include <string>
#include <utility>

namespace commplan::device {
namespace {

constexpr double kStallFactor = 3;
constexpr std::int64_t kLeast = 1024, kMost = std::int64_t{64} << 20, kStep = 64;

}  // namespace

class FakeBench : public Bench {
 public:
  FakeBench(FakeDevice* device, samples::Sample head, std::function<Time(Bytes)> time)
      : device_(device), head_(std::move(head)), time_(std::move(time)) {}

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return {kLeast, kMost, kStep}; }
  std::int64_t CodedBytes(std::int64_t bytes) const override {
    return head_.codec.empty() ? 0 : bytes / 4;
  }
  Status Prepare(std::int64_t bytes) override {
    each_ = time_(B(static_cast<double>(bytes)));
    return OkStatus();
  }
  Status Verify() override { return OkStatus(); }
  Result<double> Run(int calls) override { return device_->Spend(each_, calls); }

 private:
  FakeDevice* device_;
  samples::Sample head_;
  std::function<Time(Bytes)> time_;
  Time each_{};
};

FakeDevice::FakeDevice(const FakeParameters& parameters)
    : parameters_(parameters), random_(parameters.seed) {}

double FakeDevice::Spend(Time each, int calls) {
  double us = InMicros(each) * calls * std::exp(parameters_.noise * random_.Normal());
  if (random_.Uniform() < parameters_.stalls) us *= kStallFactor;
  now_us_ += us;
  return us;
}

Benches FakeDevice::MakeBenches() {
  const FakeParameters& p = parameters_;
  samples::Sample head;
  head.device = "made up";
  head.dtype = "float";
  samples::Sample exchange = head;
  exchange.engine = "fake";
  exchange.nodes = 1;
  Benches benches;
  const auto add = [&](samples::Sample what, std::function<Time(Bytes)> time) {
    benches.push_back(std::make_unique<FakeBench>(this, std::move(what), std::move(time)));
  };
  exchange.op = Op::kPointToPoint;
  exchange.ranks = 2;
  add(exchange, [p](Bytes bytes) { return p.latency + bytes / p.bandwidth; });
  exchange.op = Op::kAllReduce;
  exchange.ranks = p.ranks;
  add(exchange, [p](Bytes bytes) {
    const double n = p.ranks;
    return 2 * (n - 1) * (p.latency + bytes / (n * p.bandwidth));
  });
  head.codec = "mxfp8";
  head.cores = 1;
  const auto add_codec = [&](const char* work, Bandwidth rate) {
    head.work = work;
    add(head, [p, rate](Bytes bytes) { return p.start + bytes / rate; });
  };
  add_codec("encode", p.encode);
  add_codec("decode", p.decode);
  add_codec("decode-add", p.decode_add);
  return benches;
}

}  // namespace commplan::device
