#include "photonics/reverse_lanes.hpp"

#include <bit>
#include <cmath>

#include "core/clones.hpp"
#include "photonics/mesh_kernel.hpp"

namespace fringe {
namespace {

// Where |D|² leaves this range, D is brought back; sums of ŷ and ĝ then stay far from the ends of single
// precision. Beyond the other one even that would come too late.
constexpr double low_norm = 0x1p-48, high_norm = 0x1p48;
constexpr double smallest_norm = 0x1p-80, largest_norm = 0x1p80;

// Rows trade places first where |ad| is this much less than |bc|, squared: D then shrinks by 2⁵ at most.
constexpr double swap_ratio = 0x1p20;

struct Number {
  double re, im;
};
[[gnu::always_inline]] inline Number times(Number a, Number b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
/// a·b̄
[[gnu::always_inline]] inline Number times_conj(Number a, Number b) {
  return {a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im};
}
[[gnu::always_inline]] inline Number scaled(double a, Number b) { return {a * b.re, a * b.im}; }
[[gnu::always_inline]] inline Number minus(Number a) { return {-a.re, -a.im}; }
[[gnu::always_inline]] inline double norm(Number a) { return a.re * a.re + a.im * a.im; }
[[gnu::always_inline]] inline Number choose(bool first, Number a, Number b) {
  return {first ? a.re : b.re, first ? a.im : b.im};
}
[[gnu::always_inline]] inline bool strays(double d, double g) {
  return (d < low_norm) | (d > high_norm) | (g < low_norm) | (g > high_norm);
}

template <class Real>
[[gnu::always_inline]] inline void reverse(const double* __restrict t, const double* __restrict theta0,
                                           const double* __restrict theta1, const double* __restrict theta2,
                                           std::size_t count, ReverseRun<Real>& run,
                                           ReverseSlopes<Real>& slopes) {
  double* const diagonals = &run.ahead[0][0].dr;
  Real* const coefficients = run.coefficients[0];
  using S = ReverseSlopes<Real>;
  Real(*const to)[reverse_run] = slopes.plane;
  const auto real = [](double x) { return static_cast<Real>(x); };
  for (std::size_t i = 0; i < count; ++i) {
    const Number t0{t[8 * i], t[8 * i + 1]}, t1{t[8 * i + 2], t[8 * i + 3]};
    const Number t2{t[8 * i + 4], t[8 * i + 5]}, t3{t[8 * i + 6], t[8 * i + 7]};
    const Number d0{diagonals[8 * i], diagonals[8 * i + 1]}, g0{diagonals[8 * i + 2], diagonals[8 * i + 3]};
    const Number d1{diagonals[8 * i + 4], diagonals[8 * i + 5]},
        g1{diagonals[8 * i + 6], diagonals[8 * i + 7]};
    const Number ad = times(t0, t3), bc = times(t1, t2), determinant{ad.re - bc.re, ad.im - bc.im};
    const double over_norm = 1 / norm(determinant);
    const Number over{over_norm * determinant.re, over_norm * -determinant.im};
    const Number p = times(t3, over), q = minus(times(t1, over)), r = minus(times(t2, over)),
                 s = times(t0, over);
    // M₀₁ and M₁₀ over their sums.
    const Number m01 = times_conj(d0, g1), m10 = times_conj(d1, g0);
    const Number same = times(p, t0), upper = times(times(p, t2), m01), lower = times(times(q, t0), m10);
    to[S::same_re][i] = real(same.re);
    to[S::same_im][i] = real(same.im);
    to[S::upper_re][i] = real(upper.re);
    to[S::upper_im][i] = real(upper.im);
    to[S::lower_re][i] = real(lower.re);
    to[S::lower_im][i] = real(lower.im);
    to[S::theta0][i] = real(theta0[i]);
    to[S::theta1][i] = real(theta1[i]);
    to[S::theta_upper_re][i] = real(theta2[i] * m01.re);
    to[S::theta_upper_im][i] = real(theta2[i] * m01.im);
    to[S::theta_lower_re][i] = real(-theta2[i] * m10.re);
    to[S::theta_lower_im][i] = real(-theta2[i] * m10.im);

    const bool swap = swap_ratio * norm(t0) * norm(t3) < norm(t1) * norm(t2);
    const Number pd = times(p, d0), qd = times(q, d1), rd = times(r, d0), sd = times(s, d1);
    const Number ag = times_conj(g0, t0), cg = times_conj(g1, t2), bg = times_conj(g0, t1),
                 dg = times_conj(g1, t3);
    const Number y0 = choose(swap, qd, pd), y1 = choose(swap, pd, qd);
    const Number y2 = choose(swap, sd, rd), y3 = choose(swap, rd, sd);
    const Number a0 = choose(swap, cg, ag), a1 = choose(swap, ag, cg);
    const Number a2 = choose(swap, dg, bg), a3 = choose(swap, bg, dg);
    const double y0n = norm(y0), y3n = norm(y3), a0n = norm(a0), a3n = norm(a3);
    const Number b = scaled(1 / y0n, times_conj(y1, y0)), c = scaled(1 / y3n, times_conj(y2, y3));
    const Number e = scaled(1 / a0n, times_conj(a1, a0)), f = scaled(1 / a3n, times_conj(a2, a3));
    coefficients[8 * i] = static_cast<Real>(b.re);
    coefficients[8 * i + 1] = static_cast<Real>(b.im);
    coefficients[8 * i + 2] = static_cast<Real>(c.re);
    coefficients[8 * i + 3] = static_cast<Real>(c.im);
    coefficients[8 * i + 4] = static_cast<Real>(e.re);
    coefficients[8 * i + 5] = static_cast<Real>(e.im);
    coefficients[8 * i + 6] = static_cast<Real>(f.re);
    coefficients[8 * i + 7] = static_cast<Real>(f.im);
    diagonals[8 * i] = y0.re;
    diagonals[8 * i + 1] = y0.im;
    diagonals[8 * i + 2] = a0.re;
    diagonals[8 * i + 3] = a0.im;
    diagonals[8 * i + 4] = y3.re;
    diagonals[8 * i + 5] = y3.im;
    diagonals[8 * i + 6] = a3.re;
    diagonals[8 * i + 7] = a3.im;
    // A NaN is lost.
    const auto kept = [](double n) { return (n > smallest_norm) & (n < largest_norm); };
    const bool lost = !(kept(y0n) & kept(y3n) & kept(a0n) & kept(a3n));
    run.flags[i] = (swap ? reverse_swaps : 0) | (strays(y0n, a0n) ? reverse_upper_strays : 0) |
                   (strays(y3n, a3n) ? reverse_lower_strays : 0) | (lost ? reverse_lost : 0);
  }
}

FRINGE_CLONES void reverse_single(const double* t, const double* theta0, const double* theta1,
                                  const double* theta2, std::size_t count, ReverseRun<float>& __restrict run,
                                  ReverseSlopes<float>& __restrict slopes) {
  reverse(t, theta0, theta1, theta2, count, run, slopes);
}
FRINGE_CLONES void reverse_dual(const double* t, const double* theta0, const double* theta1,
                                const double* theta2, std::size_t count, ReverseRun<double>& __restrict run,
                                ReverseSlopes<double>& __restrict slopes) {
  reverse(t, theta0, theta1, theta2, count, run, slopes);
}

[[gnu::always_inline]] inline void slopes_of(const double* __restrict plane, const double* __restrict sums,
                                             double* __restrict m0re, double* __restrict m0im,
                                             double* __restrict m1re, double* __restrict m1im,
                                             double* __restrict theta, double* __restrict phi) {
  using S = ReverseSlopes<double>;
  for (std::size_t i = 0; i < reverse_run; ++i) {
    const auto of = [&](std::size_t number) { return plane[number * reverse_run + i]; };
    const Number m0{m0re[i], m0im[i]}, m1{m1re[i], m1im[i]};
    const Number s01{sums[4 * i], sums[4 * i + 1]}, s10{sums[4 * i + 2], sums[4 * i + 3]};
    theta[i] += of(S::theta0) * m0.im + of(S::theta1) * m1.im +
                ((of(S::theta_upper_re) * s01.re - of(S::theta_upper_im) * s01.im) +
                 (of(S::theta_lower_re) * s10.re - of(S::theta_lower_im) * s10.im));
    const Number same = times({of(S::same_re), of(S::same_im)}, {m0.re - m1.re, m0.im - m1.im});
    const Number upper = times({of(S::upper_re), of(S::upper_im)}, s01);
    const Number lower = times({of(S::lower_re), of(S::lower_im)}, s10);
    const Number ahead{m1.re + same.re + (upper.re + lower.re), m1.im + same.im + (upper.im + lower.im)};
    phi[i] -= ahead.im;
    m0re[i] = ahead.re;
    m0im[i] = ahead.im;
    m1re[i] = m0.re + m1.re - ahead.re;
    m1im[i] = m0.im + m1.im - ahead.im;
  }
}

// In two loops: of single and double numbers in one, g++ takes half a register of each.
FRINGE_CLONES void slopes_single(const float* __restrict plane, const float* __restrict sums,
                                 double* __restrict m0re, double* __restrict m0im, double* __restrict m1re,
                                 double* __restrict m1im, double* __restrict theta, double* __restrict phi) {
  double wide[ReverseSlopes<float>::planes * reverse_run];
  for (std::size_t i = 0; i < ReverseSlopes<float>::planes * reverse_run; ++i) wide[i] = plane[i];
  double wide_sums[kernel_gradient_sums * reverse_run];
  for (std::size_t i = 0; i < kernel_gradient_sums * reverse_run; ++i) wide_sums[i] = sums[i];
  slopes_of(wide, wide_sums, m0re, m0im, m1re, m1im, theta, phi);
}
FRINGE_CLONES void slopes_dual(const double* __restrict plane, const double* __restrict sums,
                               double* __restrict m0re, double* __restrict m0im, double* __restrict m1re,
                               double* __restrict m1im, double* __restrict theta, double* __restrict phi) {
  slopes_of(plane, sums, m0re, m0im, m1re, m1im, theta, phi);
}

// As whole numbers, of which the least is found in lanes: of numbers ≥ 0 it is the same one.
FRINGE_CLONES std::int64_t least_bits(const double* __restrict t, std::size_t count) {
  std::int64_t least = std::bit_cast<std::int64_t>(1.0);
  for (std::size_t i = 0; i < count; ++i) {
    const Number t0{t[8 * i], t[8 * i + 1]}, t1{t[8 * i + 2], t[8 * i + 3]};
    const Number t2{t[8 * i + 4], t[8 * i + 5]}, t3{t[8 * i + 6], t[8 * i + 7]};
    const Number ad = times(t0, t3), bc = times(t1, t2);
    const double square = norm({ad.re - bc.re, ad.im - bc.im});
    const double sum = norm(t0) + norm(t1) + norm(t2) + norm(t3);
    const double rest = sum * sum - 4 * square, positive = rest > 0 ? rest : 0;
    const double over = 2 * square / (sum + std::sqrt(positive)), value = square > 0 ? over : 0;
    const auto bits = std::bit_cast<std::int64_t>(value);
    least = bits < least ? bits : least;
  }
  return least;
}

const double* numbers(const Matrix2* couplers) { return reinterpret_cast<const double*>(couplers); }

}  // namespace

void reverse_couplers(const Matrix2* couplers, const double* const theta[3], std::size_t count,
                      ReverseRun<float>& run, ReverseSlopes<float>& slopes) noexcept {
  reverse_single(numbers(couplers), theta[0], theta[1], theta[2], count, run, slopes);
}
void reverse_couplers(const Matrix2* couplers, const double* const theta[3], std::size_t count,
                      ReverseRun<double>& run, ReverseSlopes<double>& slopes) noexcept {
  reverse_dual(numbers(couplers), theta[0], theta[1], theta[2], count, run, slopes);
}

void reverse_slopes(const ReverseSlopes<float>& slopes, const float* sums,
                    const ReverseProducts& m) noexcept {
  slopes_single(slopes.plane[0], sums, m.upper_re, m.upper_im, m.lower_re, m.lower_im, m.theta, m.phi);
}
void reverse_slopes(const ReverseSlopes<double>& slopes, const double* sums,
                    const ReverseProducts& m) noexcept {
  slopes_dual(slopes.plane[0], sums, m.upper_re, m.upper_im, m.lower_re, m.lower_im, m.theta, m.phi);
}

double least_square(const Matrix2* couplers, std::size_t count) noexcept {
  return std::bit_cast<double>(least_bits(numbers(couplers), count));
}

}  // namespace fringe
