#include "model/codec/codec.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "model/base/check.h"
#include "model/codec/bits.h"
#include "model/codec/top_k.h"

namespace commplan::codec {
namespace {

// Below this a block's scale or its inverse would leave the range of fp32.
constexpr float kLeastTensorScale = PowerOfTwo(-100);

std::size_t Blocks(std::size_t values, std::size_t block) { return (values + block - 1) / block; }

// Planes begin at multiples of four bytes, which every device can read at full width.
std::size_t Aligned(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

// Where the planes of a block message begin.
struct BlockLayout {
  std::size_t scales = 0;
  std::size_t tensor = 0;
  std::size_t total = 0;
};

BlockLayout LayoutOf(const BlockPlan& plan, std::size_t values) {
  if (values == 0) return {};
  const std::size_t blocks = Blocks(values, plan.block);
  const std::size_t last = values - (blocks - 1) * plan.block;
  const std::size_t codes =
      (blocks - 1) * plan.block_code_bytes + (last * static_cast<std::size_t>(plan.bits) + 7) / 8;
  const std::size_t scales = (blocks * static_cast<std::size_t>(ScaleBits(plan.scale)) + 7) / 8;
  BlockLayout layout;
  layout.scales = scales == 0 ? codes : Aligned(codes);
  layout.tensor = layout.scales + scales;
  if (plan.scale == Scale::kE4M3) layout.tensor = Aligned(layout.tensor);
  layout.total = layout.tensor + (plan.scale == Scale::kE4M3 ? 4 : 0);
  return layout;
}

void EncodeBlockMessage(const Kernels& kernels, const Format& format, std::span<const float> values,
                        std::uint8_t* out) {
  const BlockPlan plan = PlanOf(format, values.size());
  const BlockLayout layout = LayoutOf(plan, values.size());
  BlockParts parts{.codes = out, .scales = out + layout.scales};
  if (plan.scale == Scale::kE4M3) {
    const float largest = kernels.finite_max(values.data(), values.size());
    parts.tensor_scale = Larger(largest / (plan.top * 448.0F), kLeastTensorScale);
    std::memcpy(out + layout.tensor, &parts.tensor_scale, 4);
  }
  // The padding between planes, and five-bit scales, whose bits are added.
  std::size_t clear = layout.scales - std::min<std::size_t>(layout.scales, 3);
  for (; clear < layout.scales; ++clear) out[clear] = 0;
  const std::size_t end = plan.scale == Scale::kE4M3 ? layout.tensor : layout.total;
  const std::size_t begin =
      plan.scale == Scale::kE5M0 ? layout.scales : end - std::min<std::size_t>(end, 3);
  for (std::size_t i = std::max(begin, layout.scales); i < end; ++i) out[i] = 0;
  kernels.encode_blocks(plan, values.data(), values.size(), parts);
}

template <bool kAdd>
void DecodeBlockMessage(const Kernels& kernels, const Format& format, const std::uint8_t* in,
                        std::span<float> values) {
  const BlockPlan plan = PlanOf(format, values.size());
  const BlockLayout layout = LayoutOf(plan, values.size());
  ConstBlockParts parts{.codes = in, .scales = in + layout.scales};
  if (plan.scale == Scale::kE4M3) std::memcpy(&parts.tensor_scale, in + layout.tensor, 4);
  (kAdd ? kernels.decode_add_blocks : kernels.decode_blocks)(plan, parts, values.size(),
                                                             values.data());
}

template <bool kAdd>
void DecodeAny(const Kernels& kernels, const Codec& codec, std::span<const std::byte> bytes,
               std::span<float> values) {
  CHECK_EQ(bytes.size(), EncodedBytes(codec, values.size()));
  if (values.empty()) return;
  const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const Format& format = codec.format;
  const std::size_t count = values.size();
  float* const out = values.data();
  switch (format.family) {
    case Family::kNone:
      if (kAdd) {
        for (std::size_t i = 0; i < count; ++i) {
          float value = 0;
          std::memcpy(&value, in + 4 * i, 4);
          out[i] += value;
        }
      } else {
        std::memcpy(out, in, 4 * count);
      }
      return;
    case Family::kBf16:
    case Family::kFp16:
      return (kAdd ? kernels.decode_add_16 : kernels.decode_16)(format.family, in, count, out);
    case Family::kBlock:
      return DecodeBlockMessage<kAdd>(kernels, format, in, values);
    case Family::kTq3:
      return (kAdd ? kernels.decode_add_tq3 : kernels.decode_tq3)(format.tq3_bits, in, count, out);
    case Family::kDual2:
      return (kAdd ? kernels.decode_add_dual2 : kernels.decode_dual2)(
          in, in + 8 * Blocks(count, kChunk), count, out);
    case Family::kTopK:
      if (!kAdd) std::fill(values.begin(), values.end(), 0.0F);
      return AddTopK(format.one_of, bytes, values);
  }
}

}  // namespace

int ScaleBits(Scale scale) {
  switch (scale) {
    case Scale::kNone:
      return 0;
    case Scale::kE8M0:
    case Scale::kE4M3:
      return 8;
    case Scale::kE5M0:
      return 5;
    case Scale::kFp16:
      return 16;
    case Scale::kFp16Zero:
      return 32;
  }
  CHECK(false);
}

int SourceBits(Source source) { return source == Source::kFp32 ? 32 : 16; }

double BitsPerValue(const Codec& codec, Source source) {
  const Format& format = codec.format;
  switch (format.family) {
    case Family::kNone:
      return SourceBits(source);
    case Family::kBf16:
    case Family::kFp16:
      return 16;
    case Family::kBlock: {
      const double scale = format.block == 0 ? 0.0 : 1.0 * ScaleBits(format.scale) / format.block;
      return format.element.Bits() + scale;
    }
    case Family::kTq3:
    case Family::kDual2:
      return 80.0 / kChunk;
    case Family::kTopK:
      return 32.0 / format.one_of;
  }
  CHECK(false);
}

double Ratio(const Codec& codec, Source source) {
  return SourceBits(source) / BitsPerValue(codec, source);
}

Bytes WireBytes(const Codec& codec, std::size_t values, Source source) {
  const std::size_t bytes = codec.format.family == Family::kNone
                                ? values * static_cast<std::size_t>(SourceBits(source) / 8)
                                : EncodedBytes(codec, values);
  return B(static_cast<double>(bytes));
}

std::size_t EncodedBytes(const Codec& codec, std::size_t values) {
  const Format& format = codec.format;
  switch (format.family) {
    case Family::kNone:
      return 4 * values;
    case Family::kBf16:
    case Family::kFp16:
      return 2 * values;
    case Family::kBlock:
      return LayoutOf(PlanOf(format, values), values).total;
    case Family::kTq3:
    case Family::kDual2:
      return 10 * Blocks(values, kChunk);
    case Family::kTopK:
      return TopKBytes(format.one_of, values);
  }
  CHECK(false);
}

void EncodeWith(const Kernels& kernels, const Codec& codec, std::span<const float> values,
                std::span<std::byte> bytes) {
  CHECK_EQ(bytes.size(), EncodedBytes(codec, values.size()));
  if (values.empty()) return;
  auto* const out = reinterpret_cast<std::uint8_t*>(bytes.data());
  const Format& format = codec.format;
  const std::size_t count = values.size();
  switch (format.family) {
    case Family::kNone:
      std::memcpy(out, values.data(), 4 * count);
      return;
    case Family::kBf16:
    case Family::kFp16:
      return kernels.encode_16(format.family, values.data(), count, out);
    case Family::kBlock:
      return EncodeBlockMessage(kernels, format, values, out);
    case Family::kTq3:
      return kernels.encode_tq3(format.tq3_bits, values.data(), count, out);
    case Family::kDual2:
      return kernels.encode_dual2(values.data(), count, out, out + 8 * Blocks(count, kChunk));
    case Family::kTopK:
      return EncodeTopK(format.one_of, values, bytes);
  }
}

void DecodeWith(const Kernels& kernels, const Codec& codec, std::span<const std::byte> bytes,
                std::span<float> values) {
  DecodeAny<false>(kernels, codec, bytes, values);
}

void DecodeAddWith(const Kernels& kernels, const Codec& codec, std::span<const std::byte> bytes,
                   std::span<float> values) {
  DecodeAny<true>(kernels, codec, bytes, values);
}

void Encode(const Codec& codec, std::span<const float> values, std::span<std::byte> bytes) {
  EncodeWith(BestKernels(), codec, values, bytes);
}

void Decode(const Codec& codec, std::span<const std::byte> bytes, std::span<float> values) {
  DecodeWith(BestKernels(), codec, bytes, values);
}

void DecodeAdd(const Codec& codec, std::span<const std::byte> bytes, std::span<float> values) {
  DecodeAddWith(BestKernels(), codec, bytes, values);
}

}  // namespace commplan::codec
