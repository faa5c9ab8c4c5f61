#include "photonics/spatial_field.hpp"

#include <array>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double steps_per_length = 4;
constexpr int reach = 9;  // grid points on each side: the window is exp(-4·(9/4)²) = 1.6e-9 there
constexpr std::size_t taps = 2 * reach + 1;

/// The window along one axis, its squares adding up to 1.
struct Window {
  Window(double position_m, double length_m) {
    const double u = position_m / length_m * steps_per_length;
    const double nearest = std::round(u);
    double squares = 0;
    for (std::size_t i = 0; i < taps; ++i) {
      const double distance = (nearest + static_cast<double>(i) - reach - u) / steps_per_length;
      weight[i] = std::exp(-4 * distance * distance);
      squares += weight[i] * weight[i];
    }
    for (double& w : weight) w /= std::sqrt(squares);
    // Positions of a chip are small against 2³¹ steps; the offset keeps the row's elements in a row.
    first = static_cast<std::uint64_t>(static_cast<std::int64_t>(nearest) - reach + (std::int64_t{1} << 31));
  }
  std::array<double, taps> weight;
  std::uint64_t first;
};

}  // namespace

std::vector<double> gaussian_field(std::span<const ChipPosition> positions, double length_m,
                                   const Draw& draw) {
  std::vector<double> field(positions.size());
  if (length_m == 0) {
    const DrawStream stream = stream_of(draw);
    for (std::size_t k = 0; k < field.size(); ++k) field[k] = static_cast<double>(normal(stream, k));
    return field;
  }
  if (!(length_m >= shortest_correlation_m))
    throw Error("correlation length = " + std::to_string(length_m) + " m; it must be 0, or 1e-8 m and more");
  // Places of one column share what the window along x makes of a row of the grid.
  std::array<float, taps> white;
  std::vector<double> rows;
  std::uint64_t first = 0;
  for (std::size_t k = 0; k < field.size(); ++k) {
    const Window x(positions[k].x_m, length_m), y(positions[k].y_m, length_m);
    const bool other_column = k == 0 || positions[k].x_m != positions[k - 1].x_m;
    if (other_column || y.first < first || y.first > first + rows.size()) {
      rows.clear();
      first = y.first;
    }
    while (first + rows.size() < y.first + taps) {
      fill_normal(white, draw, ((first + rows.size()) << 32) + x.first);
      double row = 0;
      for (std::size_t i = 0; i < taps; ++i) row += x.weight[i] * static_cast<double>(white[i]);
      rows.push_back(row);
    }
    for (std::size_t j = 0; j < taps; ++j) field[k] += y.weight[j] * rows[y.first - first + j];
  }
  return field;
}

}  // namespace fringe
