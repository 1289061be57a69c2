// UTF-8 is how every profile is encoded; here is where a character of it ends, and which characters
// print nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace commplan::profiles {

// The bytes of the character at the start of `text`, 1 to 4; 0 where there is none: an empty text,
// a stray or missing continuation byte, an overlong form, a surrogate, a code beyond U+10FFFF.
std::size_t Utf8Length(std::string_view text);

// Whether a character (the bytes of one) prints nothing: C0, DEL, C1, the line and paragraph
// separators, the byte order mark.
bool IsControl(std::string_view character);

// At most 60 characters or so for a message, control characters replaced.
std::string Shortened(std::string_view text);

}  // namespace commplan::profiles
