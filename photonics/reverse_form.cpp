#include "photonics/reverse_form.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace fringe {
namespace {

using Complex = std::complex<double>;

// Where |D|² leaves this range, D is brought near 2^fresh_exponent: mostly it shrinks. Sums of ŷ and ĝ stay
// far from the ends of single precision.
constexpr double low_norm = 0x1p-48, high_norm = 0x1p48;
constexpr int fresh_exponent = 16;
// Beyond this even the couplers of one run would leave it.
constexpr double smallest_norm = 0x1p-80, largest_norm = 0x1p80;

// Rows trade places first where |ad| is this much less than |bc|, squared: D then shrinks by 2⁵ at most.
constexpr double swap_ratio = 0x1p20;

// Sweeps that pass a block of rows before the next block is fetched, and rows of a block.
constexpr std::size_t block_sweeps = 16;
constexpr long block_rows = kernel_gradient_run;

Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
/// a·b̄
Complex times_conj(Complex a, Complex b) {
  return {a.real() * b.real() + a.imag() * b.imag(), a.imag() * b.real() - a.real() * b.imag()};
}
Complex scaled(double a, Complex b) { return {a * b.real(), a * b.imag()}; }
double norm(Complex a) { return a.real() * a.real() + a.imag() * a.imag(); }
double real_of_product(Complex a, Complex b) { return a.real() * b.real() - a.imag() * b.imag(); }

bool wandered(double n) { return n < low_norm || n > high_norm; }

/// Numbers of the couplers as light going backwards may meet them. Of neighbouring modes: along the diagonals
/// upper − column = k in increasing k, upwards; a coupler waits for those of earlier diagonals down to one
/// row above it.
std::vector<std::uint32_t> reverse_order(const MeshLayout& layout) {
  std::vector<std::uint32_t> order;
  const bool neighbours = std::all_of(layout.couplers.begin(), layout.couplers.end(),
                                      [](const Coupler& c) { return c.lower == c.upper + 1; });
  if (!neighbours) {
    for (std::size_t n = layout.couplers.size(); n-- > 0;) order.push_back(static_cast<std::uint32_t>(n));
    return order;
  }
  std::map<long, std::vector<std::uint32_t>> by_diagonal;
  for (std::size_t column = 0; column < layout.columns(); ++column)
    for (std::uint32_t n = layout.column_start[column]; n < layout.column_start[column + 1]; ++n)
      by_diagonal[static_cast<long>(layout.couplers[n].upper) - static_cast<long>(column)].push_back(n);
  std::vector<std::vector<std::uint32_t>> sweeps;
  for (auto& [k, couplers] : by_diagonal) {
    // Along a diagonal, columns and modes grow together: from the last column upwards.
    std::reverse(couplers.begin(), couplers.end());
    sweeps.push_back(std::move(couplers));
  }
  for (std::size_t first = 0; first < sweeps.size(); first += block_sweeps) {
    const std::size_t end = std::min(first + block_sweeps, sweeps.size());
    std::vector<std::size_t> done(end - first);
    const auto rows = static_cast<long>(layout.modes);
    for (long top = rows - block_rows; top > -block_rows - static_cast<long>(block_sweeps); top -= block_rows)
      for (std::size_t s = first; s < end; ++s) {
        const long highest = top + static_cast<long>(s - first);  // one row behind the sweep before
        std::size_t& i = done[s - first];
        for (; i < sweeps[s].size() && static_cast<long>(layout.couplers[sweeps[s][i]].upper) >= highest; ++i)
          order.push_back(sweeps[s][i]);
      }
  }
  return order;
}

}  // namespace

template <class Real>
ReverseForm<Real>::ReverseForm(const MeshLayout& layout)
    : modes_(layout.modes), index_(reverse_order(layout)) {
  for (const std::uint32_t n : index_) {
    const Coupler c = layout.couplers[n];
    const bool follows =
        !runs_.empty() && c.lower == uppers_.back() &&
        uppers_.size() - (runs_.size() > 1 ? runs_[runs_.size() - 2].end : 0) < kernel_gradient_run;
    if (!follows) runs_.push_back({c.lower, 0, 0});
    uppers_.push_back(c.upper);
    lowers_.push_back(c.lower);
    runs_.back().end = static_cast<std::uint32_t>(uppers_.size());
  }
  coefficients_.resize(8 * index_.size());
  swaps_.resize(index_.size());
  steps_.resize(index_.size());
  in_.resize(4 * modes_);
}

template <class Real>
bool ReverseForm<Real>::compile(const PhysicalMesh<double>& mesh, const std::vector<SlopeWeights>& weights,
                                bool front) {
  front_ = front;
  front_steps_.resize(front ? index_.size() : 0);
  rescales_.clear();
  d_.resize(modes_);
  g_.resize(modes_);
  for (std::size_t m = 0; m < modes_; ++m) {
    d_[m] = scaled(1 / norm(mesh.out[m]), std::conj(mesh.out[m]));
    g_[m] = std::conj(mesh.out[m]);
    if (!(norm(d_[m]) < largest_norm && norm(g_[m]) < largest_norm)) return false;
  }
  std::vector<std::uint32_t> wanderers;
  std::size_t n = 0;
  for (GradientRun& run : runs_) {
    for (const std::uint32_t row : wanderers) {
      const double d = norm(d_[row]), g = norm(g_[row]);
      if (!wandered(d) && !wandered(g)) continue;
      const int d_shift = std::ilogb(d) / 2 - fresh_exponent, g_shift = std::ilogb(g) / 2 - fresh_exponent;
      d_[row] = scaled(std::ldexp(1.0, -d_shift), d_[row]);
      g_[row] = scaled(std::ldexp(1.0, -g_shift), g_[row]);
      rescales_.push_back(
          {row, static_cast<Real>(std::ldexp(1.0, d_shift)), static_cast<Real>(std::ldexp(1.0, g_shift))});
    }
    wanderers.clear();
    run.rescale_end = static_cast<std::uint32_t>(rescales_.size());
    double least = 1, most = 1;
    for (; n < run.end; ++n) {
      const Matrix2& t = mesh.couplers[index_[n]];
      const SlopeWeights& w = weights[index_[n]];
      Complex &d0 = d_[uppers_[n]], &d1 = d_[lowers_[n]], &g0 = g_[uppers_[n]], &g1 = g_[lowers_[n]];
      const Complex determinant = times(t[0], t[3]) - times(t[1], t[2]);
      const Complex over = scaled(1 / norm(determinant), std::conj(determinant));
      const Complex p = times(t[3], over), q = -times(t[1], over), r = -times(t[2], over),
                    s = times(t[0], over);
      // M₀₁ and M₁₀ over their sums.
      const Complex m01 = times_conj(d0, g1), m10 = times_conj(d1, g0);
      Step& step = steps_[n];
      step.same = times(p, t[0]);
      step.upper = times(times(p, t[2]), m01);
      step.lower = times(times(q, t[0]), m10);
      step.theta0 = w.theta[0];
      step.theta1 = w.theta[1];
      step.theta_upper = scaled(w.theta[2], m01);
      step.theta_lower = scaled(-w.theta[2], m10);
      if (front) {
        const Complex im0{0, -w.phi[0]}, im1{0, -w.phi[1]};
        const auto part = [&](Complex row0, Complex row1, Complex column0, Complex column1) {
          return times(im0, times(row0, column0)) + times(im1, times(row1, column1)) +
                 scaled(w.phi[2], times(row1, column0)) + scaled(w.phi[3], times(row0, column1));
        };
        front_steps_[n] = {part(p, r, t[0], t[1]), part(q, s, t[2], t[3]), times(part(p, r, t[2], t[3]), m01),
                           times(part(q, s, t[0], t[1]), m10)};
      }

      Complex y[4] = {times(p, d0), times(q, d1), times(r, d0), times(s, d1)};
      Complex a[4] = {times_conj(g0, t[0]), times_conj(g1, t[2]), times_conj(g0, t[1]), times_conj(g1, t[3])};
      const bool swap = swap_ratio * norm(t[0]) * norm(t[3]) < norm(t[1]) * norm(t[2]);
      swaps_[n] = swap;
      if (swap) {
        std::swap(y[0], y[1]);
        std::swap(y[2], y[3]);
        std::swap(a[0], a[1]);
        std::swap(a[2], a[3]);
      }
      const double y0 = norm(y[0]), y3 = norm(y[3]), a0 = norm(a[0]), a3 = norm(a[3]);
      const Complex b = scaled(1 / y0, times_conj(y[1], y[0])), c = scaled(1 / y3, times_conj(y[2], y[3]));
      const Complex e = scaled(1 / a0, times_conj(a[1], a[0])), f = scaled(1 / a3, times_conj(a[2], a[3]));
      Real* k = &coefficients_[8 * n];
      for (const Complex z : {b, c, e, f}) {
        *k++ = static_cast<Real>(z.real());
        *k++ = static_cast<Real>(z.imag());
      }
      d0 = y[0];
      d1 = y[3];
      g0 = a[0];
      g1 = a[3];
      // In this order a NaN makes the comparison behind the loop fail.
      least = std::min(std::min(std::min(y0, y3), std::min(a0, a3)), least);
      most = std::max(std::max(std::max(y0, y3), std::max(a0, a3)), most);
      if (!(std::isfinite(y0) && std::isfinite(y3))) return false;
      if (wandered(y0) || wandered(a0)) wanderers.push_back(uppers_[n]);
      if (wandered(y3) || wandered(a3)) wanderers.push_back(lowers_[n]);
    }
    if (!(least > smallest_norm && most < largest_norm)) return false;
  }
  for (std::size_t m = 0; m < modes_; ++m) {
    in_[4 * m] = static_cast<Real>(d_[m].real());
    in_[4 * m + 1] = static_cast<Real>(d_[m].imag());
    in_[4 * m + 2] = static_cast<Real>(g_[m].real());
    in_[4 * m + 3] = static_cast<Real>(g_[m].imag());
  }
  return true;
}

template <class Real>
GradientTape<Real> ReverseForm<Real>::tape() const {
  return {modes_,        index_.size(),    runs_.data(), runs_.size(), uppers_.data(), coefficients_.data(),
          swaps_.data(), rescales_.data(), in_.data()};
}

template <class Real>
void ReverseForm<Real>::add_slopes(const double* sums, PhaseProgram& gradient) const {
  std::vector<Complex> m(modes_);
  for (std::size_t k = 0; k < modes_; ++k) {
    const double* sum = sums + kernel_gradient_sums * (index_.size() + k);
    m[k] = {sum[0], sum[1]};
    gradient.out[k] -= sum[1];
  }
  for (std::size_t n = 0; n < index_.size(); ++n) {
    const double* sum = sums + kernel_gradient_sums * n;
    const Complex s01{sum[0], sum[1]}, s10{sum[2], sum[3]};
    const Step& step = steps_[n];
    Complex &m0 = m[uppers_[n]], &m1 = m[lowers_[n]];
    gradient.theta[index_[n]] +=
        step.theta0 * m0.imag() + step.theta1 * m1.imag() +
        (real_of_product(step.theta_upper, s01) + real_of_product(step.theta_lower, s10));
    const Complex ahead = m1 + times(step.same, m0 - m1) + (times(step.upper, s01) + times(step.lower, s10));
    if (front_) {
      const FrontStep& f = front_steps_[n];
      gradient.phi[index_[n]] += real_of_product(f.m0, m0) + real_of_product(f.m1, m1) +
                                 (real_of_product(f.upper, s01) + real_of_product(f.lower, s10));
    } else {
      gradient.phi[index_[n]] -= ahead.imag();
    }
    m1 = m0 + m1 - ahead;
    m0 = ahead;
  }
}

template class ReverseForm<float>;
template class ReverseForm<double>;

}  // namespace fringe
