// A codec turns fp32 values into fewer bytes and back; every codec is a row of one table.
//
// The encoders and decoders are the reference: what they write is defined byte by byte in
// docs/codecs.md, is the same on every machine, and is what a kernel on another device is compared
// with. They never fail on a value. What is not a number or infinite makes its whole block decode
// to NaN where values share a scale, rather than vanish; zeros of an all-zero block stay zeros.
//
//   ASSIGN_OR_RETURN(const Codec codec, FindCodec("mxfp4"));
//   std::vector<std::byte> wire(EncodedBytes(codec, values.size()));
//   Encode(codec, values, wire);
//   DecodeAdd(codec, wire, sums);
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/codec/format.h"
#include "model/codec/kernels.h"

namespace commplan::codec {

// The whole table, in a fixed order: the usual ones first, then the families in full.
const std::vector<Codec>& AllCodecs();

// The name of what sends values as they are.
inline constexpr std::string_view kNone = "none";

// Unknown names are refused with the nearest known one.
Result<Codec> FindCodec(std::string_view name);

// The type of the values before they are encoded. `none` sends them in it.
enum class Source { kFp32, kFp16, kBf16 };
int SourceBits(Source source);

// Bits on the wire per value of a long message, scales included.
double BitsPerValue(const Codec& codec, Source source);
// How many times fewer bytes than the source's.
double Ratio(const Codec& codec, Source source);
// The message of so many values, exactly: partial blocks and the padding between planes included.
Bytes WireBytes(const Codec& codec, std::size_t values, Source source);

// What Encode writes for so many values; for `none` four bytes per value.
std::size_t EncodedBytes(const Codec& codec, std::size_t values);

// `bytes` must hold exactly EncodedBytes(codec, values.size()). Bytes that no encoder writes are
// decoded too, without harm.
void Encode(const Codec& codec, std::span<const float> values, std::span<std::byte> bytes);
void Decode(const Codec& codec, std::span<const std::byte> bytes, std::span<float> values);
// values[i] += decoded value i, one rounding each.
void DecodeAdd(const Codec& codec, std::span<const std::byte> bytes, std::span<float> values);

// The same on given kernels: for tests and benchmarks.
void EncodeWith(const Kernels& kernels, const Codec& codec, std::span<const float> values,
                std::span<std::byte> bytes);
void DecodeWith(const Kernels& kernels, const Codec& codec, std::span<const std::byte> bytes,
                std::span<float> values);
void DecodeAddWith(const Kernels& kernels, const Codec& codec, std::span<const std::byte> bytes,
                   std::span<float> values);

}  // namespace commplan::codec
