// The kernels of the codecs, as text: where values and codes stand, and how a warp moves them. What
// is computed of them is in codec_lane.h. A device runs this by codec_kernels.cu, and a test runs
// it on the host with a thread for each lane (host_warp.h).
#pragma once

#include <cstdint>

#ifndef __CUDACC__
#include "calibrate/device/cuda/host_warp.h"
#endif
#include "calibrate/device/cuda/codec_lane.h"
#include "calibrate/device/cuda/codec_message.h"
#include "calibrate/device/host_device.h"

namespace commplan::device {
inline constexpr int kLanes = 32;
inline constexpr int kWarps = 8;  // of a block of threads
inline constexpr int kThreads = kLanes * kWarps;
inline constexpr int kTileValues = kLanes * kLaneValues;
// A lane's row in shared memory: four words of padding let eight lanes read 16 bytes each without
// meeting in a bank.
inline constexpr int kRow = kLaneValues + 4;
inline constexpr int kTile = kLanes * kRow;
inline constexpr int kVectors = kLaneValues / 4;

// ---- a tile of values: between memory, where they stand in order, and rows, one for each lane
// ----

__device__ inline float4* TilePlace(float* tile, int index) {
  return reinterpret_cast<float4*>(tile + index / kVectors * kRow + index % kVectors * 4);
}

struct alignas(16) SharedTile {
  float values[kTile];
};

struct Values {
  float4 part[kVectors];  // of place lane + 32 * i, counted in 16 bytes
};

__device__ inline Values LoadValues(const float* from, int lane) {
  Values values;
  COMMPLAN_UNROLL
  for (int i = 0; i < kVectors; ++i) {
    values.part[i] = reinterpret_cast<const float4*>(from)[i * kLanes + lane];
  }
  return values;
}

__device__ inline float4 Plus(const float4& a, const float4& b) {
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

__device__ inline void ReadRow(const float* tile, int lane, float (&x)[kLaneValues]) {
  COMMPLAN_UNROLL
  for (int i = 0; i < kVectors; ++i) {
    const float4 part = *reinterpret_cast<const float4*>(tile + lane * kRow + 4 * i);
    x[4 * i] = part.x;
    x[4 * i + 1] = part.y;
    x[4 * i + 2] = part.z;
    x[4 * i + 3] = part.w;
  }
}

__device__ inline void WriteRow(const float (&x)[kLaneValues], int lane, float* tile) {
  COMMPLAN_UNROLL
  for (int i = 0; i < kVectors; ++i) {
    *reinterpret_cast<float4*>(tile + lane * kRow + 4 * i) =
        make_float4(x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]);
  }
}

// ---- a tile of codes ----

template <class Lane>
inline constexpr int kChunkBytes = Lane::kCodeBytes + (Lane::kTogether ? Lane::kScaleBytes : 0);

// Bytes of a tile's codes, between memory and shared memory, 16 at a time.
template <class Lane>
__device__ void CopyCodes(const void* from, void* to, int lane) {
  constexpr int kParts = kLanes * kChunkBytes<Lane> / 16;
  COMMPLAN_UNROLL
  for (int i = 0; i < (kParts + kLanes - 1) / kLanes; ++i) {
    const int part = i * kLanes + lane;
    if (part < kParts) {
      reinterpret_cast<uint4*>(to)[part] = reinterpret_cast<const uint4*>(from)[part];
    }
  }
}

// A chunk's codes begin at a multiple of 8 bytes, or of 2 where the scales stand among them.
template <class Lane>
__device__ void PutCodes(const LaneChunk& chunk, int lane, std::uint8_t* shared) {
  std::uint8_t* const to = shared + lane * kChunkBytes<Lane>;
  if constexpr (Lane::kTogether) {
    auto* const halves = reinterpret_cast<std::uint16_t*>(to);
    COMMPLAN_UNROLL
    for (int i = 0; i < Lane::kCodeBytes / 2; ++i) {
      halves[i] = static_cast<std::uint16_t>(chunk.codes[i / 2] >> (16 * (i % 2)));
    }
    halves[Lane::kCodeBytes / 2] = static_cast<std::uint16_t>(chunk.scale);
  } else {
    COMMPLAN_UNROLL
    for (int i = 0; i < Lane::kCodeBytes / 8; ++i) {
      reinterpret_cast<uint2*>(to)[i] = make_uint2(chunk.codes[2 * i], chunk.codes[2 * i + 1]);
    }
  }
}

template <class Lane>
__device__ void GetCodes(const std::uint8_t* shared, int lane, LaneChunk& chunk) {
  const std::uint8_t* const from = shared + lane * kChunkBytes<Lane>;
  if constexpr (Lane::kTogether) {
    const auto* const halves = reinterpret_cast<const std::uint16_t*>(from);
    COMMPLAN_UNROLL
    for (int i = 0; i < Lane::kCodeBytes / 4; ++i) {
      chunk.codes[i] = halves[2 * i] | (static_cast<std::uint32_t>(halves[2 * i + 1]) << 16);
    }
    chunk.scale = halves[Lane::kCodeBytes / 2];
  } else {
    COMMPLAN_UNROLL
    for (int i = 0; i < Lane::kCodeBytes / 8; ++i) {
      const uint2 words = reinterpret_cast<const uint2*>(from)[i];
      chunk.codes[2 * i] = words.x;
      chunk.codes[2 * i + 1] = words.y;
    }
  }
}

// Scales of a chunk that is whole, where they have a plane of their own.
template <class Lane>
__device__ void PutScale(std::uint32_t scale, std::uint8_t* to) {
  if constexpr (Lane::kScaleBytes == 1) *to = static_cast<std::uint8_t>(scale);
  if constexpr (Lane::kScaleBytes == 2) {
    *reinterpret_cast<std::uint16_t*>(to) = static_cast<std::uint16_t>(scale);
  }
}
template <class Lane>
__device__ std::uint32_t GetScale(const std::uint8_t* from) {
  if constexpr (Lane::kScaleBytes == 1) {
    return *from;
  } else {
    return *reinterpret_cast<const std::uint16_t*>(from);
  }
}

// ---- one warp's share of a message ----

template <class Lane>
struct Place {
  MessageLayout layout;
  std::int64_t tile = 0;
  int lane = 0;
  int count = 0;  // values of this lane's chunk
  bool whole = false;

  __device__ explicit Place(std::int64_t values)
      : layout(LayoutOf<Lane>(values)),
        tile(std::int64_t{blockIdx.x} * kWarps + threadIdx.x / kLanes),
        lane(static_cast<int>(threadIdx.x) % kLanes) {
    const std::int64_t left = values - First() - lane * kLaneValues;
    count = static_cast<int>(left < 0 ? 0 : left < kLaneValues ? left : kLaneValues);
    whole = values - First() >= kTileValues;
  }
  __device__ std::int64_t First() const { return tile * kTileValues; }
  __device__ std::int64_t Chunk() const { return tile * kLanes + lane; }
};

// Writes this lane's chunk; all lanes of a whole tile together, through `shared`.
template <class Lane>
__device__ void Store(const Place<Lane>& place, const LaneChunk& chunk, std::uint8_t* wire,
                      std::uint8_t* shared) {
  if (!place.whole) {
    if (place.count > 0) PutChunk<Lane>(chunk, place.layout, place.Chunk(), place.count, wire);
    return;
  }
  __syncwarp();  // the rows were read
  PutCodes<Lane>(chunk, place.lane, shared);
  __syncwarp();
  CopyCodes<Lane>(shared, wire + CodesAt<Lane>(place.tile * kLanes), place.lane);
  if constexpr (!Lane::kTogether) {
    PutScale<Lane>(chunk.scale, wire + ScalesAt<Lane>(place.layout, place.Chunk()));
  }
}

template <class Lane>
__device__ LaneChunk Load(const Place<Lane>& place, const std::uint8_t* wire,
                          std::uint8_t* shared) {
  if (!place.whole) {
    return place.count > 0 ? GetChunk<Lane>(wire, place.layout, place.Chunk(), place.count)
                           : LaneChunk{};
  }
  LaneChunk chunk;
  CopyCodes<Lane>(wire + CodesAt<Lane>(place.tile * kLanes), shared, place.lane);
  if constexpr (!Lane::kTogether) {
    chunk.scale = GetScale<Lane>(wire + ScalesAt<Lane>(place.layout, place.Chunk()));
  }
  __syncwarp();
  GetCodes<Lane>(shared, place.lane, chunk);
  __syncwarp();  // the tile may be used anew
  return chunk;
}

// The fp32 of a message about to be encoded; 1 where its codec has none.
template <class Lane>
__device__ float MessageFrom(const std::uint32_t* max_bits) {
  if constexpr (Lane::kOfMessage) {
    return Lane::Scale::template OfMessage<typename Lane::Element>(*max_bits);
  } else {
    return 1;
  }
}

template <class Lane>
__device__ void EncodeAndStore(const Place<Lane>& place, const float (&x)[kLaneValues],
                               std::int64_t values, const std::uint32_t* max_bits,
                               std::uint8_t* wire, float* tile) {
  const float message = MessageFrom<Lane>(max_bits);
  LaneChunk chunk;
  // A lane behind the end has nothing to divide by.
  if (place.count > 0) Lane::Encode(x, place.count, message, chunk);
  Store<Lane>(place, chunk, wire, reinterpret_cast<std::uint8_t*>(tile));
  if (place.tile == 0 && place.lane == 0) PutRest<Lane>(values, message, wire);
}

template <class Lane>
__global__ void EncodeKernel(const float* in, std::int64_t values, std::uint8_t* wire,
                             const std::uint32_t* max_bits) {
  __shared__ SharedTile tiles[kWarps];
  float* const tile = tiles[threadIdx.x / kLanes].values;
  const Place<Lane> place(values);
  float x[kLaneValues] = {};
  if (place.whole) {
    const Values loaded = LoadValues(in + place.First(), place.lane);
    COMMPLAN_UNROLL
    for (int i = 0; i < kVectors; ++i) *TilePlace(tile, i * kLanes + place.lane) = loaded.part[i];
    __syncwarp();
    ReadRow(tile, place.lane, x);
  } else {
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues; ++i) {
      if (i < place.count) x[i] = in[place.Chunk() * kLaneValues + i];
    }
  }
  EncodeAndStore<Lane>(place, x, values, max_bits, wire, tile);
}

template <class Lane, bool kAdd>
__global__ void DecodeKernel(const std::uint8_t* wire, std::int64_t values, float* out) {
  __shared__ SharedTile tiles[kWarps];
  float* const tile = tiles[threadIdx.x / kLanes].values;
  const Place<Lane> place(values);
  Values own;
  if (kAdd && place.whole) own = LoadValues(out + place.First(), place.lane);
  const LaneChunk chunk = Load<Lane>(place, wire, reinterpret_cast<std::uint8_t*>(tile));
  float x[kLaneValues];
  Lane::Decode(chunk, MessageOf<Lane>(wire, place.layout), x);
  if (place.whole) {
    WriteRow(x, place.lane, tile);
    __syncwarp();
    COMMPLAN_UNROLL
    for (int i = 0; i < kVectors; ++i) {
      const int index = i * kLanes + place.lane;
      const float4 decoded = *TilePlace(tile, index);
      reinterpret_cast<float4*>(out + place.First())[index] =
          kAdd ? Plus(own.part[i], decoded) : decoded;
    }
    return;
  }
  COMMPLAN_UNROLL
  for (int i = 0; i < kLaneValues; ++i) {
    if (i >= place.count) break;
    float& value = out[place.Chunk() * kLaneValues + i];
    value = kAdd ? value + x[i] : x[i];
  }
}

template <class Lane>
__global__ void HopKernel(const std::uint8_t* in, std::int64_t values, const float* own,
                          std::uint8_t* wire) {
  __shared__ SharedTile tiles[kWarps];
  float* const tile = tiles[threadIdx.x / kLanes].values;
  const Place<Lane> place(values);
  Values mine;
  if (place.whole) mine = LoadValues(own + place.First(), place.lane);
  const LaneChunk chunk = Load<Lane>(place, in, reinterpret_cast<std::uint8_t*>(tile));
  float x[kLaneValues];
  Lane::Decode(chunk, 1, x);
  if (place.whole) {
    COMMPLAN_UNROLL
    for (int i = 0; i < kVectors; ++i) *TilePlace(tile, i * kLanes + place.lane) = mine.part[i];
    __syncwarp();
    float added[kLaneValues];
    ReadRow(tile, place.lane, added);
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues; ++i) x[i] = added[i] + x[i];
  } else {
    COMMPLAN_UNROLL
    for (int i = 0; i < kLaneValues; ++i) {
      x[i] = i < place.count ? own[place.Chunk() * kLaneValues + i] + x[i] : 0.0F;
    }
  }
  EncodeAndStore<Lane>(place, x, values, nullptr, wire, tile);
}

// The largest finite magnitude; a maximum does not depend on the order.
__global__ void FiniteMaxKernel(const float* in, std::int64_t values, std::uint32_t* max_bits) {
  const std::int64_t threads = std::int64_t{gridDim.x} * kThreads;
  const std::int64_t thread = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  std::uint32_t largest = 0;
  const auto take = [&largest](float value) {
    const std::uint32_t bits = codec::BitsOf(value) & codec::kAbsBits;
    if (bits < codec::kInfinityBits) largest = bits > largest ? bits : largest;
  };
  for (std::int64_t i = thread; i < values / 4; i += threads) {
    const float4 part = reinterpret_cast<const float4*>(in)[i];
    take(part.x);
    take(part.y);
    take(part.z);
    take(part.w);
  }
  if (thread < values % 4) take(in[values / 4 * 4 + thread]);
  largest = __reduce_max_sync(~0U, largest);
  if (threadIdx.x % kLanes == 0 && largest > 0) atomicMax(max_bits, largest);
}

}  // namespace commplan::device
