// Text in a picture: valid XML whatever the bytes, its likely width, and lines that fit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace commplan::report {

// Well-formed content or attribute value: escaped, control characters as blanks, and what is no
// UTF-8 or no character of XML as U+FFFD.
std::string XmlText(std::string_view text);

// In pixels, for a font of this size: an estimate on the wide side, as the reader's font is
// unknown.
double TextWidth(std::string_view text, double font_size);

// Broken at blanks; a word wider than a line is shortened. At least one line, possibly empty.
std::vector<std::string> WrappedText(std::string_view text, double font_size, double width);

// With "…" in its middle where it is too wide: names of a family differ at their ends.
std::string ShortenedText(std::string_view text, double font_size, double width);

}  // namespace commplan::report
