#include "model/codec/npy.h"

#include <cstring>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"

namespace commplan::codec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::byte> File(const std::string& header, const std::string& data, char version = 1) {
  std::string text = "\x93NUMPY";
  text += version;
  text += '\0';
  std::string padded = header;
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  while ((8 + length_bytes + padded.size() + 1) % 64 != 0) padded += ' ';
  padded += '\n';
  for (std::size_t i = 0; i < length_bytes; ++i) {
    text += static_cast<char>((padded.size() >> (8 * i)) & 255U);
  }
  text += padded;
  text += data;
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::string Header(const std::string& dtype, const std::string& shape,
                   const std::string& fortran = "False") {
  std::string header = "{'descr': '";
  header.append(dtype).append("', 'fortran_order': ").append(fortran);
  return header.append(", 'shape': ").append(shape).append(", }");
}

template <class T>
std::string Raw(const std::vector<T>& values) {
  std::string raw(values.size() * sizeof(T), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  return raw;
}

TEST(ParseNpyTest, EveryTypeAndVersion) {
  const auto single = ParseNpy(File(Header("<f4", "(2, 3)"), Raw<float>({1, 2, 3, 4, 5, -6})));
  ASSERT_THAT(single, IsOk());
  EXPECT_THAT(single->shape, ElementsAre(2, 3));
  EXPECT_THAT(single->values, ElementsAre(1, 2, 3, 4, 5, -6));
  EXPECT_EQ(single->dtype, "<f4");
  const auto wide = ParseNpy(File(Header("<f8", "(3,)"), Raw<double>({0.5, 1e300, -1e300}), 2));
  ASSERT_THAT(wide, IsOk());
  EXPECT_THAT(wide->values, ElementsAre(0.5F, std::numeric_limits<float>::infinity(),
                                        -std::numeric_limits<float>::infinity()));
  const auto half = ParseNpy(File(Header("<f2", "(2,)"), Raw<std::uint16_t>({0x3C00, 0xC100}), 3));
  ASSERT_THAT(half, IsOk());
  EXPECT_THAT(half->values, ElementsAre(1, -2.5F));
  for (const char* const dtype : {"<u2", "<V2", "|V2"}) {
    const auto bf16 = ParseNpy(File(Header(dtype, "(2,)"), Raw<std::uint16_t>({0x3F80, 0xC020})));
    ASSERT_THAT(bf16, IsOk());
    EXPECT_THAT(bf16->values, ElementsAre(1, -2.5F));
  }
}

TEST(ParseNpyTest, ShapesAtTheEdge) {
  const auto number = ParseNpy(File(Header("<f4", "()"), Raw<float>({7})));
  ASSERT_THAT(number, IsOk());
  EXPECT_THAT(number->shape, IsEmpty());
  EXPECT_THAT(number->values, ElementsAre(7));
  const auto empty = ParseNpy(File(Header("<f4", "(4, 0, 3)"), ""));
  ASSERT_THAT(empty, IsOk());
  EXPECT_THAT(empty->values, IsEmpty());
  // One dimension has one order.
  EXPECT_THAT(ParseNpy(File(Header("<f4", "(1,)", "True"), Raw<float>({7}))), IsOk());
}

TEST(ParseNpyTest, SaysWhatIsWrongAndWhatToDo) {
  const auto parse = [](const std::string& header, const std::string& data) {
    return ParseNpy(File(header, data));
  };
  const std::string four = Raw<float>({1});
  EXPECT_THAT(parse(Header(">f4", "(1,)"), four), HasHint(HasSubstr("big-endian")));
  EXPECT_THAT(parse(Header("<i4", "(1,)"), four),
              IsError(ErrorCode::kBadInput, HasSubstr("'<i4', expected '<f2'")));
  EXPECT_THAT(parse(Header("<f4", "(1, 1)", "True"), four),
              IsError(ErrorCode::kBadInput, HasSubstr("Fortran order")));
  EXPECT_THAT(parse(Header("<f4", "(2,)"), four),
              IsError(ErrorCode::kBadInput, HasSubstr("found 4 bytes of data")));
  EXPECT_THAT(parse(Header("<f4", "(1,)"), four + "x"),
              IsError(ErrorCode::kBadInput, HasSubstr("found 5 bytes of data")));
  EXPECT_THAT(parse(Header("<f4", "(4294967296, 4294967296)"), four),
              IsError(ErrorCode::kBadInput, HasSubstr("found 4 bytes of data")));
  EXPECT_THAT(parse("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", four),
              IsError(ErrorCode::kBadInput, HasSubstr("records")));
  EXPECT_THAT(parse("{'descr': '<f4', 'shape': (1,), }", four),
              IsError(ErrorCode::kBadInput, HasSubstr("expected {'descr'")));
  EXPECT_THAT(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", four),
              IsError(ErrorCode::kBadInput, HasSubstr("expected {'descr'")));
  EXPECT_THAT(parse("{'color': '<f4', }", four),
              IsError(ErrorCode::kBadInput, HasSubstr("the key 'color'")));
  const std::vector<std::byte> zip = {std::byte{'P'}, std::byte{'K'}, std::byte{3}, std::byte{4}};
  EXPECT_THAT(ParseNpy(zip), HasHint(HasSubstr(".npz")));
  EXPECT_THAT(ParseNpy({}), IsError(ErrorCode::kBadInput, HasSubstr("does not begin")));
}

TEST(ParseNpyTest, AnyCutAndAnyDamageIsTakenWithoutHarm) {
  std::mt19937_64 random(TestSeed());
  SCOPED_TRACE(SeedNote());
  const std::vector<std::byte> file =
      File(Header("<f4", "(2, 3)"), Raw<float>({1, 2, 3, 4, 5, -6}));
  for (std::size_t length = 0; length < file.size(); ++length) {
    const std::vector<std::byte> cut(file.begin(),
                                     file.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(ParseNpy(cut).ok()) << length;
  }
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::byte> damaged = file;
    for (int i = 0; i < 3; ++i) {
      damaged[random() % 128] = static_cast<std::byte>(random());
    }
    const auto parsed = ParseNpy(damaged);
    EXPECT_TRUE(!parsed.ok() || parsed->values.size() <= 12U);
  }
}

}  // namespace
}  // namespace commplan::codec
