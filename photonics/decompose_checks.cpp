#include "photonics/decompose_checks.hpp"

#include <cmath>
#include <cstdio>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

void check_input(ConstComplexMatrix u) {
  const std::string shape = std::to_string(u.rows) + "x" + std::to_string(u.cols);
  if (u.rows != u.cols) throw Error("a mesh realises square matrices, not one of " + shape);
  if (u.rows < 2) throw Error("a mesh needs at least 2 modes, not a matrix of " + shape);
  for (std::size_t r = 0; r < u.rows; ++r)
    for (std::size_t c = 0; c < u.cols; ++c)
      if (!std::isfinite(u(r, c).real()) || !std::isfinite(u(r, c).imag()))
        throw Error("element (" + std::to_string(r) + ", " + std::to_string(c) +
                    ") of the matrix to decompose is not finite");
}

void check_remainder(ConstComplexMatrix u, double remainder) {
  const std::size_t n = u.rows;
  const double limit = 1e-9 * static_cast<double>(n);
  if (remainder <= limit) return;
  double square = 0;
  for (std::size_t a = 0; a < n; ++a)
    for (std::size_t b = 0; b < n; ++b) {
      Complex sum = a == b ? -1.0 : 0.0;
      for (std::size_t r = 0; r < n; ++r) sum += std::conj(u(r, a)) * u(r, b);
      square += std::norm(sum);
    }
  throw Error("the matrix to decompose is not unitary: |U^H U - 1| = " + number(std::sqrt(square)) +
              " (Frobenius), and a mesh would miss it by " + number(remainder) +
              ", more than 1e-9 N = " + number(limit));
}

}  // namespace fringe
