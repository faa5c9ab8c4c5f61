#include "electronic/format_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace fringe {
namespace {

constexpr double truncated = 0x1p-23;  // relative error of one float operation, rounded in any way

// Relative error of an operand above its smallest normal number.
double unit_of(Format format) {
  switch (format) {
    case Format::tf32:
      return 0x1p-10;
    case Format::bf16:
      return 0x1p-8;
    case Format::fp16:
      return 0x1p-11;
    case Format::fp8:
      return 0x1p-4;
    default:
      return 0;
  }
}

// The spacing of operands below that number, of a vector whose largest magnitude is given.
double spacing_of(Format format, double largest) {
  switch (format) {
    case Format::fp16:
      return 0x1p-24;
    case Format::fp8:
      return 0x1p-9 * largest / 448;
    case Format::int8:
      return largest / 127;
    default:
      return 0;
  }
}

// Of the sum, relative to the sum of magnitudes. Codes, scale and result of scaled formats are floats: a few
// units of the product.
double sum_error(Format format, double terms) {
  if (format == Format::fp64) return truncated + (terms + 2) * 0x1p-52;
  const double roundings = format == Format::int8 ? 0 : terms + 2;
  return ((scaled(format) ? 8 : 0) + roundings) * truncated;
}

}  // namespace

FormatError format_error(Format format, ConstMatrix w, ConstMatrix x, ConstMatrix y) {
  const double u = unit_of(format);
  std::vector<double> row_step(w.rows), column_step(x.cols);
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t k = 0; k < w.cols; ++k)
      row_step[r] = std::max(row_step[r], std::fabs(static_cast<double>(w(r, k))));
  for (std::size_t k = 0; k < x.rows; ++k)
    for (std::size_t b = 0; b < x.cols; ++b)
      column_step[b] = std::max(column_step[b], std::fabs(static_cast<double>(x(k, b))));
  for (double& step : row_step) step = spacing_of(format, step);
  for (double& step : column_step) step = spacing_of(format, step);
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
      const double steps = (1 + u) * (inputs * row_step[r] / 2 + weights * column_step[b] / 2) +
                           terms * row_step[r] * column_step[b] / 4;
      const double operands = size * (2 * u + u * u) + steps;
      const double bound = operands + sum_error(format, terms) * (size + operands);
      errors += error * error;
      values += value * value;
      if (error > 0) share = std::max(share, error / bound);
    }
  return {values > 0 ? std::sqrt(errors / values) : std::sqrt(errors), share};
}

double expected_format_error(Format format) {
  if (scaled(format)) return std::numeric_limits<double>::quiet_NaN();
  if (row_of(format).mantissa_bits >= 23) return 0;
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
