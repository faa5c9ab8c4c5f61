// A square matrix as the kernels of a decomposition see it.
#pragma once

#include <complex>
#include <vector>

#include "photonics/decompose_kernel.hpp"

namespace fringe {

/// Tiles of eight lanes, which cross the lines 0 … n−1; rounded up to whole blocks of 8×8, zero beyond n.
class LaneTiles {
 public:
  explicit LaneTiles(std::size_t n) : LaneTiles(n, (n + sweep_lanes - 1) / sweep_lanes) {}
  LaneTiles(std::size_t lines, std::size_t tiles)
      : tiles_(tiles), stride_(((lines + 31) / 32 * 4 + 1) * sweep_lanes), lines_(tiles_ * stride_) {}
  std::ptrdiff_t tiles() const { return static_cast<std::ptrdiff_t>(tiles_); }
  /// Doubles from one tile to the next: blocks of a row of tiles shouldn't meet in one set of a cache.
  std::ptrdiff_t stride() const { return static_cast<std::ptrdiff_t>(stride_) * line_doubles; }
  double* tile(std::ptrdiff_t t) { return lines_[static_cast<std::size_t>(t) * stride_].value; }
  std::complex<double> at(std::size_t line, std::size_t lane) const {
    const double* value = lines_[lane / sweep_lanes * stride_ + line].value + lane % sweep_lanes;
    return {value[0], value[sweep_lanes]};
  }
  /// Line `line`, lanes 0, 1, …, of the `count` elements x[0], x[step], …. Elements below 2^-52 become zero:
  /// subnormal numbers would slow every rotation of a banded matrix.
  void fill_line(std::size_t line, const std::complex<double>* x, std::ptrdiff_t step, std::size_t count) {
    for (std::size_t lane = 0; lane < count; ++lane) {
      double* value = lines_[lane / sweep_lanes * stride_ + line].value + lane % sweep_lanes;
      const std::complex<double> element = x[step * static_cast<std::ptrdiff_t>(lane)];
      const double kept = std::norm(element) < 0x1p-104 ? 0 : 1;
      value[0] = kept * element.real();
      value[sweep_lanes] = kept * element.imag();
    }
  }

 private:
  struct alignas(64) TileLine {
    double value[line_doubles];
  };
  std::size_t tiles_, stride_;
  std::vector<TileLine> lines_;
};

}  // namespace fringe
