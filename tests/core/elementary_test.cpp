// Elementary functions against libm in double, over floats of every size.
#include "core/elementary.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace fringe {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The distance of neighbouring floats at y.
double ulp(double y) {
  const double size = std::max(std::abs(y), 0x1p-126);
  return std::ldexp(1.0, std::ilogb(size) - 23);
}

/// Largest error, in ulps of the exact value; `stride` floats apart, so all exponents and many mantissas.
template <class F, class G>
double largest_error(F f, G exact, float from, float to) {
  constexpr std::uint32_t stride = 499;
  double worst = 0;
  for (std::uint32_t bits = 0; bits < 0xffffffffu - stride; bits += stride) {
    const auto x = std::bit_cast<float>(bits);
    if (!(x >= from && x <= to)) continue;
    const double y = exact(static_cast<double>(x));
    const float got = f(x);
    if (std::abs(y) > 0x1.fffffep127) {
      EXPECT_TRUE(std::isinf(got)) << x;
      continue;
    }
    worst = std::max(worst, std::abs(static_cast<double>(got) - y) / ulp(y));
  }
  return worst;
}

// The bounds add up, in ulps of a result in [1, 2): rounding of a last operation ½, of the polynomial's last
// addition ½ (a term of at most half the sum counts ¼), the fit ≤ 0.05; a division ½ more; and an exp inside
// counts with the factor by which the function forwards its relative error (below 1 everywhere).
TEST(Elementary, ErrorsAreBelowTwoUnitsInTheLastPlace) {
  const double exp_error = largest_error([](float x) { return elementary::exp(x); },
                                         [](double x) { return std::exp(x); }, -infinity, 88.8f);
  EXPECT_LT(exp_error, 1.1);
  EXPECT_LT(largest_error([](float x) { return elementary::log(x); }, [](double x) { return std::log(x); },
                          0x1p-149f, 0x1.fffffep127f),
            1.1);
  EXPECT_LT(largest_error([](float x) { return elementary::tanh(x); }, [](double x) { return std::tanh(x); },
                          -infinity, infinity),
            1.5);
  EXPECT_LT(largest_error([](float x) { return elementary::erf(x); }, [](double x) { return std::erf(x); },
                          -infinity, infinity),
            1.6);
  EXPECT_LT(largest_error([](float x) { return elementary::logistic(x); },
                          [](double x) { return 1 / (1 + std::exp(-x)); }, -infinity, infinity),
            2.0);  // exp 1 forwarded by 9/16, twice of that a binade below; quotient ½, and its correction
}

TEST(Elementary, LimitsAndNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (float (*f)(float) noexcept : {static_cast<float (*)(float) noexcept>(elementary::exp), elementary::log,
                                     elementary::tanh, elementary::erf, elementary::logistic})
    EXPECT_TRUE(std::isnan(f(nan)));
  EXPECT_EQ(elementary::exp(-infinity), 0);
  EXPECT_EQ(elementary::exp(infinity), infinity);
  EXPECT_EQ(elementary::exp(0.0f), 1);
  EXPECT_EQ(elementary::log(0.0f), -infinity);
  EXPECT_EQ(elementary::log(infinity), infinity);
  EXPECT_EQ(elementary::log(1.0f), 0);
  EXPECT_TRUE(std::isnan(elementary::log(-1.0f)));
  for (const float sign : {-1.0f, 1.0f}) {
    EXPECT_EQ(elementary::tanh(sign * infinity), sign);
    EXPECT_EQ(elementary::erf(sign * infinity), sign);
    EXPECT_EQ(std::signbit(elementary::tanh(sign * 0.0f)), sign < 0);
    EXPECT_EQ(std::signbit(elementary::erf(sign * 0.0f)), sign < 0);
  }
  EXPECT_EQ(elementary::logistic(-infinity), 0);
  EXPECT_EQ(elementary::logistic(infinity), 1);
}

TEST(Elementary, InDouble) {
  for (int i = -7000; i <= 7000; ++i) {
    const double x = 0.1 * i, y = std::exp(x);
    EXPECT_NEAR(elementary::exp(x), y, 0x1p-48 * y) << x;
  }
  // The reduction leaves the rounding of quarter·part, 2⁻⁵³ of x at most.
  for (int i = 0; i <= 10000; ++i) {
    const double x = i < 5000 ? 0.003 * i : 97.3 * (i - 4999);
    const auto [sine, cosine] = elementary::sine_cosine(x);
    EXPECT_NEAR(sine, std::sin(x), 0x1p-50 * (4 + x)) << x;
    EXPECT_NEAR(cosine, std::cos(x), 0x1p-50 * (4 + x)) << x;
  }
}

}  // namespace
}  // namespace fringe
