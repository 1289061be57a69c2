// The kernels are the inner loops of encoding and decoding, compiled twice from one text
// (kernel_body.h): for any processor and for those with AVX2. Both give the same bits.
//
// They take bare pointers and trust their sizes; codec.h is the checked way in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/codec/format.h"

namespace commplan::codec {

// What a kernel needs of a block format, worked out once per message.
struct BlockPlan {
  ElementKind kind = ElementKind::kFloat;
  Scale scale = Scale::kNone;
  Specials specials = Specials::kNone;
  int bits = 0;
  int mantissa = 0;
  int least = 0;  // exponent of the least normal value
  std::uint32_t top_code = 0;
  int top_exponent = 0;
  float top = 0;
  int fraction = 0;
  std::size_t block = 0;             // never 0
  std::size_t block_code_bytes = 0;  // codes of a full block
};
constexpr BlockPlan PlanOf(const Format& format, std::size_t values) {
  const Element& element = format.element;
  BlockPlan plan;
  plan.kind = element.kind;
  plan.scale = format.scale;
  plan.specials = element.specials;
  plan.bits = element.Bits();
  plan.mantissa = element.mantissa_bits;
  plan.least = element.kind == ElementKind::kFloat ? 1 - element.Bias() : 0;
  plan.top_code = static_cast<std::uint32_t>(element.TopCode());
  plan.top_exponent = element.TopExponent();
  plan.top = element.Top();
  plan.fraction = element.fraction_bits;
  plan.block = format.block == 0 ? values : static_cast<std::size_t>(format.block);
  if (plan.block == 0) plan.block = 1;
  plan.block_code_bytes = (plan.block * static_cast<std::size_t>(plan.bits) + 7) / 8;
  return plan;
}

// Where the parts of an encoded block message stand: the codes at 0, then the scales.
struct BlockParts {
  std::uint8_t* codes = nullptr;
  std::uint8_t* scales = nullptr;
  float tensor_scale = 1;  // Scale::kE4M3
};
struct ConstBlockParts {
  const std::uint8_t* codes = nullptr;
  const std::uint8_t* scales = nullptr;
  float tensor_scale = 1;
};

struct Kernels {
  // The largest finite magnitude.
  float (*finite_max)(const float* in, std::size_t count);
  // The scales must be zero where Scale is kE5M0: their bits are added.
  void (*encode_blocks)(const BlockPlan& plan, const float* in, std::size_t count,
                        const BlockParts& out);
  void (*decode_blocks)(const BlockPlan& plan, const ConstBlockParts& in, std::size_t count,
                        float* out);
  void (*decode_add_blocks)(const BlockPlan& plan, const ConstBlockParts& in, std::size_t count,
                            float* out);

  void (*encode_tq3)(Tq3Bits bits, const float* in, std::size_t count, std::uint8_t* out);
  void (*decode_tq3)(Tq3Bits bits, const std::uint8_t* in, std::size_t count, float* out);
  void (*decode_add_tq3)(Tq3Bits bits, const std::uint8_t* in, std::size_t count, float* out);

  void (*encode_dual2)(const float* in, std::size_t count, std::uint8_t* planes,
                       std::uint8_t* levels);
  void (*decode_dual2)(const std::uint8_t* planes, const std::uint8_t* levels, std::size_t count,
                       float* out);
  void (*decode_add_dual2)(const std::uint8_t* planes, const std::uint8_t* levels,
                           std::size_t count, float* out);

  void (*encode_16)(Family family, const float* in, std::size_t count, std::uint8_t* out);
  void (*decode_16)(Family family, const std::uint8_t* in, std::size_t count, float* out);
  void (*decode_add_16)(Family family, const std::uint8_t* in, std::size_t count, float* out);
};

const Kernels& PortableKernels();
// Null where this build or this processor has none.
const Kernels* Avx2Kernels();
// The fastest of the above.
const Kernels& BestKernels();

}  // namespace commplan::codec
