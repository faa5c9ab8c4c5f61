#include <gtest/gtest.h>

#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

TEST(Haar, MatricesAreUnitary) {
  for (const std::size_t n : {1u, 2u, 5u, 64u}) {
    const Square u = haar(n, 0), o = from_real(haar_orthogonal(n, {3, Purpose::haar}));
    for (const Square* m : {&u, &o})
      for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < n; ++b) {
          Complex sum = 0;
          for (std::size_t r = 0; r < n; ++r) sum += std::conj((*m)[r * n + a]) * (*m)[r * n + b];
          EXPECT_LE(std::abs(sum - (a == b ? 1.0 : 0.0)), rounding(n));
        }
  }
}

TEST(Haar, IsAFunctionOfItsDraw) {
  EXPECT_EQ(haar(6, 5), haar(6, 5));
  EXPECT_NE(haar(6, 5), haar(6, 6));
}

// E|tr Uʲ|² = j for j ≤ n, with |tr Uʲ|²/j nearly exponential, so of variance 1 (Diaconis and Shahshahani,
// J. Appl. Probab. 31A, 49 (1994)); real: E(tr O)² = 1, tr O nearly normal. A QR without the phase fix fails
// this.
TEST(Haar, TracesHaveTheirMoments) {
  constexpr std::size_t n = 6, trials = 4000;
  std::vector<double> first, second, real;
  for (std::uint32_t t = 0; t < trials; ++t) {
    const Square u = haar(n, t);
    const std::vector<double> o = haar_orthogonal(n, {11, Purpose::haar, t});
    Complex trace = 0, trace_of_square = 0;
    double real_trace = 0;
    for (std::size_t i = 0; i < n; ++i) {
      trace += u[i * n + i];
      real_trace += o[i * n + i];
      for (std::size_t k = 0; k < n; ++k) trace_of_square += u[i * n + k] * u[k * n + i];
    }
    first.push_back(std::norm(trace));
    second.push_back(std::norm(trace_of_square));
    real.push_back(real_trace * real_trace);
  }
  EXPECT_NEAR(mean(first).value, 1, z * mean(first).standard_error);
  EXPECT_NEAR(mean(second).value, 2, z * mean(second).standard_error);
  EXPECT_NEAR(mean(real).value, 1, z * mean(real).standard_error);
}

}  // namespace
}  // namespace fringe
