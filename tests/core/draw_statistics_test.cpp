// Numbers of a draw follow their law, and draws of different askers are independent. Thresholds are five
// standard deviations of the statistic for the given number of samples (probability 6e-7 a test).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/draw.hpp"

namespace fringe {
namespace {

constexpr double sigmas = 5;

std::vector<float> normals(std::size_t count, const Draw& draw, std::uint64_t first = 0) {
  std::vector<float> out(count);
  fill_normal(out, draw, first);
  return out;
}

/// Largest distance of the empirical distribution from cdf, times √n.
template <class T, class Cdf>
double kolmogorov(std::vector<T> sample, Cdf cdf) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  double distance = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double p = cdf(static_cast<double>(sample[i]));
    distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

// P(√n·D > x) → 2·exp(−2x²) (Kolmogorov 1933): 6e-7 at x = 2.74.
const double kolmogorov_limit = std::sqrt(0.5 * std::log(2 / 6e-7));

TEST(NormalStatistics, MomentsAndDistribution) {
  constexpr std::size_t count = 1 << 19;
  const double n = count;
  const std::vector<float> x = normals(count, {.seed = 42});
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  std::size_t beyond_four = 0;
  for (const float f : x) {
    const double z = static_cast<double>(f), z2 = z * z;
    m1 += z, m2 += z2, m3 += z2 * z, m4 += z2 * z2;
    beyond_four += std::abs(z) > 4;
  }
  // Variances of zᵏ: 1, 3 − 1, 15, 105 − 9.
  EXPECT_LT(std::abs(m1 / n), sigmas * std::sqrt(1 / n));
  EXPECT_LT(std::abs(m2 / n - 1), sigmas * std::sqrt(2 / n));
  EXPECT_LT(std::abs(m3 / n), sigmas * std::sqrt(15 / n));
  EXPECT_LT(std::abs(m4 / n - 3), sigmas * std::sqrt(96 / n));
  const double expected = n * std::erfc(4 / std::sqrt(2.0));
  EXPECT_LT(std::abs(static_cast<double>(beyond_four) - expected), sigmas * std::sqrt(expected));
  EXPECT_LT(kolmogorov(x, [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }), kolmogorov_limit);
}

TEST(UniformStatistics, MomentsAndDistribution) {
  constexpr std::size_t count = 1 << 18;
  const double n = count;
  std::vector<double> u(count);
  fill_uniform(u, {.seed = 43});
  double m1 = 0, m2 = 0;
  for (const double x : u) m1 += x, m2 += (x - 0.5) * (x - 0.5);
  EXPECT_LT(std::abs(m1 / n - 0.5), sigmas * std::sqrt(1 / (12 * n)));
  EXPECT_LT(std::abs(m2 / n - 1.0 / 12), sigmas * std::sqrt(1 / (180 * n)));
  EXPECT_LT(kolmogorov(u, [](double x) { return x; }), kolmogorov_limit);
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum / static_cast<double>(a.size());
}

TEST(DrawIndependence, NoCorrelationBetweenAskers) {
  constexpr std::size_t count = 1 << 15;
  std::vector<std::vector<float>> draws;
  for (std::uint32_t i = 0; i < 16; ++i)
    draws.push_back(normals(count, {.purpose = static_cast<Purpose>(i)}));
  for (std::uint32_t i = 1; i < 5; ++i) {
    draws.push_back(normals(count, {.trial = i}));
    draws.push_back(normals(count, {.site = i}));
    draws.push_back(normals(count, {.shot = i}));
    draws.push_back(normals(count, {.seed = i}));
    draws.push_back(normals(count, {.seed = std::uint64_t{i} << 32}));
  }
  // The product of two independent normals has variance 1.
  const double limit = sigmas / std::sqrt(static_cast<double>(count));
  for (std::size_t i = 0; i < draws.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_LT(std::abs(correlation(draws[i], draws[j])), limit) << i << " " << j;
}

TEST(DrawIndependence, NoCorrelationBetweenElements) {
  constexpr std::size_t count = 1 << 16;
  const double limit = sigmas / std::sqrt(static_cast<double>(count));
  const std::vector<float> x = normals(count, {.seed = 9});
  for (std::uint64_t lag = 1; lag <= 9; ++lag)
    EXPECT_LT(std::abs(correlation(x, normals(count, {.seed = 9}, lag))), limit) << lag;
}

}  // namespace
}  // namespace fringe
