// The table of codecs: the usual ones by name, then the families in full.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/suggest.h"
#include "model/codec/codec.h"

namespace commplan::codec {
namespace {

// ---- what formats are put together from ----

constexpr Element Float(std::string_view name, int exponent, int mantissa,
                        Specials specials = Specials::kNone) {
  return {.name = name, .exponent_bits = exponent, .mantissa_bits = mantissa, .specials = specials};
}

constexpr std::array<Element, 12> kFloats = {{
    Float("e1m1", 1, 1),
    Float("e2m0", 2, 0),
    Float("e1m2", 1, 2),
    Float("e2m1", 2, 1),
    Float("e3m0", 3, 0),
    Float("e1m3", 1, 3),
    Float("e2m2", 2, 2),
    Float("e3m1", 3, 1),
    Float("e2m3", 2, 3),
    Float("e3m2", 3, 2),
    Float("e4m3", 4, 3, Specials::kTopIsNan),
    Float("e5m2", 5, 2, Specials::kIeee),
}};

constexpr Element ElementNamed(std::string_view name) {
  for (const Element& element : kFloats) {
    if (element.name == name) return element;
  }
  return {};
}

constexpr std::array<std::string_view, 9> kSigned = {"",     "",     "int2", "int3", "int4",
                                                     "int5", "int6", "int7", "int8"};
constexpr std::array<std::string_view, 9> kUnsigned = {"",      "",      "uint2", "uint3", "uint4",
                                                       "uint5", "uint6", "uint7", "uint8"};

constexpr Element Integer(std::size_t bits, int fraction = 0) {
  return {.name = kSigned.at(bits),
          .kind = ElementKind::kInteger,
          .mantissa_bits = static_cast<int>(bits) - 1,
          .fraction_bits = fraction};
}

constexpr Element Unsigned(std::size_t bits) {
  return {.name = kUnsigned.at(bits),
          .kind = ElementKind::kUnsigned,
          .mantissa_bits = static_cast<int>(bits)};
}

constexpr Format Blocks(Element element, int block, Scale scale) {
  return {.family = Family::kBlock, .element = element, .scale = scale, .block = block};
}

constexpr Format Mx(std::string_view element) {
  return Blocks(ElementNamed(element), 32, Scale::kE8M0);
}

// ---- the usual ones ----

struct Row {
  std::string_view name;
  Format format;
  std::string_view summary;
};

constexpr std::array<Row, 30> kRows = {{
    {"none", {}, "no codec: the values as they are"},
    {"bf16", {.family = Family::kBf16}, "bfloat16, nearest even"},
    {"fp16", {.family = Family::kFp16}, "IEEE binary16, nearest even"},
    {"fp8-e4m3", Blocks(ElementNamed("e4m3"), 32, Scale::kNone), "FP8 without a scale, saturating"},
    {"fp8-e5m2", Blocks(ElementNamed("e5m2"), 32, Scale::kNone), "FP8 without a scale, saturating"},
    {"tq3", {.family = Family::kTq3}, "ternary by the block's maximum, bits as in its kernel"},
    {"tq3-test",
     {.family = Family::kTq3, .tq3_bits = Tq3Bits::kTest},
     "ternary by the block's maximum, bits as in its test"},
    {"dual2", {.family = Family::kDual2}, "a sign and one of two magnitudes fitted to the block"},
    {"mxfp3", Mx("e2m0"), "E2M0, block 32, scale E8M0"},
    {"mxfp4", Mx("e2m1"), "OCP MXFP4: E2M1, block 32, scale E8M0"},
    {"mxfp4-e3m0", Mx("e3m0"), "E3M0, block 32, scale E8M0"},
    {"mxfp5", Mx("e2m2"), "E2M2, block 32, scale E8M0"},
    {"mxfp5-e3m1", Mx("e3m1"), "E3M1, block 32, scale E8M0"},
    {"mxfp6", Mx("e2m3"), "OCP MXFP6: E2M3, block 32, scale E8M0"},
    {"mxfp6-e3m2", Mx("e3m2"), "OCP MXFP6: E3M2, block 32, scale E8M0"},
    {"mxfp8", Mx("e4m3"), "OCP MXFP8: E4M3, block 32, scale E8M0"},
    {"mxfp8-e5m2", Mx("e5m2"), "OCP MXFP8: E5M2, block 32, scale E8M0"},
    {"mxint8", Blocks(Integer(8, 6), 32, Scale::kE8M0), "OCP MXINT8: q/64, block 32, scale E8M0"},
    {"nvfp4", Blocks(ElementNamed("e2m1"), 16, Scale::kE4M3),
     "E2M1, block 16, scale E4M3 times an fp32 per message"},
    {"int2-b32", Blocks(Integer(2), 32, Scale::kFp16), "symmetric, scale fp16"},
    {"int3-b32", Blocks(Integer(3), 32, Scale::kFp16), "symmetric, scale fp16"},
    {"int4-b32", Blocks(Integer(4), 32, Scale::kFp16), "symmetric, scale fp16"},
    {"int4-b32-asym", Blocks(Unsigned(4), 32, Scale::kFp16Zero),
     "between the block's ends, scale and zero fp16"},
    {"int5-b32", Blocks(Integer(5), 32, Scale::kFp16), "symmetric, scale fp16"},
    {"int6-b32", Blocks(Integer(6), 32, Scale::kFp16), "symmetric, scale fp16"},
    {"int8-b32", Blocks(Integer(8), 32, Scale::kFp16), "symmetric, scale fp16"},
    {"int8-b128", Blocks(Integer(8), 128, Scale::kFp16), "symmetric, scale fp16"},
    {"int4-channel", Blocks(Integer(4), 0, Scale::kFp16),
     "symmetric, one scale fp16 for the whole message: encode row by row"},
    {"int8-channel", Blocks(Integer(8), 0, Scale::kFp16),
     "symmetric, one scale fp16 for the whole message: encode row by row"},
    {"topk-3x",
     {.family = Family::kTopK, .one_of = 6},
     "the largest of every six as bfloat16, with its place"},
}};

// ---- the families in full ----

struct NamedScale {
  std::string_view name;
  Scale scale;
};
constexpr std::array<NamedScale, 3> kScales = {
    {{"e8m0", Scale::kE8M0}, {"e5m0", Scale::kE5M0}, {"fp16", Scale::kFp16}}};

void AddFloats(std::vector<Codec>& codecs) {
  for (const Element& element : kFloats) {
    for (const int block : {8, 16, 32}) {
      for (const NamedScale& scale : kScales) {
        std::string name(element.name);
        name.append("-b").append(std::to_string(block)).append("-").append(scale.name);
        codecs.push_back({.name = std::move(name),
                          .summary = "float elements under a shared scale",
                          .format = Blocks(element, block, scale.scale)});
      }
    }
  }
}

bool Has(const std::vector<Codec>& codecs, std::string_view name) {
  for (const Codec& codec : codecs) {
    if (codec.name == name) return true;
  }
  return false;
}

void AddIntegers(std::vector<Codec>& codecs) {
  for (std::size_t bits = 2; bits <= 8; ++bits) {
    for (const int block : {8, 16, 32, 64, 128}) {
      std::string name(kSigned.at(bits));
      name.append("-b").append(std::to_string(block));
      if (!Has(codecs, name)) {
        codecs.push_back({.name = name,
                          .summary = "symmetric, scale fp16",
                          .format = Blocks(Integer(bits), block, Scale::kFp16)});
      }
      name.append("-asym");
      if (!Has(codecs, name)) {
        codecs.push_back({.name = name,
                          .summary = "between the block's ends, scale and zero fp16",
                          .format = Blocks(Unsigned(bits), block, Scale::kFp16Zero)});
      }
    }
  }
}

// E4M3 in blocks, by the name that public kernels have for it.
void AddEights(std::vector<Codec>& codecs) {
  for (const int block : {32, 128}) {
    codecs.push_back({.name = "fp8-b" + std::to_string(block),
                      .summary = "E4M3 elements, scale fp16",
                      .format = Blocks(ElementNamed("e4m3"), block, Scale::kFp16)});
  }
}

std::vector<Codec> MakeTable() {
  std::vector<Codec> codecs;
  for (const Row& row : kRows) {
    codecs.push_back({.name = std::string(row.name),
                      .summary = std::string(row.summary),
                      .format = row.format,
                      .listed = true});
  }
  AddFloats(codecs);
  AddIntegers(codecs);
  AddEights(codecs);
  return codecs;
}

}  // namespace

const std::vector<Codec>& AllCodecs() {
  static const std::vector<Codec> kTable = MakeTable();
  return kTable;
}

Result<Codec> FindCodec(std::string_view name) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> usual;
  for (const Codec& codec : AllCodecs()) {
    if (codec.name == name) return codec;
    names.push_back(codec.name);
    if (codec.listed) usual.push_back(codec.name);
  }
  std::string message = "found codec '";
  message.append(name).append("', expected a known one");
  const std::optional<std::string> near = NearestWord(name, names);
  if (near) {
    std::string hint = "did you mean '";
    hint.append(*near).append("'?");
    return NotFoundError(std::move(message), {}, std::move(hint));
  }
  return NotFoundError(std::move(message), {},
                       SuggestionHint(name, usual, static_cast<int>(usual.size())));
}

}  // namespace commplan::codec
