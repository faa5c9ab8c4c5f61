// Numbers for reference evaluations: a value in double, its derivative by one chosen parameter (forward
// mode), and for both a bound on what float32 may make of them.
//
// The bounds are a running error analysis (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd
// ed., SIAM 2002, section 3.3) of first order in the unit roundoff. Every operation adds its rounding, taken
// of the size that its operands have with all terms positive: so the bound of a sum holds in any order, and
// that of a derivative for the pass back as well, which adds and multiplies the same terms in another order.
#pragma once

#include <cmath>

namespace fringe::testing {

constexpr double unit = 0x1p-24;  // rounding of a float32

struct Tracked {
  double value = 0, slope = 0;
  double error = 0, slope_error = 0;  // bounds of what float32 adds
  double size = 0, slope_size = 0;    // with all terms positive

  Tracked() = default;
  Tracked(double v) : value(v), size(std::abs(v)) {}  // NOLINT: constants are numbers too
};

inline Tracked operator+(const Tracked& a, const Tracked& b) {
  Tracked r;
  r.value = a.value + b.value;
  r.slope = a.slope + b.slope;
  r.size = a.size + b.size;
  r.slope_size = a.slope_size + b.slope_size;
  r.error = a.error + b.error + unit * r.size;
  r.slope_error = a.slope_error + b.slope_error + unit * r.slope_size;
  return r;
}
inline Tracked operator-(const Tracked& a) {
  Tracked r = a;
  r.value = -a.value;
  r.slope = -a.slope;
  return r;
}
inline Tracked operator-(const Tracked& a, const Tracked& b) { return a + -b; }
inline Tracked operator*(const Tracked& a, const Tracked& b) {
  Tracked r;
  r.value = a.value * b.value;
  r.slope = a.slope * b.value + a.value * b.slope;
  r.size = a.size * b.size;
  r.slope_size = a.slope_size * b.size + a.size * b.slope_size;
  r.error = a.error * b.size + a.size * b.error + unit * r.size;
  r.slope_error = a.slope_error * b.size + a.slope_size * b.error + a.error * b.slope_size +
                  a.size * b.slope_error + 2 * unit * r.slope_size;
  return r;
}
/// f(a), from its value and first two derivatives there; float32 gives it and its derivative within `ulps`
/// units.
inline Tracked apply(const Tracked& a, double f, double f1, double f2, double ulps = 4) {
  Tracked r;
  r.value = f;
  r.slope = f1 * a.slope;
  r.size = std::abs(f);
  r.slope_size = std::abs(f1) * a.slope_size;
  r.error = std::abs(f1) * a.error + ulps * unit * r.size;
  r.slope_error =
      std::abs(f1) * a.slope_error + std::abs(f2) * a.error * a.slope_size + (ulps + 1) * unit * r.slope_size;
  return r;
}
inline Tracked operator/(const Tracked& a, const Tracked& b) {
  return a * apply(b, 1 / b.value, -1 / (b.value * b.value), 2 / (b.value * b.value * b.value), 1);
}
inline Tracked& operator+=(Tracked& a, const Tracked& b) { return a = a + b; }
inline Tracked& operator-=(Tracked& a, const Tracked& b) { return a = a - b; }
inline Tracked& operator*=(Tracked& a, const Tracked& b) { return a = a * b; }
inline bool operator<(const Tracked& a, const Tracked& b) { return a.value < b.value; }
inline bool operator>(const Tracked& a, const Tracked& b) { return a.value > b.value; }

inline Tracked exp(const Tracked& a) {
  const double e = std::exp(a.value);
  return apply(a, e, e, e);
}
inline Tracked log(const Tracked& a) {
  return apply(a, std::log(a.value), 1 / a.value, -1 / (a.value * a.value));
}
inline Tracked sqrt(const Tracked& a) {
  const double root = std::sqrt(a.value);
  return apply(a, root, 0.5 / root, -0.25 / (root * a.value));
}
inline Tracked tanh(const Tracked& a) {
  const double t = std::tanh(a.value), slope = 1 - t * t;
  return apply(a, t, slope, -2 * t * slope);
}
inline Tracked erf(const Tracked& a) {
  const double slope = 2 / std::sqrt(std::acos(-1.0)) * std::exp(-a.value * a.value);
  return apply(a, std::erf(a.value), slope, -2 * a.value * slope);
}
inline Tracked abs(const Tracked& a) { return a.value < 0 ? -a : a; }

}  // namespace fringe::testing
