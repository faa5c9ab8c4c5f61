#include "electronic/format_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace fringe {
namespace {

constexpr double truncated = 0x1p-23;  // relative error of one float operation, rounded in any way

struct Rounding {
  double u, spacing;
};
Rounding rounding_of(Format format) {
  switch (format) {
    case Format::tf32:
      return {0x1p-10, 0};
    case Format::bf16:
      return {0x1p-8, 0};
    case Format::fp16:
      return {0x1p-11, 0x1p-24};
    default:
      return {0, 0};
  }
}

// As the header states it; size = Σ|w·x|, magnitudes = Σ(|w| + |x|).
double bound_of(Rounding r, double size, double magnitudes, double terms) {
  const double operands = size * (2 * r.u + r.u * r.u) + r.spacing / 2 * (magnitudes + terms * r.spacing / 2);
  return operands + (terms + 2) * truncated * (size + operands);
}

}  // namespace

FormatError format_error(Format format, ConstMatrix w, ConstMatrix x, ConstMatrix y) {
  const Rounding rounding = rounding_of(format);
  std::vector<double> row_step(w.rows), column_step(x.cols);
  if (format == Format::int8) {
    for (std::size_t r = 0; r < w.rows; ++r)
      for (std::size_t k = 0; k < w.cols; ++k)
        row_step[r] = std::max(row_step[r], std::fabs(static_cast<double>(w(r, k))) / 127);
    for (std::size_t k = 0; k < x.rows; ++k)
      for (std::size_t b = 0; b < x.cols; ++b)
        column_step[b] = std::max(column_step[b], std::fabs(static_cast<double>(x(k, b))) / 127);
  }
  double errors = 0, values = 0, share = 0;
  const auto terms = static_cast<double>(w.cols);
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t b = 0; b < x.cols; ++b) {
      double value = 0, size = 0, weights = 0, inputs = 0;
      for (std::size_t k = 0; k < w.cols; ++k) {
        const auto a = static_cast<double>(w(r, k)), c = static_cast<double>(x(k, b));
        value += a * c;
        size += std::fabs(a * c);
        weights += std::fabs(a);
        inputs += std::fabs(c);
      }
      const double error = std::fabs(static_cast<double>(y(r, b)) - value);
      // Codes, scale and result of INT8 are floats: half a step, and a few units of the product.
      const double steps =
          inputs * row_step[r] / 2 + weights * column_step[b] / 2 + terms * row_step[r] * column_step[b] / 4;
      const double bound = format == Format::int8
                               ? steps * (1 + 4 * truncated) + 8 * truncated * (size + steps)
                               : bound_of(rounding, size, weights + inputs, terms);
      errors += error * error;
      values += value * value;
      if (error > 0) share = std::max(share, error / bound);
    }
  return {values > 0 ? std::sqrt(errors / values) : std::sqrt(errors), share};
}

double expected_format_error(Format format) {
  if (format == Format::int8) return std::numeric_limits<double>::quiet_NaN();
  if (format == Format::fp32) return 0;
  // Standard normal numbers: the share of an octave from the error function.
  const int least_exponent = format == Format::fp16 ? -14 : -60, largest_exponent = 4;
  double mean_square = 0;
  for (int e = least_exponent; e <= largest_exponent; ++e) {
    const double from = e == least_exponent ? 0 : std::ldexp(1.0, e), to = std::ldexp(1.0, e + 1);
    const double share = std::erf(to / std::sqrt(2.0)) - std::erf(from / std::sqrt(2.0));
    mean_square += share * std::ldexp(1.0, 2 * (e - row_of(format).mantissa_bits)) / 12;
  }
  return std::sqrt(2 * mean_square);
}

}  // namespace fringe
