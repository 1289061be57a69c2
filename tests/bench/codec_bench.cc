// How fast the reference codecs run on one core, in bytes of fp32 values per second, against a
// memcpy of the same values in the same run: what the core can move at most.
//
// The bytes counted are those of the values (what an encoder reads and a decoder writes), so a
// codec at the rate of memcpy would be as fast as moving the values without compressing them. The
// smaller size stays in the cache of one core, the larger does not.
//
//   codec_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/result.h"
#include "model/codec/codec.h"
#include "model/codec/data.h"
#include "model/codec/kernels.h"

namespace commplan::codec {
namespace {

constexpr std::array<const char*, 14> kNames = {
    "bf16",  "fp16",       "fp8-e4m3", "tq3",      "dual2",    "mxfp4",         "mxfp6",
    "mxfp8", "mxfp8-e5m2", "nvfp4",    "int8-b32", "int4-b32", "int4-b32-asym", "int3-b32"};

Codec Named(const std::string& name) {
  Result<Codec> codec = FindCodec(name);
  CHECK(codec.ok());
  return *std::move(codec);
}

void Count(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0) * 4);
}

void Memcpy(benchmark::State& state) {
  const std::vector<float> in(static_cast<std::size_t>(state.range(0)), 1);
  std::vector<float> out(in.size());
  for (auto _ : state) {
    std::memcpy(out.data(), in.data(), 4 * in.size());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  Count(state);
}

void EncodeOne(benchmark::State& state, const Kernels& kernels, const std::string& name) {
  const Codec codec = Named(name);
  const std::vector<float> in = Draw(Shape::kGaussian, static_cast<std::size_t>(state.range(0)), 1);
  std::vector<std::byte> wire(EncodedBytes(codec, in.size()));
  for (auto _ : state) {
    EncodeWith(kernels, codec, in, wire);
    benchmark::DoNotOptimize(wire.data());
    benchmark::ClobberMemory();
  }
  Count(state);
}

void DecodeOne(benchmark::State& state, const Kernels& kernels, const std::string& name, bool add) {
  const Codec codec = Named(name);
  const std::vector<float> in = Draw(Shape::kGaussian, static_cast<std::size_t>(state.range(0)), 1);
  std::vector<std::byte> wire(EncodedBytes(codec, in.size()));
  Encode(codec, in, wire);
  std::vector<float> out(in.size());
  for (auto _ : state) {
    if (add) {
      DecodeAddWith(kernels, codec, wire, out);
    } else {
      DecodeWith(kernels, codec, wire, out);
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  Count(state);
}

void Register(const std::string& path, const Kernels& kernels, const std::vector<int>& sizes) {
  for (const char* const name : kNames) {
    for (const int size : sizes) {
      const std::string suffix = std::string(name) + "/" + path;
      benchmark::RegisterBenchmark(("Encode/" + suffix).c_str(), EncodeOne, kernels, name)
          ->Arg(size);
      benchmark::RegisterBenchmark(("Decode/" + suffix).c_str(), DecodeOne, kernels, name, false)
          ->Arg(size);
      benchmark::RegisterBenchmark(("DecodeAdd/" + suffix).c_str(), DecodeOne, kernels, name, true)
          ->Arg(size);
    }
  }
}

BENCHMARK(Memcpy)->Arg(1 << 16)->Arg(1 << 24);

}  // namespace
}  // namespace commplan::codec

int main(int argc, char** argv) {
  using commplan::codec::Avx2Kernels;
  commplan::codec::Register("portable", commplan::codec::PortableKernels(), {1 << 16});
  if (Avx2Kernels() != nullptr) {
    commplan::codec::Register("avx2", *Avx2Kernels(), {1 << 16, 1 << 24});
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
