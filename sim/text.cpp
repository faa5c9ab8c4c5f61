#include "sim/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace fringe {

std::string si(double value, std::string_view unit) {
  if (!std::isfinite(value)) return "–";
  if (value == 0) return "0 " + std::string(unit);
  constexpr std::array<std::string_view, 11> prefixes{"a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T"};
  int thousand = static_cast<int>(std::floor(std::log10(std::abs(value)) / 3 + 1e-12));
  thousand = std::clamp(thousand, -6, 4);
  double scaled = value / std::pow(1000.0, thousand);
  if (std::abs(scaled) >= 999.5 && thousand < 4) scaled /= 1000, ++thousand;
  const int decimals = std::abs(scaled) < 9.995 ? 2 : std::abs(scaled) < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}{}", scaled, decimals, prefixes[static_cast<std::size_t>(thousand + 6)],
                     unit);
}

}  // namespace fringe
