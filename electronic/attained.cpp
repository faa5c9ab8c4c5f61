#include "electronic/attained.hpp"

#include <cstdio>

#include "electronic/number_format.hpp"

namespace fringe {
namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, share < 0.1 ? "%.1f %%" : "%.0f %%", 100 * share);
  return text;
}

}  // namespace

ListTotals totals_of(std::span<const Work> work, double number_bytes) {
  ListTotals totals;
  for (const Work& w : work) {
    const bool product = w.macs() > 0;
    totals.operations += 2 * w.macs();
    totals.bytes += product ? w.bytes / row_of(Format::fp32).bytes * number_bytes : w.bytes;
  }
  return totals;
}

std::optional<double> published_peak(const GpuSpec* board, CublasPrecision precision) {
  // The same names in both lists.
  const Format format = find_format(to_string(precision).substr(std::string_view("cublas-").size()));
  if (board == nullptr || board->peak(format) <= 0) return std::nullopt;
  return board->peak(format);
}

std::string attained_text(const ListTotals& totals, double seconds, std::optional<double> peak,
                          std::optional<double> copy_bytes_per_s) {
  std::string text = "products at ";
  text += peak ? percent(totals.operations / seconds / *peak) + " of the published peak"
               : "a share of an unknown peak";
  if (!copy_bytes_per_s) return text + ", what a copy moves is unknown";
  char rate[32];
  std::snprintf(rate, sizeof rate, "%.3g TB/s", 1e-12 * *copy_bytes_per_s);
  return text + ", operands at " + percent(totals.bytes / seconds / *copy_bytes_per_s) + " of a copy's " +
         rate;
}

}  // namespace fringe
