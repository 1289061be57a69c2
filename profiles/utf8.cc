#include "profiles/utf8.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace commplan::profiles {
namespace {

constexpr std::size_t kLongestShown = 60;

unsigned Byte(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

bool IsContinuation(unsigned byte) { return (byte & 0xc0U) == 0x80U; }

}  // namespace

std::size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned first = Byte(text, 0);
  const unsigned second = Byte(text, 1);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(Byte(text, i))) return 0;
  }
  if (first == 0xe0 && second < 0xa0) return 0;   // overlong
  if (first == 0xed && second >= 0xa0) return 0;  // a surrogate
  if (first == 0xf0 && second < 0x90) return 0;   // overlong
  if (first == 0xf4 && second >= 0x90) return 0;  // beyond U+10FFFF
  return length;
}

bool IsControl(std::string_view character) {
  if (character.size() == 1) {
    const unsigned byte = Byte(character, 0);
    return byte < 0x20 || byte == 0x7f;
  }
  if (character.size() == 2) return Byte(character, 0) == 0xc2 && Byte(character, 1) < 0xa0;
  return character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9" || character == "\xef\xbb\xbf";
}

std::string Shortened(std::string_view text) {
  std::string shortened;
  while (!text.empty() && shortened.size() < kLongestShown) {
    const std::size_t length = Utf8Length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    shortened += length == 0 || IsControl(character) ? "?" : character;
    text.remove_prefix(character.size());
  }
  return text.empty() ? shortened : shortened + "...";
}

}  // namespace commplan::profiles
