#include "model/codec/npy.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "model/codec/bits.h"

namespace commplan::codec {
namespace {

constexpr std::string_view kHint = "save it with numpy.save(path, numpy.ascontiguousarray(x))";

Error Bad(std::string message, std::string hint = std::string(kHint)) {
  return BadInputError(std::move(message), {}, std::move(hint));
}

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  // What is printed must not carry control characters of a damaged file to a terminal.
  for (const char c : text.substr(0, 40)) quoted += c >= ' ' && c <= '~' ? c : '?';
  return quoted.append("'");
}

// ---- the header: a Python dictionary of three keys ----

struct Header {
  std::optional<std::string> dtype;
  std::optional<bool> fortran;
  std::optional<std::vector<std::int64_t>> shape;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool Take(char c) {
    Skip();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool AtEnd() {
    Skip();
    return rest_.empty();
  }
  std::optional<std::string> String() {
    Skip();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return std::nullopt;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::optional<bool> Bool() {
    Skip();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    return std::nullopt;
  }
  // "(2, 3)", "(5,)", "()"
  std::optional<std::vector<std::int64_t>> Tuple() {
    if (!Take('(')) return std::nullopt;
    std::vector<std::int64_t> numbers;
    while (!Take(')')) {
      Skip();
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
      if (error != std::errc() || number < 0) return std::nullopt;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      numbers.push_back(number);
      if (!Take(',')) return Take(')') ? std::optional(numbers) : std::nullopt;
    }
    return numbers;
  }

 private:
  void Skip() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n'))
      rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

Result<Header> ParseHeader(std::string_view text) {
  Reader reader(text);
  Header header;
  bool sound = reader.Take('{');
  while (sound && !reader.Take('}')) {
    const std::optional<std::string> key = reader.String();
    sound = key.has_value() && reader.Take(':');
    if (!sound) break;
    if (*key == "descr") {
      header.dtype = reader.String();
      if (!header.dtype) {
        return Bad("found an array of records, expected one plain number per item",
                   "save one field of it: numpy.save(path, x['field'])");
      }
    } else if (*key == "fortran_order") {
      header.fortran = reader.Bool();
      sound = header.fortran.has_value();
    } else if (*key == "shape") {
      header.shape = reader.Tuple();
      sound = header.shape.has_value();
    } else {
      return Bad("found the key " + Quoted(*key) +
                 " in the header of the .npy file, expected 'descr', 'fortran_order' and 'shape'");
    }
    reader.Take(',');
  }
  if (!sound || !reader.AtEnd() || !header.dtype || !header.fortran || !header.shape) {
    return Bad("found the header " + Quoted(text) +
               " in the .npy file, expected {'descr': '<f4', 'fortran_order': False, "
               "'shape': (2, 3), }");
  }
  return header;
}

// ---- items ----

enum class Item { kHalf, kBf16, kSingle, kDouble };

Result<Item> ItemOf(const std::string& dtype) {
  if (dtype == "<f2") return Item::kHalf;
  if (dtype == "<f4") return Item::kSingle;
  if (dtype == "<f8") return Item::kDouble;
  if (dtype == "<u2" || dtype == "<V2" || dtype == "|V2") return Item::kBf16;
  std::string message = "found items of type ";
  message.append(Quoted(dtype));
  message.append(", expected '<f2', '<f4', '<f8', or bfloat16 as raw '<u2'");
  if (dtype.starts_with('>')) {
    return Bad(std::move(message),
               "the bytes are in big-endian order; save x.astype(x.dtype.newbyteorder('<'))");
  }
  return Bad(std::move(message), "save x.astype('<f4')");
}

std::size_t SizeOf(Item item) { return item == Item::kDouble ? 8 : item == Item::kSingle ? 4 : 2; }

float ValueOf(Item item, const std::byte* at) {
  std::uint16_t word = 0;
  switch (item) {
    case Item::kHalf:
      std::memcpy(&word, at, 2);
      return FromHalf(word);
    case Item::kBf16:
      std::memcpy(&word, at, 2);
      return FromBf16(word);
    case Item::kSingle: {
      float value = 0;
      std::memcpy(&value, at, 4);
      return value;
    }
    case Item::kDouble:
      break;
  }
  double value = 0;
  std::memcpy(&value, at, 8);
  constexpr double kTop = std::numeric_limits<float>::max();
  if (std::fabs(value) <= kTop || std::isnan(value)) return static_cast<float>(value);
  return value > 0 ? std::numeric_limits<float>::infinity()
                   : -std::numeric_limits<float>::infinity();
}

std::uint32_t Unsigned(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

}  // namespace

Result<NpyTensor> ParseNpy(std::span<const std::byte> bytes) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || bytes.size() < 10) {
    const bool zip = text.starts_with("PK");
    return Bad("found a file that does not begin as a .npy file does",
               zip ? "it looks like an .npz archive: unzip it and give one of its .npy files"
                   : std::string(kHint));
  }
  const auto version = static_cast<int>(bytes[6]);
  if (version < 1 || version > 3) {
    return Bad("found version " + std::to_string(version) + " of the .npy format, expected 1 to 3");
  }
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  const std::size_t begin = 8 + length_bytes;
  if (bytes.size() < begin) return Bad("found a .npy file that ends within its header");
  const std::size_t length = Unsigned(bytes.subspan(8, length_bytes));
  if (bytes.size() - begin < length) return Bad("found a .npy file that ends within its header");
  ASSIGN_OR_RETURN(const Header header, ParseHeader(text.substr(begin, length)));
  ASSIGN_OR_RETURN(const Item item, ItemOf(*header.dtype));
  if (*header.fortran && header.shape->size() > 1) {
    return Bad("found an array in Fortran order, expected C order");
  }
  const std::span<const std::byte> data = bytes.subspan(begin + length);
  const std::size_t present = data.size() / SizeOf(item);
  // A shape of huge numbers must not overflow; a zero anywhere makes an empty array.
  std::size_t count = 1;
  bool empty = false;
  for (const std::int64_t extent : *header.shape) empty = empty || extent == 0;
  for (const std::int64_t extent : *header.shape) {
    if (empty || count > present) break;
    const auto size = static_cast<std::size_t>(extent);
    count = size > present ? present + 1 : count * size;
  }
  if (empty) count = 0;
  if (count != present || data.size() % SizeOf(item) != 0) {
    return Bad("found " + std::to_string(data.size()) +
                   " bytes of data in the .npy file, expected as many as its shape says" +
                   (count <= present ? ", " + std::to_string(count * SizeOf(item)) : ""),
               "the file is cut off or damaged; save it again");
  }
  NpyTensor tensor{.shape = *header.shape, .dtype = *header.dtype, .values = {}};
  tensor.values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    tensor.values.push_back(ValueOf(item, data.data() + i * SizeOf(item)));
  }
  return tensor;
}

}  // namespace commplan::codec
