// Text for a terminal: columns counted in characters rather than bytes, numbers with prefixes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace fringe {

/// Value with an SI prefix and three digits: "3.14 µs"; a dash where it isn't finite.
std::string si(double value, std::string_view unit);

/// Characters of UTF-8 text.
inline std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// Spaces that bring the text to `width` characters.
inline std::string padding(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text_width(text)), ' ');
}

inline std::string left(const std::string& text, std::size_t width) { return text + padding(text, width); }
inline std::string right(const std::string& text, std::size_t width) { return padding(text, width) + text; }

/// The text, or as many of its last characters as `bytes` hold behind "…".
inline std::string shortened(std::string_view text, std::size_t bytes) {
  constexpr std::string_view dots = "…";
  if (text.size() <= bytes) return std::string(text);
  text.remove_prefix(text.size() - (bytes - dots.size()));
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0) == 0x80) text.remove_prefix(1);
  return std::string(dots) + std::string(text);
}

/// Words of the text in lines of at most `width` characters, each behind `indent`. No line begins with the
/// per cent sign of a number.
inline std::string wrapped(std::string_view text, const std::string& indent, std::size_t width) {
  std::string result, line;
  const auto flush = [&] {
    if (!line.empty()) result += indent + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    std::size_t end = std::min(text.find(' '), text.size());
    if (text.substr(end).starts_with(" %")) end = std::min(text.find(' ', end + 1), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && text_width(indent) + text_width(line) + 1 + text_width(word) > width) flush();
    line += (line.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  flush();
  return result;
}

}  // namespace fringe
