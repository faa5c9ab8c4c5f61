#include "photonics/decompose.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "photonics/decompose_checks.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

constexpr double negligible = std::numeric_limits<double>::epsilon();

/// Square matrix in split planes, one contiguous line per row or per column.
class Lines {
 public:
  explicit Lines(std::size_t n) : stride_((n + 7) / 8 * 8 + 8), re_(n * stride_), im_(n * stride_) {}
  double* re(std::size_t line) { return &re_[line * stride_]; }
  double* im(std::size_t line) { return &im_[line * stride_]; }
  Complex operator()(std::size_t line, std::size_t k) const {
    return {re_[line * stride_ + k], im_[line * stride_ + k]};
  }
  void set(std::size_t line, std::size_t k, Complex value) {
    re_[line * stride_ + k] = value.real();
    im_[line * stride_ + k] = value.imag();
  }

 private:
  std::size_t stride_;  ///< no power of two: the lines of a transposing copy would meet in one cache set
  std::vector<double> re_, im_;
};

/// Lines x, y of one interferometer: x ← q·x + c·y, y ← c·x − q*·y, elements first … last−1.
void rotate(Lines& lines, std::size_t upper, double c, Complex q, std::size_t first, std::size_t last) {
  double* __restrict xr = lines.re(upper), * __restrict xi = lines.im(upper);
  double* __restrict yr = lines.re(upper + 1), * __restrict yi = lines.im(upper + 1);
  const double qr = q.real(), qi = q.imag();
  for (std::size_t k = first; k < last; ++k) {
    const double ar = xr[k], ai = xi[k], br = yr[k], bi = yi[k];
    xr[k] = qr * ar - qi * ai + c * br;
    xi[k] = qr * ai + qi * ar + c * bi;
    yr[k] = c * ar - qr * br - qi * bi;
    yi[k] = c * ai - qr * bi + qi * br;
  }
}

/// Phases of one interferometer.
struct Setting {
  double theta = 0, phi = 0;
};

enum class Side { left, right };

/// The matrix is diag(e^{i left}) · X · diag(e^{i right}). Only X is stored: the phases of the
/// interferometers go to `left` and `right`, so that a rotation needs one real and one complex coefficient.
class Elimination {
 public:
  explicit Elimination(ConstComplexMatrix u) : n_(u.rows), columns_(n_), rows_(n_), left_(n_), right_(n_) {
    for (std::size_t r = 0; r < n_; ++r)
      for (std::size_t c = 0; c < n_; ++c) {
        // Subnormal numbers would slow every rotation of a banded matrix.
        const Complex value = std::norm(u(r, c)) < negligible * negligible ? 0.0 : u(r, c);
        columns_.set(c, r, value);
        rows_.set(r, c, value);
      }
  }

  /// V ← V·T†(θ, φ) on columns n, n+1 with V[row, n] = 0 afterwards; rows below are zero there.
  Setting null_from_right(std::size_t row, std::size_t n) {
    return eliminate(columns_, right_, Side::right, n, columns_(n, row), columns_(n + 1, row), 0, row + 1);
  }
  /// V ← T(θ, φ)·V on rows r−1, r with V[r, column] = 0 afterwards; columns before are zero there.
  Setting null_from_left(std::size_t row, std::size_t column) {
    return eliminate(rows_, left_, Side::left, row - 1, rows_(row, column), rows_(row - 1, column), column,
                     n_);
  }

  /// Before anti-diagonal i is nulled from the right: the elements that left rotations changed, without the
  /// zeros.
  void bring_rows_to_columns(std::size_t i) {
    for (std::size_t j = 0; j <= i; ++j)
      for (std::size_t c = i - j; c <= i + 1; ++c) columns_.set(c, n_ - 1 - j, rows_(n_ - 1 - j, c));
  }
  /// Before anti-diagonal i is nulled from the left: the elements that right rotations changed, without the
  /// zeros.
  void bring_columns_to_rows(std::size_t i) {
    for (std::size_t c = 0; c <= i; ++c)
      for (std::size_t r = n_ - 2 - i; r <= n_ - 1 - i + c; ++r) rows_.set(r, c, columns_(c, r));
  }

  /// Phases of the diagonal that is left, and how far X is from unitary.
  std::vector<double> diagonal(Side last_used, double& remainder) const {
    std::vector<double> phase(n_);
    double square = 0;
    for (std::size_t r = 0; r < n_; ++r)
      for (std::size_t c = r; c < n_; ++c) {
        const Complex x = last_used == Side::right ? columns_(c, r) : rows_(r, c);
        square += r == c ? (std::abs(x) - 1) * (std::abs(x) - 1) : std::norm(x);
        if (r == c) phase[r] = wrap_phase(left_[r] + std::arg(x) + right_[r]);
      }
    remainder = std::sqrt(square);
    return phase;
  }

 private:
  static Setting eliminate(Lines& lines, std::vector<double>& phase, Side side, std::size_t upper,
                           Complex nulled, Complex partner, std::size_t first, std::size_t last) {
    const double sign = side == Side::left ? 1 : -1;
    double &phase_upper = phase[upper], &phase_lower = phase[upper + 1];
    const double from = std::sqrt(std::norm(nulled)), to = std::sqrt(std::norm(partner));
    if (!(from >= negligible)) {
      phase_upper += pi;
      return {pi, 0};
    }
    double half_theta = 0, omega = phase_upper - phase_lower, c = 1;
    Complex q = 0;  // sin θ/2 · e^{iω}
    if (to >= negligible) {
      const double both = std::sqrt(from * from + to * to);
      half_theta = std::atan2(to, from);
      c = from / both;
      q = (side == Side::left ? nulled * std::conj(partner) : -partner * std::conj(nulled)) / (from * both);
      omega = std::arg(q);
    }
    rotate(lines, upper, c, q, first, last);
    const double phi = sign * (omega - phase_upper + phase_lower);
    const double common = phase_lower + sign * (half_theta + pi / 2);
    phase_upper = wrap_phase(common);
    phase_lower = wrap_phase(common + omega);
    return {2 * half_theta, wrap_phase(phi)};
  }

  std::size_t n_;
  Lines columns_, rows_;  ///< right rotations stream through columns, left rotations through rows
  std::vector<double> left_, right_;
};

/// Phases by (column, mode) of a layout of neighbours.
class Placement {
 public:
  explicit Placement(const char* topology, std::size_t n) : layout_(find_topology(topology).build(n)) {
    program_.theta.resize(layout_.couplers.size());
    program_.phi.resize(layout_.couplers.size());
  }
  void put(std::size_t column, std::size_t mode, Setting s) {
    const std::size_t k = layout_.column_start[column] + (mode - column % 2) / 2;
    program_.theta[k] = s.theta;
    program_.phi[k] = s.phi;
  }
  PhaseProgram finish(std::vector<double> out) {
    program_.out = std::move(out);
    return std::move(program_);
  }

 private:
  MeshLayout layout_;
  PhaseProgram program_;
};

}  // namespace

PhaseProgram decompose_rectangular(ConstComplexMatrix u) {
  check_input(u);
  const std::size_t n = u.rows;
  Elimination v(u);
  Placement placement("rectangular", n);
  struct Left {
    std::size_t column, mode;
    Setting setting;
  };
  std::vector<Left> lefts;
  lefts.reserve(n * n / 4);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    if (i % 2 == 0) {
      v.bring_rows_to_columns(i);
      for (std::size_t j = 0; j <= i; ++j) placement.put(j, i - j, v.null_from_right(n - 1 - j, i - j));
    } else {
      v.bring_columns_to_rows(i);
      for (std::size_t j = 0; j <= i; ++j)
        lefts.push_back({n - 1 - j, n - 2 - i + j, v.null_from_left(n - 1 - i + j, j)});
    }
  }
  double remainder = 0;
  std::vector<double> d = v.diagonal(n % 2 == 0 ? Side::right : Side::left, remainder);
  check_remainder(u, remainder);

  // U = L₁† … Lₘ† D R: T†(θ, φ)·diag(d₁, d₂) = diag(d₁′, d₂′)·T(θ, arg d₁/d₂) moves D to the output.
  for (std::size_t k = lefts.size(); k-- > 0;) {
    const auto& [column, mode, setting] = lefts[k];
    double &upper = d[mode], &lower = d[mode + 1];
    placement.put(column, mode, {setting.theta, wrap_phase(upper - lower)});
    lower = wrap_phase(lower + pi - setting.theta);
    upper = wrap_phase(lower - setting.phi);
  }
  return placement.finish(std::move(d));
}

PhaseProgram decompose_triangular(ConstComplexMatrix u) {
  check_input(u);
  const std::size_t n = u.rows;
  Elimination v(u);
  Placement placement("triangular", n);
  for (std::size_t sweep = 0; sweep + 1 < n; ++sweep)
    for (std::size_t mode = 0; mode + 1 < n - sweep; ++mode)
      placement.put(2 * sweep + mode, mode, v.null_from_right(n - 1 - sweep, mode));
  double remainder = 0;
  std::vector<double> d = v.diagonal(Side::right, remainder);
  check_remainder(u, remainder);
  return placement.finish(std::move(d));
}

}  // namespace fringe
