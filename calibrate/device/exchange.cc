#include "calibrate/device/exchange.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "model/base/check.h"

namespace commplan::device {
namespace {

// Values of the largest block of the usual codecs.
constexpr std::size_t kBlock = 128;
// Sums grow by the number of ranks with each call in place; fp32 ends at 2^128.
constexpr double kMostDoublings = 100;
// Beyond these many values a rank checks its own chunk and the next one, which together are all.
constexpr std::size_t kCheckAllBelow = std::size_t{1} << 18;

int Modulo(int value, int ranks) { return (value % ranks + ranks) % ranks; }

class Ring : public Exchange {
 public:
  Ring(std::optional<codec::Codec> codec, Gather gather)
      : codec_(std::move(codec)), gather_(gather) {}

  void Prepare(const Peers& peers, std::int64_t bytes) override {
    rank_ = peers.rank();
    ranks_ = peers.ranks();
    values_.resize(static_cast<std::size_t>(bytes) / sizeof(float));
    const std::size_t chunk = ChunkOf(0, ranks_, values_.size()).size();
    const std::size_t wire = codec_ ? codec::EncodedBytes(*codec_, chunk) : chunk * sizeof(float);
    out_.resize(wire);
    in_.resize(wire);
    inputs_.resize(values_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) inputs_[i] = InputValue(rank_, i);
    Refill();
  }

  void Refill() override { std::copy(inputs_.begin(), inputs_.end(), values_.begin()); }

  void Call(Peers& peers) override {
    for (int step = 0; step + 1 < ranks_; ++step) ReduceStep(peers, step);
    if (codec_ && gather_ == Gather::kCoded) {
      GatherCoded(peers);
    } else {
      for (int step = 0; step + 1 < ranks_; ++step) GatherStep(peers, step);
    }
  }

  Status Check() const override {
    for (int k = 0; k < ranks_; ++k) {
      const int chunk = Modulo(rank_ + k, ranks_);
      if (values_.size() >= kCheckAllBelow && k > 1) break;
      RETURN_IF_ERROR(CheckChunk(chunk));
    }
    return OkStatus();
  }

  int MostCalls() const override { return RingMostCalls(ranks_); }

 private:
  int Next() const { return Modulo(rank_ + 1, ranks_); }
  int Before() const { return Modulo(rank_ - 1, ranks_); }
  std::span<float> ValuesOf(int chunk) {
    const Chunk at = ChunkOf(Modulo(chunk, ranks_), ranks_, values_.size());
    return std::span(values_).subspan(at.first, at.size());
  }
  std::size_t WireOf(std::size_t values) const { return RingWireBytes(codec_, values); }

  void ReduceStep(Peers& peers, int step) {
    const std::span<float> mine = ValuesOf(rank_ - step), theirs = ValuesOf(rank_ - step - 1);
    const auto in = std::span(in_).first(WireOf(theirs.size()));
    if (codec_) {
      const auto out = std::span(out_).first(WireOf(mine.size()));
      codec::Encode(*codec_, mine, out);
      peers.Exchange(Next(), out, Before(), in);
      codec::DecodeAdd(*codec_, in, theirs);
      return;
    }
    peers.Exchange(Next(), std::as_bytes(mine), Before(), in);
    // The bytes were sent as floats and are floats; a copy of each keeps the aliasing rules.
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      float value = 0;
      std::copy_n(in.data() + i * sizeof(float), sizeof(float),
                  reinterpret_cast<std::byte*>(&value));
      theirs[i] += value;
    }
  }

  void GatherStep(Peers& peers, int step) {
    peers.Exchange(Next(), std::as_bytes(ValuesOf(rank_ + 1 - step)), Before(),
                   std::as_writable_bytes(ValuesOf(rank_ - step)));
  }

  void GatherCoded(Peers& peers) {
    const std::span<float> mine = ValuesOf(rank_ + 1);
    std::size_t wire = WireOf(mine.size());
    codec::Encode(*codec_, mine, std::span(out_).first(wire));
    codec::Decode(*codec_, std::span(out_).first(wire), mine);
    for (int step = 0; step + 1 < ranks_; ++step) {
      const std::span<float> theirs = ValuesOf(rank_ - step);
      const auto in = std::span(in_).first(WireOf(theirs.size()));
      peers.Exchange(Next(), std::span(out_).first(wire), Before(), in);
      codec::Decode(*codec_, in, theirs);
      wire = in.size();
      std::swap(out_, in_);
    }
  }

  Status CheckChunk(int chunk) const {
    const std::vector<float> expected =
        RingResult(codec::PortableKernels(), codec_, gather_, ranks_, values_.size(), chunk);
    const Chunk at = ChunkOf(chunk, ranks_, values_.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (values_[at.first + i] == expected[i]) continue;
      return DeviceError("rank " + std::to_string(rank_) + " holds " +
                             std::to_string(values_[at.first + i]) + " in value " +
                             std::to_string(at.first + i) + ", expected " +
                             std::to_string(expected[i]),
                         "the transport or the machine is faulty; do not measure with it");
    }
    return OkStatus();
  }

  std::optional<codec::Codec> codec_;
  Gather gather_;
  int rank_ = 0, ranks_ = 1;
  std::vector<float> inputs_{}, values_{};
  std::vector<std::byte> out_{}, in_{};
};

class PingPong : public Exchange {
 public:
  void Prepare(const Peers& peers, std::int64_t bytes) override {
    rank_ = peers.rank();
    last_ = peers.ranks() - 1;
    buffer_.resize(static_cast<std::size_t>(bytes));
    Refill();
  }

  void Refill() override {
    for (std::size_t i = 0; i < buffer_.size(); ++i) {
      buffer_[i] = rank_ == 0 ? ByteOf(i) : std::byte{0};
    }
  }

  void Call(Peers& peers) override {
    if (rank_ == 0) {
      peers.Exchange(last_, buffer_, last_, {});
      peers.Exchange(last_, {}, last_, buffer_);
    } else if (rank_ == last_) {
      peers.Exchange(0, {}, 0, buffer_);
      peers.Exchange(0, buffer_, 0, {});
    }
  }

  Status Check() const override {
    if (rank_ != 0 && rank_ != last_) return OkStatus();
    for (std::size_t i = 0; i < buffer_.size(); ++i) {
      if (buffer_[i] != ByteOf(i)) {
        return DeviceError("rank " + std::to_string(rank_) + " received a wrong byte at " +
                           std::to_string(i));
      }
    }
    return OkStatus();
  }

 private:
  static std::byte ByteOf(std::size_t i) {
    return static_cast<std::byte>((i * 131 + i / 256) % 251);
  }

  int rank_ = 0, last_ = 0;
  std::vector<std::byte> buffer_{};
};

}  // namespace

float InputValue(int rank, std::size_t i) {
  auto x =
      static_cast<std::uint32_t>(i) * 0x9E3779B9U + static_cast<std::uint32_t>(rank) * 0x85EBCA6BU;
  x ^= x >> 15;
  x *= 0x2C1B3C6DU;
  x ^= x >> 13;
  return static_cast<float>(x % 17) - 8.0F;
}

float CollectiveResult(Op op, int rank, int ranks, std::size_t share, std::size_t i) {
  const auto sum = [ranks](std::size_t at) {
    float total = 0;
    for (int from = 0; from < ranks; ++from) total += InputValue(from, at);
    return total;
  };
  const std::size_t mine = static_cast<std::size_t>(rank) * share;
  switch (op) {
    case Op::kAllReduce:
    case Op::kReduce:
      return sum(i);
    case Op::kReduceScatter:
      return sum(mine + i);
    case Op::kBroadcast:
    case Op::kPointToPoint:
      return InputValue(0, i);
    case Op::kAllGather:
      return InputValue(static_cast<int>(i / share), i % share);
    case Op::kAllToAll:
      return InputValue(static_cast<int>(i / share), mine + i % share);
  }
  CHECK(false);
}

Chunk ChunkOf(int rank, int ranks, std::size_t values) {
  CHECK(rank >= 0 && rank < ranks);
  const auto count = static_cast<std::size_t>(ranks), place = static_cast<std::size_t>(rank);
  const std::size_t size = ((values + count - 1) / count + kBlock - 1) / kBlock * kBlock;
  return {std::min(values, place * size), std::min(values, (place + 1) * size)};
}

std::size_t RingWireBytes(const std::optional<codec::Codec>& codec, std::size_t values) {
  return codec ? codec::EncodedBytes(*codec, values) : values * sizeof(float);
}

std::vector<float> RingResult(const codec::Kernels& kernels,
                              const std::optional<codec::Codec>& codec, Gather gather, int ranks,
                              std::size_t values, int chunk) {
  const Chunk at = ChunkOf(chunk, ranks, values);
  std::vector<float> sum(at.size());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = InputValue(chunk, at.first + i);
  std::vector<std::byte> wire(RingWireBytes(codec, sum.size()));
  for (int hop = 1; hop < ranks; ++hop) {
    std::vector<float> own(sum.size());
    const int rank = Modulo(chunk + hop, ranks);
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = InputValue(rank, at.first + i);
    if (codec) {
      codec::EncodeWith(kernels, *codec, sum, wire);
      codec::DecodeAddWith(kernels, *codec, wire, own);
    } else {
      for (std::size_t i = 0; i < own.size(); ++i) own[i] += sum[i];
    }
    sum = std::move(own);
  }
  if (codec && gather == Gather::kCoded) {
    codec::EncodeWith(kernels, *codec, sum, wire);
    codec::DecodeWith(kernels, *codec, wire, sum);
  }
  return sum;
}

int RingMostCalls(int ranks) {
  return std::max(1, static_cast<int>(kMostDoublings / std::log2(std::max(2, ranks))));
}

std::int64_t CodedBytesOfRing(const codec::Codec& codec, int ranks, std::int64_t bytes) {
  std::size_t sum = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    const auto values = static_cast<std::size_t>(bytes) / sizeof(float);
    sum += codec::EncodedBytes(codec, ChunkOf(rank, ranks, values).size());
  }
  return static_cast<std::int64_t>(sum);
}

std::unique_ptr<Exchange> MakeRing(std::optional<codec::Codec> codec, Gather gather) {
  return std::make_unique<Ring>(std::move(codec), gather);
}

std::unique_ptr<Exchange> MakePingPong() { return std::make_unique<PingPong>(); }

}  // namespace commplan::device
