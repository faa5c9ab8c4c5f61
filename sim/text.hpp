// Text in columns, counted in characters rather than bytes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace fringe {

/// Characters of UTF-8 text.
inline std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// Spaces that bring the text to `width` characters.
inline std::string padding(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text_width(text)), ' ');
}

}  // namespace fringe
