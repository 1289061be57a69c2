#include "cli/report/plot_text.h"

#include <algorithm>
#include <cstdint>

namespace commplan::report {
namespace {

bool IsXmlCharacter(std::uint32_t c, std::size_t length) {
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < kLeast[length] || c > 0x10ffff) return false;  // Also refuses a longer form than needed.
  return (c < 0xd800 || c > 0xdfff) && c != 0xfffe && c != 0xffff && !(c >= 0x7f && c < 0xa0);
}

// The characters of a text, each as valid UTF-8.
std::vector<std::string> Characters(std::string_view text) {
  std::vector<std::string> characters;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t c = length == 1 ? lead : lead & (0x7fU >> length);
    bool valid = lead < 0x80 || (lead >= 0xc0 && lead < 0xf8);
    for (std::size_t k = 1; k < length && valid; ++k) {
      const unsigned char next = i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0;
      valid = (next & 0xc0U) == 0x80U;
      c = c << 6U | (next & 0x3fU);
    }
    valid = valid && IsXmlCharacter(c, length);
    if (!valid) {
      characters.emplace_back("\uFFFD");
    } else if (c < 0x20) {
      characters.emplace_back(" ");
    } else {
      characters.emplace_back(text.substr(i, length));
    }
    i += valid ? length : 1;
  }
  return characters;
}

// Of Latin text a wide sans-serif takes 0.6 of its size on average, of ideographs the whole.
double CharacterWidth(const std::string& c, double font_size) {
  constexpr std::string_view kNarrow = " .,:;|!'()[]ijltfr/";
  if (c.size() == 1 && kNarrow.find(c[0]) != std::string_view::npos) return 0.4 * font_size;
  return (c.size() >= 3 && c >= "\u1100" && c != "…" ? 1.0 : 0.64) * font_size;
}

}  // namespace

std::string XmlText(std::string_view text) {
  std::string out;
  for (const std::string& c : Characters(text)) {
    if (c == "&") {
      out += "&amp;";
    } else if (c == "<") {
      out += "&lt;";
    } else if (c == ">") {
      out += "&gt;";
    } else if (c == "\"") {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

double TextWidth(std::string_view text, double font_size) {
  double width = 0;
  for (const std::string& c : Characters(text)) width += CharacterWidth(c, font_size);
  return width;
}

std::string ShortenedText(std::string_view text, double font_size, double width) {
  if (TextWidth(text, font_size) <= width) return std::string(text);
  const std::vector<std::string> all = Characters(text);
  double room = width - CharacterWidth("…", font_size);
  std::string head;
  std::string tail;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& c = i % 2 == 0 ? all[i / 2] : all[all.size() - 1 - i / 2];
    room -= CharacterWidth(c, font_size);
    if (room < 0) break;
    if (i % 2 == 0) {
      head += c;
    } else {
      tail.insert(0, c);
    }
  }
  return head + "…" + tail;
}

std::vector<std::string> WrappedText(std::string_view text, double font_size, double width) {
  std::vector<std::string> lines = {""};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = ShortenedText(text.substr(at, end - at), font_size, width);
    std::string longer = lines.back();
    if (!longer.empty()) longer += " ";
    longer += word;
    if (lines.back().empty() || TextWidth(longer, font_size) <= width) {
      lines.back() = longer;
    } else {
      lines.push_back(word);
    }
    at = end + 1;
  }
  return lines;
}

}  // namespace commplan::report
