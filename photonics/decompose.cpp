// The matrix is nulled sweep by sweep (decompose_kernel.hpp); what a sweep doesn't need itself is turned
// later, by four sweeps at once.
#include "photonics/decompose.hpp"

#include <algorithm>
#include <cmath>

#include "photonics/decompose_checks.hpp"
#include "photonics/decompose_elimination.hpp"
#include "photonics/decompose_phases.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

/// Phases by (column, mode) of a layout of neighbours.
class Placement {
 public:
  template <class Height>
  Placement(std::size_t columns, Height height) : column_start_(columns + 1) {
    for (std::size_t c = 0; c < columns; ++c) column_start_[c + 1] = column_start_[c] + height(c);
    program_.theta.resize(column_start_.back());
    program_.phi.resize(column_start_.back());
  }
  void put(std::size_t column, std::size_t mode, MziSetting s) {
    const std::size_t k = column_start_[column] + mode / 2;
    program_.theta[k] = s.theta;
    program_.phi[k] = s.phi;
  }
  PhaseProgram finish(std::vector<double> out) {
    program_.out = std::move(out);
    return std::move(program_);
  }

 private:
  std::vector<std::size_t> column_start_;
  PhaseProgram program_;
};

/// Of an upper triangle, given the squares of its elements, from a diagonal of phases (Frobenius).
template <class Square>
double distance_from_phases(std::size_t n, Square square) {
  double sum = 0;
  for (std::size_t r = 0; r < n; ++r) {
    const double off = std::sqrt(square(r, r)) - 1;
    sum += off * off;
    for (std::size_t c = r + 1; c < n; ++c) sum += square(r, c);
  }
  return std::sqrt(sum);
}

}  // namespace

PhaseProgram decompose_rectangular(ConstComplexMatrix u, const DecomposeKernels& kernels) {
  check_input(u);
  const std::size_t n = u.rows;
  AntidiagonalElimination v(n, kernels);
  for (std::size_t r = 0; r < n; ++r) v.matrix().fill_line(n - 1 - r, &u(r, 0), 1, n);
  SidePhases right(SidePhases::right, n), left(SidePhases::left, n);
  Placement placement(n, [n](std::size_t column) { return (n - column % 2) / 2; });
  struct Left {
    std::size_t column, mode;
    MziSetting setting;
  };
  std::vector<Left> lefts;
  lefts.reserve(n * n / 4);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const NulledPair* found = v.null_antidiagonal();
    if (i % 2 == 0) {
      right.take(found, i + 1);
      for (std::size_t j = 0; j <= i; ++j) placement.put(j, i - j, right.pass(i - j, i - j));
    } else {
      left.take(found, i + 1);
      for (std::size_t j = 0; j <= i; ++j)
        lefts.push_back({n - 1 - j, n - 2 - i + j, left.pass(i - j, n - 2 - i + j)});
    }
  }
  check_remainder(u, distance_from_phases(n, [&](auto r, auto c) { return v.square(n - 1 - r, c); }));
  std::vector<double> d(n);
  for (std::size_t r = 0; r < n; ++r)
    d[r] = wrap_phase(left[r] + std::arg(v.multiple(n - 1 - r, r)) + right[r]);

  // U = L₁† … Lₘ† D R: T†(θ, φ)·diag(d₁, d₂) = diag(d₁′, d₂′)·T(θ, arg d₁/d₂) moves D to the output.
  for (std::size_t k = lefts.size(); k-- > 0;) {
    const auto& [column, mode, setting] = lefts[k];
    double &upper = d[mode], &lower = d[mode + 1];
    placement.put(column, mode, {setting.theta, near_phase(upper - lower)});
    lower = near_phase(lower + pi - setting.theta);
    upper = near_phase(lower - setting.phi);
  }
  return placement.finish(std::move(d));
}

PhaseProgram decompose_triangular(ConstComplexMatrix u, const DecomposeKernels& kernels) {
  check_input(u);
  const std::size_t n = u.rows;
  RowElimination v(n, kernels);
  for (std::size_t c = 0; c < n; ++c)
    v.matrix().fill_line(n - 1 - c, &u(n - 1, c), -static_cast<std::ptrdiff_t>(u.stride), n);
  SidePhases right(SidePhases::right, n);
  Placement placement(2 * n - 3,
                      [n](std::size_t column) { return std::min(column, 2 * n - 4 - column) / 2 + 1; });
  for (std::size_t s = 0; s + 1 < n; ++s) {
    right.take(v.null_row() + s, n - 1 - s);
    for (std::size_t mode = 0; mode + 1 < n - s; ++mode)
      placement.put(2 * s + mode, mode, right.pass(n - 2 - mode - s, mode));
  }
  check_remainder(u, distance_from_phases(n, [&](auto r, auto c) { return v.square(n - 1 - r, n - 1 - c); }));
  std::vector<double> d(n);
  for (std::size_t r = 0; r < n; ++r)
    d[r] = wrap_phase(std::arg(v.multiple(n - 1 - r, n - 1 - r)) + right[r]);
  return placement.finish(std::move(d));
}

PhaseProgram decompose_rectangular(ConstComplexMatrix u) {
  return decompose_rectangular(u, decompose_kernels());
}

PhaseProgram decompose_triangular(ConstComplexMatrix u) {
  return decompose_triangular(u, decompose_kernels());
}

}  // namespace fringe
