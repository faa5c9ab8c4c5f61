// Elements of a unitary matrix are nulled by rotations of neighbouring rows and columns, in the two orders
// that meshes of neighbours ask for. O(N³) time, O(N²) memory.
#pragma once

#include <vector>

#include "photonics/decompose_tiles.hpp"
#include "photonics/phase_program.hpp"

namespace fringe {

/// Anti-diagonal i is elements (row, column) with row + column = i; i = 0, 1, … in turn. Rotations of columns
/// null the even ones, row 0 first, rotations of rows the odd ones, column 0 first: each turns lines l, l + 1
/// and nulls the element on line l.
///
/// Eight antidiagonals are one batch. They are found in the square of rows and columns that both kinds of
/// rotation reach; rows below and columns beside it need one kind only and get it, four sweeps at once, when
/// the batch ends.
class AntidiagonalElimination {
 public:
  AntidiagonalElimination(std::size_t n, const DecomposeKernels& kernels);
  LaneTiles& matrix() { return matrix_; }  ///< lines are rows, lanes columns
  /// Of the next antidiagonal, by the upper line of each pair.
  const NulledPair* null_antidiagonal();
  /// An element as it stands: its square, and a positive multiple of it.
  double square(std::size_t row, std::size_t column) const {
    return std::norm(multiple(row, column)) * row_scale_[row] * column_scale_[column];
  }
  std::complex<double> multiple(std::size_t row, std::size_t column) const { return matrix_.at(row, column); }

 private:
  void null_by_columns(std::ptrdiff_t i, std::ptrdiff_t j);
  void null_by_rows(std::ptrdiff_t i, std::ptrdiff_t j);
  void end_batch();

  std::ptrdiff_t n_;
  const DecomposeKernels& kernels_;
  LaneTiles matrix_;
  LaneTiles turned_;  ///< one tile whose lines are columns
  std::vector<LineRotation> of_columns_, of_rows_;
  Sweeps columns_{}, rows_{};
  std::vector<double> column_scale_, row_scale_;  ///< squared
  std::vector<NulledPair> found_;
  std::ptrdiff_t next_ = 0, active_ = 0;  ///< antidiagonal; tiles of the square
};

/// Lane s, line l: rotations of lines N−2, N−1, then N−3, N−2, … null the elements of lane s on all lines
/// above s; s = 0, 1, … in turn. Tiles after that of lane s are turned by four sweeps at once.
class RowElimination {
 public:
  RowElimination(std::size_t n, const DecomposeKernels& kernels);
  LaneTiles& matrix() { return matrix_; }
  /// Of the next lane, by the upper line of each pair.
  const NulledPair* null_row();
  /// An element as it stands: its square, and a positive multiple of it.
  double square(std::size_t lane, std::size_t line) const {
    return std::norm(multiple(lane, line)) * scale_[line];
  }
  std::complex<double> multiple(std::size_t lane, std::size_t line) const { return matrix_.at(line, lane); }

 private:
  std::ptrdiff_t n_;
  const DecomposeKernels& kernels_;
  LaneTiles matrix_;
  std::vector<LineRotation> rotations_;
  Sweeps sweeps_{};
  std::vector<double> scale_;
  std::vector<NulledPair> found_;
  std::ptrdiff_t next_ = 0;
};

/// The same with given kernels.
PhaseProgram decompose_rectangular(ConstComplexMatrix u, const DecomposeKernels& kernels);
PhaseProgram decompose_triangular(ConstComplexMatrix u, const DecomposeKernels& kernels);

}  // namespace fringe
