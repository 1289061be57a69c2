// Where the chunks of an encoded message stand, and how one chunk is read and written a byte at a
// time: what a device does at the end of a message, and a host everywhere.
#pragma once

#include <cstdint>

#include "calibrate/device/cuda/codec_lane.h"

namespace commplan::device {

struct MessageLayout {
  std::int64_t scales = 0;   // where the plane of scales begins
  std::int64_t message = 0;  // where the fp32 of the message stands, if there is one
  std::int64_t total = 0;
};

COMMPLAN_HOST_DEVICE constexpr std::int64_t Chunks(std::int64_t values) {
  return (values + kLaneValues - 1) / kLaneValues;
}
COMMPLAN_HOST_DEVICE constexpr std::int64_t UpToFour(std::int64_t bytes) {
  return (bytes + 3) / 4 * 4;
}

// Bytes of the codes, and of the scales, of so many values of one chunk or of a message.
template <class Lane>
COMMPLAN_HOST_DEVICE constexpr std::int64_t CodeBytes(std::int64_t values) {
  return Lane::kWhole ? Chunks(values) * Lane::kCodeBytes : (values * Lane::kBits + 7) / 8;
}
template <class Lane>
COMMPLAN_HOST_DEVICE constexpr std::int64_t ScaleBytes(std::int64_t values) {
  constexpr int kOne = Lane::kScaleBytes * Lane::kBlockValues / kLaneValues;
  return (values + Lane::kBlockValues - 1) / Lane::kBlockValues * kOne;
}

template <class Lane>
COMMPLAN_HOST_DEVICE constexpr MessageLayout LayoutOf(std::int64_t values) {
  MessageLayout layout;
  if (values == 0) return layout;
  layout.scales = Lane::kTogether ? Lane::kCodeBytes : UpToFour(CodeBytes<Lane>(values));
  const std::int64_t end = CodeBytes<Lane>(values) + ScaleBytes<Lane>(values);
  layout.total = Lane::kTogether ? end : layout.scales + ScaleBytes<Lane>(values);
  layout.message = layout.total;
  if (Lane::kOfMessage) {
    layout.message = UpToFour(layout.total);
    layout.total = layout.message + 4;
  }
  return layout;
}

// Where chunk `chunk` keeps its codes and its scales.
template <class Lane>
COMMPLAN_HOST_DEVICE constexpr std::int64_t CodesAt(std::int64_t chunk) {
  return chunk * (Lane::kCodeBytes + (Lane::kTogether ? Lane::kScaleBytes : 0));
}
template <class Lane>
COMMPLAN_HOST_DEVICE constexpr std::int64_t ScalesAt(const MessageLayout& layout,
                                                     std::int64_t chunk) {
  return layout.scales + (Lane::kTogether ? CodesAt<Lane>(chunk) : chunk * Lane::kScaleBytes);
}

COMMPLAN_HOST_DEVICE inline void PutBytes(std::uint32_t word, std::int64_t count,
                                          std::uint8_t* to) {
  for (std::int64_t i = 0; i < count && i < 4; ++i) {
    to[i] = static_cast<std::uint8_t>(word >> (8 * i));
  }
}
COMMPLAN_HOST_DEVICE inline std::uint32_t GetBytes(std::int64_t count, const std::uint8_t* from) {
  std::uint32_t word = 0;
  for (std::int64_t i = 0; i < count && i < 4; ++i) {
    word |= static_cast<std::uint32_t>(from[i]) << (8 * i);
  }
  return word;
}

// One chunk of `count` values, a byte at a time.
template <class Lane>
COMMPLAN_HOST_DEVICE inline void PutChunk(const LaneChunk& chunk, const MessageLayout& layout,
                                          std::int64_t index, int count, std::uint8_t* wire) {
  const std::int64_t bytes = CodeBytes<Lane>(count);
  COMMPLAN_UNROLL
  for (int w = 0; w < Lane::kCodeBytes / 4; ++w) {
    PutBytes(chunk.codes[w], bytes - 4 * w, wire + CodesAt<Lane>(index) + 4 * w);
  }
  PutBytes(chunk.scale, ScaleBytes<Lane>(count), wire + ScalesAt<Lane>(layout, index));
}
template <class Lane>
COMMPLAN_HOST_DEVICE inline LaneChunk GetChunk(const std::uint8_t* wire,
                                               const MessageLayout& layout, std::int64_t index,
                                               int count) {
  LaneChunk chunk;
  const std::int64_t bytes = CodeBytes<Lane>(count);
  COMMPLAN_UNROLL
  for (int w = 0; w < Lane::kCodeBytes / 4; ++w) {
    chunk.codes[w] = GetBytes(bytes - 4 * w, wire + CodesAt<Lane>(index) + 4 * w);
  }
  chunk.scale = GetBytes(ScaleBytes<Lane>(count), wire + ScalesAt<Lane>(layout, index));
  return chunk;
}

// What stands between the planes, and the fp32 of the message: one lane's work for all.
template <class Lane>
COMMPLAN_HOST_DEVICE inline void PutRest(std::int64_t values, float message, std::uint8_t* wire) {
  const MessageLayout layout = LayoutOf<Lane>(values);
  if constexpr (!Lane::kTogether) {
    for (std::int64_t at = CodeBytes<Lane>(values); at < layout.scales; ++at) wire[at] = 0;
  }
  if constexpr (Lane::kOfMessage) {
    for (std::int64_t at = layout.scales + ScaleBytes<Lane>(values); at < layout.message; ++at) {
      wire[at] = 0;
    }
    PutBytes(codec::BitsOf(message), 4, wire + layout.message);
  }
}

// The fp32 of a message that was encoded; 1 where its codec has none.
template <class Lane>
COMMPLAN_HOST_DEVICE inline float MessageOf(const std::uint8_t* wire, const MessageLayout& layout) {
  if constexpr (Lane::kOfMessage) {
    return codec::FromBits(GetBytes(4, wire + layout.message));
  } else {
    return 1;
  }
}

}  // namespace commplan::device
