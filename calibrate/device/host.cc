#include "calibrate/device/host.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <utility>

#include "calibrate/device/exchange.h"
#include "calibrate/device/threads.h"
#include "model/codec/data.h"

namespace commplan::device {
namespace {

// From inside the first cache to beyond the last one of most processors.
constexpr SizeRange kCopySizes = {4 << 10, 64 << 20, 64};
constexpr SizeRange kCodecSizes = {4 << 10, 16 << 20, 512};
constexpr SizeRange kExchangeSizes = {1 << 10, 64 << 20, 64};
constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kDrawn = std::size_t{1} << 16;

double MicrosSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

// Each core copies from memory of its own to memory of its own.
class CopyBench : public Bench {
 public:
  CopyBench(samples::Sample head, int cores)
      : head_(std::move(head)), from_(static_cast<std::size_t>(cores)), to_(from_.size()) {
    head_.work = "copy";
    head_.cores = cores;
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kCopySizes; }

  Status Prepare(std::int64_t bytes) override {
    // By the thread that uses it, so that each core gets memory near to it.
    RunAsThreads(head_.cores, [&](Peers& peers) {
      const auto i = static_cast<std::size_t>(peers.rank());
      from_[i].resize(static_cast<std::size_t>(bytes));
      to_[i].assign(static_cast<std::size_t>(bytes), std::byte{0});
      for (std::size_t k = 0; k < from_[i].size(); ++k) {
        from_[i][k] = static_cast<std::byte>((k * 131 + i) % 251);
      }
    });
    return OkStatus();
  }

  Status Verify() override {
    RETURN_IF_ERROR(Run(1));
    for (std::size_t i = 0; i < from_.size(); ++i) {
      if (from_[i] != to_[i]) return DeviceError("a copy differs from what was copied");
    }
    return OkStatus();
  }

  Result<double> Run(int calls) override {
    std::vector<double> times_us(from_.size());
    RunAsThreads(head_.cores, [&](Peers& peers) {
      const auto i = static_cast<std::size_t>(peers.rank());
      peers.Meet();
      const auto start = std::chrono::steady_clock::now();
      for (int call = 0; call < calls; ++call) {
        std::memcpy(to_[i].data(), from_[i].data(), from_[i].size());
        // So that no compiler takes many equal copies for one.
        asm volatile("" : : "r"(to_[i].data()) : "memory");
      }
      times_us[i] = MicrosSince(start);
    });
    return *std::max_element(times_us.begin(), times_us.end());
  }

 private:
  samples::Sample head_;
  std::vector<std::vector<std::byte>> from_, to_;
};

enum class Pass { kEncode, kDecode, kDecodeAdd };

// One pass of a codec over values that stand in a transformer's place: normal, seeded.
class CodecBench : public Bench {
 public:
  CodecBench(samples::Sample head, codec::Codec codec, Pass pass)
      : head_(std::move(head)), codec_(std::move(codec)), pass_(pass) {
    head_.work = pass == Pass::kEncode ? "encode" : pass == Pass::kDecode ? "decode" : "decode-add";
    head_.codec = codec_.name;
    head_.cores = 1;
    head_.dtype = "float";
  }

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return kCodecSizes; }
  std::int64_t CodedBytes(std::int64_t bytes) const override {
    return static_cast<std::int64_t>(
        codec::EncodedBytes(codec_, static_cast<std::size_t>(bytes) / sizeof(float)));
  }

  Status Prepare(std::int64_t bytes) override {
    const std::vector<float> drawn = codec::Draw(codec::Shape::kGaussian, kDrawn, kSeed);
    values_.resize(static_cast<std::size_t>(bytes) / sizeof(float));
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = drawn[i % kDrawn];
    wire_.resize(codec::EncodedBytes(codec_, values_.size()));
    codec::Encode(codec_, values_, wire_);
    result_.assign(values_.size(), 0.0F);
    return OkStatus();
  }

  // Against the portable kernels, bit for bit.
  Status Verify() override {
    const codec::Kernels& portable = codec::PortableKernels();
    std::vector<std::byte> wire(wire_.size());
    codec::EncodeWith(portable, codec_, values_, wire);
    std::vector<float> result(result_.size(), 0.0F);
    codec::DecodeWith(portable, codec_, wire, result);
    std::fill(result_.begin(), result_.end(), 0.0F);
    RETURN_IF_ERROR(Run(1));
    if (wire == wire_ && (pass_ == Pass::kEncode || result == result_)) return OkStatus();
    return DeviceError("the bytes differ from those of the portable codec");
  }

  Result<double> Run(int calls) override {
    const auto start = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) {
      if (pass_ == Pass::kEncode) codec::Encode(codec_, values_, wire_);
      if (pass_ == Pass::kDecode) codec::Decode(codec_, wire_, result_);
      if (pass_ == Pass::kDecodeAdd) codec::DecodeAdd(codec_, wire_, result_);
    }
    return MicrosSince(start);
  }

 private:
  samples::Sample head_;
  codec::Codec codec_;
  Pass pass_;
  std::vector<float> values_{}, result_{};
  std::vector<std::byte> wire_{};
};

}  // namespace

std::string ProcessorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

Benches ThreadBenches(const samples::Sample& head, const std::vector<codec::Codec>& codecs) {
  Benches benches;
  const auto ring = [&](std::optional<codec::Codec> codec) {
    ExchangeBenchOptions options;
    options.head = head;
    options.head.op = Op::kAllReduce;
    options.head.kernel = "ring";
    options.head.dtype = "float";
    options.head.in_place = true;
    options.head.codec = codec ? codec->name : "";
    options.sizes = kExchangeSizes;
    options.codec = codec;
    options.make = [codec] { return MakeRing(codec, Gather::kCoded); };
    benches.push_back(MakeThreadBench(std::move(options)));
  };
  if (head.ranks == 2) {
    ExchangeBenchOptions options;
    options.head = head;
    options.head.op = Op::kPointToPoint;
    options.sizes = kExchangeSizes;
    options.ways = 2;
    options.make = [] { return MakePingPong(); };
    benches.push_back(MakeThreadBench(std::move(options)));
  }
  ring(std::nullopt);
  for (const codec::Codec& codec : codecs) ring(codec);
  return benches;
}

Benches HostBenches(const std::vector<codec::Codec>& codecs) {
  samples::Sample head;
  head.device = ProcessorName();
  const int cores = UsableCores();
  Benches benches;
  benches.push_back(std::make_unique<CopyBench>(head, 1));
  if (cores > 1) benches.push_back(std::make_unique<CopyBench>(head, cores));
  for (const codec::Codec& codec : codecs) {
    for (const Pass pass : {Pass::kEncode, Pass::kDecode, Pass::kDecodeAdd}) {
      benches.push_back(std::make_unique<CodecBench>(head, codec, pass));
    }
  }
  head.engine = "threads";
  head.nodes = 1;
  for (head.ranks = 2; head.ranks <= std::max(2, cores); head.ranks *= 2) {
    Benches threads = ThreadBenches(head, codecs);
    std::move(threads.begin(), threads.end(), std::back_inserter(benches));
  }
  return benches;
}

}  // namespace commplan::device
