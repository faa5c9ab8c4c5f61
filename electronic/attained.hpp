// What a measured list attained of what the hardware could do.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/work.hpp"
#include "electronic/cublas.hpp"
#include "electronic/gpu_catalogue.hpp"

namespace fringe {

/// Of a list once through: operations of its products, two for a multiply-accumulate; bytes of all operands
/// if nothing is cached, those of products `number_bytes` each, of passes and updates as the list has them.
struct ListTotals {
  double operations = 0, bytes = 0;
};
ListTotals totals_of(std::span<const Work> work, double number_bytes);

/// The board's published peak in the format of the products [op/s]; empty where the chip lacks it or the
/// board is not in the catalogue (null).
std::optional<double> published_peak(const GpuSpec* board, CublasPrecision precision);

/// "products at 41 % of the published peak, operands at 12 % of a copy's 3.9 TB/s", or that the one or the
/// other isn't known. seconds > 0. Operands that lie in caches may go beyond a copy.
std::string attained_text(const ListTotals& totals, double seconds, std::optional<double> peak,
                          std::optional<double> copy_bytes_per_s);

}  // namespace fringe
