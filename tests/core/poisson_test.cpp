// Poisson counts: exact at small means, and as near as stated above.
#include "core/poisson.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/draw.hpp"

namespace fringe {
namespace {

/// Distribution function by its sum, in long double from the logarithm of each term.
std::vector<long double> distribution(double mean, std::size_t count) {
  std::vector<long double> sum(count);
  long double total = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const long double n = static_cast<long double>(k);
    total += std::exp(n * std::log(static_cast<long double>(mean)) - static_cast<long double>(mean) -
                      std::lgamma(n + 1));
    sum[k] = total;
  }
  return sum;
}

TEST(Poisson, SmallMeansInvertTheDistributionExactly) {
  for (const double mean : {1e-3, 0.1, 1.0, 2.5, 10.0, 33.3, 64.0}) {
    const auto sum = distribution(mean, 200);
    for (std::uint64_t i = 0; i < 4096; ++i) {
      const auto bits = static_cast<std::uint32_t>(i * 1048583u + 12345u);
      const long double u = (static_cast<long double>(bits) + 0.5L) * 0x1p-32L;
      std::size_t k = 0;
      while (sum[k] < u) ++k;
      // The sum is known to 1e-15 of itself; a draw that near to a step may fall on either side.
      if (std::abs(sum[k] - u) > 1e-13L && (k == 0 || std::abs(sum[k - 1] - u) > 1e-13L)) {
        EXPECT_EQ(poisson(mean, bits), static_cast<double>(k)) << mean << ' ' << bits;
      }
    }
  }
}

TEST(Poisson, ProbabilitiesOfFewPhotonsAreThoseOfTheFormula) {
  // 2³² equally likely draws: P(0) = e^−1 has its boundary at the bits below e^−1·2³².
  const auto boundary = static_cast<std::uint32_t>(std::exp(-1.0) * 0x1p32 - 0.5);
  EXPECT_EQ(poisson(1, boundary), 0);
  EXPECT_EQ(poisson(1, boundary + 1), 1);
  const auto second = static_cast<std::uint32_t>(2 * std::exp(-1.0) * 0x1p32 - 0.5);
  EXPECT_EQ(poisson(1, second), 1);
  EXPECT_EQ(poisson(1, second + 1), 2);
  EXPECT_EQ(poisson(0, 0), 0);
  EXPECT_EQ(poisson(0, 0xffffffffu), 0);
  EXPECT_LT(poisson(64, 0xffffffffu), 64 + 8 * 8) << "the search ends";
}

// Above the threshold the distribution function is missed by at most 0.0146/mean, and by terms of the next
// order, mean^(−3/2), with a factor below 1/10 (the next Edgeworth coefficients are of that size). Each count
// k is given by the bits between two boundaries, found by bisection.
TEST(Poisson, LargeMeansAreAsNearAsStated) {
  for (const double mean : {64.0001, 100.0, 1000.0, 20000.0}) {
    const double spread = std::sqrt(mean);
    const auto sum = distribution(mean, static_cast<std::size_t>(mean + 10 * spread));
    double worst = 0;
    for (double k = std::floor(mean - 4 * spread); k < mean + 4 * spread; k += std::ceil(spread / 16)) {
      std::uint64_t low = 0, high = std::uint64_t{1} << 32;  // first bits that give more than k
      while (low < high) {
        const std::uint64_t middle = (low + high) / 2;
        if (poisson(mean, static_cast<std::uint32_t>(middle)) > k)
          high = middle;
        else
          low = middle + 1;
      }
      worst = std::max(worst, std::abs(static_cast<double>(low) * 0x1p-32 -
                                       static_cast<double>(sum[static_cast<std::size_t>(k)])));
    }
    // The normal of the draw is good to 1e-6, times the density 0.4.
    EXPECT_LT(worst, 0.0146 / mean + 0.1 * std::pow(mean, -1.5) + 4e-7) << mean;
  }
}

// Mean within five standard errors √(mean/n); variance within five of √((2 + 1/mean)/n).
TEST(Poisson, MeanAndVarianceAreTheMean) {
  const std::size_t count = 1 << 15;
  std::uint32_t trial = 0;
  for (const double mean : {0.05, 1.0, 20.0, 63.0, 65.0, 5000.0, 1e8}) {
    const DrawStream stream = stream_of({2, Purpose::test, trial++});
    double sum = 0, square = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double n = poisson(mean, random_bits(stream, i));
      EXPECT_EQ(n, std::floor(n));
      sum += n - mean;
      square += (n - mean) * (n - mean);
    }
    const double n = static_cast<double>(count);
    EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(mean / n)) << mean;
    EXPECT_NEAR(square / n / mean, 1, 5 * std::sqrt((2 + 1 / mean) / n)) << mean;
  }
}

}  // namespace
}  // namespace fringe
