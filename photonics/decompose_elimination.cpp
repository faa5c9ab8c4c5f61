#include "photonics/decompose_elimination.hpp"

#include <algorithm>
#include <cmath>

namespace fringe {
namespace {

constexpr std::ptrdiff_t batch = 2 * sweeps_fused;
constexpr double lane_scales_of_one[sweep_lanes] = {1, 1, 1, 1, 1, 1, 1, 1};

std::vector<LineRotation> rotations_for(std::size_t n) {
  return std::vector<LineRotation>((n + sweeps_fused) * sweeps_fused);
}

/// A scale can shrink 65-fold by each of the two rotations a sweep has for it: before the next batch, those
/// that are small are multiplied in. By how much; 1 for most.
double taken_out(double& scale_squared) {
  if (scale_squared > 0x1p-100) return 1;
  const double factor = std::sqrt(scale_squared);
  scale_squared = 1;
  return factor;
}

void scale_line(LaneTiles& matrix, std::ptrdiff_t line, double factor) {
  if (factor == 1) return;
  for (std::ptrdiff_t t = 0; t < matrix.tiles(); ++t)
    for (std::ptrdiff_t k = 0; k < line_doubles; ++k) matrix.tile(t)[line * line_doubles + k] *= factor;
}

void scale_lane(LaneTiles& matrix, std::ptrdiff_t lane, std::ptrdiff_t lines, double factor) {
  if (factor == 1) return;
  double* x = matrix.tile(lane / sweep_lanes) + lane % sweep_lanes;
  for (std::ptrdiff_t l = 0; l < lines; ++l) {
    x[l * line_doubles] *= factor;
    x[l * line_doubles + sweep_lanes] *= factor;
  }
}

}  // namespace

AntidiagonalElimination::AntidiagonalElimination(std::size_t n, const DecomposeKernels& kernels)
    : n_(static_cast<std::ptrdiff_t>(n)),
      kernels_(kernels),
      matrix_(n),
      turned_(n, 1),
      of_columns_(rotations_for(n)),
      of_rows_(rotations_for(n)),
      column_scale_(n + sweep_lanes, 1.0),
      row_scale_(n + sweep_lanes, 1.0),
      found_(n) {
  columns_.rotation = of_columns_.data();
  rows_.rotation = of_rows_.data();
}

const NulledPair* AntidiagonalElimination::null_antidiagonal() {
  const std::ptrdiff_t i = next_++, j = i % batch / 2;
  if (i % batch == 0) {
    if (i > 0) end_batch();
    active_ = std::min(i + batch, n_ - 1) / sweep_lanes + 1;
  }
  if (i % 2 == 0) {
    null_by_columns(i, j);
  } else {
    null_by_rows(i, j);
  }
  return found_.data();
}

void AntidiagonalElimination::null_by_rows(std::ptrdiff_t i, std::ptrdiff_t j) {
  rows_.high[j] = i;
  for (std::ptrdiff_t t = 0; t < active_; ++t)
    kernels_.null_antidiagonal(matrix_.tile(t), rows_, j, sweep_lanes * t,
                               {row_scale_.data(), &column_scale_[static_cast<std::size_t>(sweep_lanes * t)]},
                               found_.data());
}

void AntidiagonalElimination::null_by_columns(std::ptrdiff_t i, std::ptrdiff_t j) {
  columns_.high[j] = i;
  const std::ptrdiff_t last = (i + 1) / sweep_lanes, block = sweep_lanes * line_doubles;
  for (std::ptrdiff_t t = 0; t < active_; ++t) {
    // Columns before are zero.
    const std::ptrdiff_t first = std::max<std::ptrdiff_t>(i - sweep_lanes * (t + 1) + 1, 0) / sweep_lanes;
    double* rows = matrix_.tile(first) + t * block;
    double* lines = turned_.tile(0) + first * block;
    kernels_.transpose(rows, matrix_.stride(), lines, block, last - first + 1);
    kernels_.null_antidiagonal(turned_.tile(0), columns_, j, sweep_lanes * t,
                               {column_scale_.data(), &row_scale_[static_cast<std::size_t>(sweep_lanes * t)]},
                               found_.data());
    kernels_.transpose(lines, block, rows, matrix_.stride(), last - first + 1);
  }
}

void AntidiagonalElimination::end_batch() {
  const std::ptrdiff_t block = sweep_lanes * line_doubles, blocks = (next_ - 1) / sweep_lanes + 1;
  for (std::ptrdiff_t t = active_; t < matrix_.tiles(); ++t) {
    kernels_.apply(matrix_.tile(t), rows_);
    double* rows = matrix_.tile(0) + t * block;
    kernels_.transpose(rows, matrix_.stride(), turned_.tile(0), block, blocks);
    kernels_.apply(turned_.tile(0), columns_);
    kernels_.transpose(turned_.tile(0), block, rows, matrix_.stride(), blocks);
  }
  for (std::ptrdiff_t l = 0; l < n_; ++l) {
    scale_line(matrix_, l, taken_out(row_scale_[static_cast<std::size_t>(l)]));
    scale_lane(matrix_, l, n_, taken_out(column_scale_[static_cast<std::size_t>(l)]));
  }
}

RowElimination::RowElimination(std::size_t n, const DecomposeKernels& kernels)
    : n_(static_cast<std::ptrdiff_t>(n)),
      kernels_(kernels),
      matrix_(n),
      rotations_(rotations_for(n)),
      scale_(n, 1.0),
      found_(n) {
  sweeps_.rotation = rotations_.data();
}

const NulledPair* RowElimination::null_row() {
  const std::ptrdiff_t s = next_++, j = s % sweeps_fused;
  const std::ptrdiff_t own = s / sweep_lanes;
  sweeps_.high[j] = n_ - 2;
  sweeps_.low[j] = s;
  kernels_.null_lane(matrix_.tile(own), sweeps_, j, s % sweep_lanes, {scale_.data(), lane_scales_of_one},
                     found_.data());
  if (j + 1 == sweeps_fused) {
    for (std::ptrdiff_t t = own + 1; t < matrix_.tiles(); ++t) kernels_.apply(matrix_.tile(t), sweeps_);
    for (std::ptrdiff_t l = 0; l < n_; ++l)
      scale_line(matrix_, l, taken_out(scale_[static_cast<std::size_t>(l)]));
  }
  return found_.data();
}

}  // namespace fringe
