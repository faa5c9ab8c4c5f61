#include "photonics/converters.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

float one(float x, const Quantiser& q) {
  quantise({&x, 1}, q);
  return x;
}

std::vector<float> ramp(float low, float high, std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i)
    x[i] = low + (high - low) * static_cast<float>(i) / static_cast<float>(count - 1);
  return x;
}

TEST(Quantiser, RoundsToTheNearestLevel) {
  const Quantiser q = make_quantiser(1, 3);  // step 2/8
  EXPECT_EQ(q.step, 0.25f);
  EXPECT_EQ(one(0.0f, q), 0.0f);
  EXPECT_EQ(one(0.12f, q), 0.0f);
  EXPECT_EQ(one(0.13f, q), 0.25f);
  EXPECT_EQ(one(-0.6f, q), -0.5f);
  EXPECT_EQ(one(0.99f, q), 1.0f);
}

// The squared rounding error of x is step²/12·(1 + (12/π²)·Σ (−1)ⁿ cos(2πn·x/step)/n²). Over a sine of
// amplitude range = step·2^b/2 the cosines average to J₀(πn·2^b), below √(2/(π·πn·2^b)): the noise is
// step²/12 within (12/π²)·(√2/π)·ζ(5/2)·2^(−b/2) = 0.735·2^(−b/2) of it.
TEST(Quantiser, FullScaleSineHasTheSnrOfItsEffectiveBits) {
  for (const double enob : {5.0, 6.5, 7.76, 8.3, 10.0}) {
    const Quantiser q = make_quantiser(1, enob);
    constexpr std::size_t samples = 1 << 17;
    std::vector<float> x(samples);
    for (std::size_t i = 0; i < samples; ++i)
      x[i] = static_cast<float>(std::sin(2 * pi * 8191.0 * static_cast<double>(i) / samples + 0.1));
    std::vector<float> y = x;
    quantise(y, q);
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i < samples; ++i) {
      signal += static_cast<double>(x[i]) * x[i];
      noise += std::pow(static_cast<double>(y[i]) - x[i], 2);
    }
    const double expected = 1.5 * std::pow(4.0, enob);
    EXPECT_NEAR(noise / signal * expected, 1.0, 0.735 * std::exp2(-enob / 2)) << enob;
    EXPECT_NEAR(10 * std::log10(expected), 6.02 * enob + 1.76, 0.0006 * enob + 0.001);
  }
}

TEST(Quantiser, ErrorIsAtMostHalfAStepInsideTheRange) {
  for (const double enob : {1.0, 2.3, 5.5, 7.76, 12.0, 16.0}) {
    const Quantiser q = make_quantiser(0.7f, enob);
    const std::vector<float> x = ramp(-0.7f, 0.7f, 4001);
    std::vector<float> y = x;
    quantise(y, q);
    // Rounding of x/step and of the product: 2 ulp of the range.
    const float bound = q.step / 2 + 2 * 0.7f * std::numeric_limits<float>::epsilon();
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_LE(std::abs(y[i] - x[i]), bound) << enob << ' ' << x[i];
  }
}

TEST(Quantiser, IsIdempotentSymmetricAndMonotone) {
  for (const double enob : {1.0, 2.3, 5.5, 7.76, 12.0, 20.0}) {
    const Quantiser q = make_quantiser(1.3f, enob);
    const std::vector<float> x = ramp(-2.0f, 2.0f, 3001);
    std::vector<float> y = x, mirrored = x;
    quantise(y, q);
    for (float& v : mirrored) v = -v;
    quantise(mirrored, q);
    std::vector<float> twice = y;
    quantise(twice, q);
    EXPECT_EQ(twice, y) << enob;
    EXPECT_TRUE(std::is_sorted(y.begin(), y.end())) << enob;
    for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(mirrored[i], -y[i]) << enob << ' ' << x[i];
  }
}

TEST(Quantiser, ClipsWhatLiesOutside) {
  const Quantiser q = make_quantiser(2, 8);
  EXPECT_EQ(one(5.0f, q), 2.0f);
  EXPECT_EQ(one(-1e30f, q), -2.0f);
  EXPECT_EQ(one(std::numeric_limits<float>::infinity(), q), 2.0f);
  EXPECT_TRUE(std::isnan(one(std::numeric_limits<float>::quiet_NaN(), q)));
}

TEST(Quantiser, NonIntegerBitsReachTheRangeToHalfAStep) {
  const Quantiser q = make_quantiser(1, 2.3);
  EXPECT_FLOAT_EQ(q.step, static_cast<float>(2 / std::exp2(2.3)));
  EXPECT_LE(std::abs(one(1.0f, q) - 1.0f), q.step / 2);
  EXPECT_EQ(one(9.0f, q), one(1.0f, q));
}

TEST(Quantiser, UnlimitedBitsLeaveEveryBitAlone) {
  std::vector<float> x = ramp(-7, 11, 1001);
  const std::vector<float> before = x;
  quantise(x, make_quantiser(1, infinity));
  EXPECT_EQ(x, before);
}

TEST(Quantiser, RefusesWhatIsNoConverter) {
  EXPECT_THROW(make_quantiser(0, 8), Error);
  EXPECT_THROW(make_quantiser(-1, 8), Error);
  EXPECT_THROW(make_quantiser(std::numeric_limits<float>::infinity(), 8), Error);
  EXPECT_THROW(make_quantiser(1, 0.5), Error);
  EXPECT_THROW(make_quantiser(1, 23), Error);
  EXPECT_THROW(make_quantiser(1, -infinity), Error);
  EXPECT_THROW(make_quantiser(1, std::nan("")), Error);
}

std::vector<StaticCurve> curves(double gain_sigma, double inl, std::uint32_t core,
                                std::size_t channels = 64) {
  return fabricate_curves(channels, gain_sigma, Purpose::input_gain, inl, Purpose::dac_curve, 3, 1, core);
}

TEST(StaticCurve, WithoutErrorsLeavesEveryBitAlone) {
  for (const StaticCurve& curve : curves(0, 0, 0)) {
    std::vector<float> x = ramp(-7, 11, 101);
    const std::vector<float> before = x;
    bend(x, curve, 3);
    EXPECT_EQ(x, before);
  }
}

// The largest deviation is the figure: on 4001 points it is missed by at most half the curvature, 4·inl,
// times the squared half distance of points, and float rounding.
TEST(StaticCurve, LargestDeviationIsTheOneAskedFor) {
  const double inl = 0.01, range = 2.5;
  for (const StaticCurve& curve : curves(0, inl, 0)) {
    const std::vector<float> x = ramp(-2.5f, 2.5f, 4001);
    std::vector<float> y = x;
    bend(y, curve, static_cast<float>(range));
    double most = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      most = std::max(most, std::abs(static_cast<double>(y[i]) - static_cast<double>(x[i])) / range);
    EXPECT_LE(most, inl + 2 * std::numeric_limits<float>::epsilon());
    EXPECT_GE(most, inl * (1 - 8 * std::pow(1.0 / 4000, 2)) - 2 * std::numeric_limits<float>::epsilon());
    EXPECT_EQ(y.front(), x.front()) << "end points are right";
    EXPECT_EQ(y.back(), x.back());
    EXPECT_TRUE(std::is_sorted(y.begin(), y.end()));
  }
}

// Mean and variance of 4096 gains within five standard errors.
TEST(StaticCurve, GainsHaveTheirSpreadAndBelongToTheCore) {
  const std::size_t channels = 4096;
  const auto a = curves(0.02, 0, 0, channels), again = curves(0.02, 0, 0, channels),
             b = curves(0.02, 0, 1, channels);
  double sum = 0, square = 0, product = 0;
  for (std::size_t k = 0; k < channels; ++k) {
    EXPECT_EQ(a[k].gain, again[k].gain);
    const double x = a[k].gain - 1.0, y = b[k].gain - 1.0;
    sum += x;
    square += x * x;
    product += x * y;
  }
  const double count = static_cast<double>(channels);
  EXPECT_NEAR(sum / count / 0.02, 0, 5 / std::sqrt(count));
  EXPECT_NEAR(square / count / 4e-4, 1, 5 * std::sqrt(2 / count));
  EXPECT_NEAR(product / count / 4e-4, 0, 5 / std::sqrt(count)) << "two cores";
}

TEST(Converter, NonLinearityInStepsOfItsNominalBits) {
  EXPECT_DOUBLE_EQ(inl_over_full_scale(find_converter("adc-5gs"), 0.5), 0.5 * 2 / 1024);
}

// SNR −20·lg(2π·f·σ_t): 64.04 dB for 100 fs at 1 GHz. Sampled directly: a sine at instants off by normal
// errors; variance of 4096 samples within five standard errors (kurtosis of the product of a cosine and a
// normal: 4.5).
TEST(Jitter, LimitsTheSnrOfAFullScaleSine) {
  EXPECT_NEAR(-20 * std::log10(jitter_rad(1e9, 100e-15)), 64.04, 0.005);
  const double f = 2.5e9, sigma_s = 1e-12;
  const std::size_t samples = 4096;
  std::vector<float> normals(samples);
  fill_normal(normals, Draw{1, Purpose::test, 7});
  double noise = 0;
  for (std::size_t i = 0; i < samples; ++i) {
    const double t = (static_cast<double>(i) * 1021 / samples + 0.1) / f;
    noise += std::pow(std::sin(2 * pi * f * (t + sigma_s * normals[i])) - std::sin(2 * pi * f * t), 2);
  }
  const double count = static_cast<double>(samples);
  EXPECT_NEAR(noise / count / (0.5 * std::pow(jitter_rad(f, sigma_s), 2)), 1, 5 * std::sqrt(3.5 / count));
}

TEST(Jitter, FoldsIntoEffectiveBits) {
  EXPECT_EQ(bits_with_jitter(7.5, 0), 7.5);
  EXPECT_EQ(bits_with_jitter(0, 0), 0);
  // Jitter as strong as the converter's own noise costs half a bit.
  const double own = std::sqrt(1 / (1.5 * std::pow(4.0, 7.5)));
  EXPECT_NEAR(bits_with_jitter(7.5, own), 7.0, 1e-14);
  // Alone it leaves the bits of its SNR.
  EXPECT_NEAR(6.0206 * bits_with_jitter(0, 1e-3) + 1.7609, 60, 0.0001 * 10 + 0.0001);
  EXPECT_EQ(bits_with_jitter(0, 1e-9), 0) << "beyond 22 bits: none";
  EXPECT_THROW(bits_with_jitter(8, 1), Error);
}

// Published figures of merit, to the digits they are printed with.
TEST(Converter, FigureOfMeritIsThePublishedOne) {
  EXPECT_NEAR(walden_j(find_converter("adc-1.25gs")), 34.4e-15, 0.1e-15);
  EXPECT_NEAR(walden_j(find_converter("adc-800ms")), 59e-15, 1e-15);
}

TEST(Converter, ScalingKeepsTheFigureOfMerit) {
  const Converter& adc = find_converter("adc-5gs");
  const Converter slow = scaled(adc, adc.enob_bits - 2, adc.rate_hz / 8);
  EXPECT_DOUBLE_EQ(walden_j(slow), walden_j(adc));
  EXPECT_DOUBLE_EQ(slow.power_w, adc.power_w / 32);
  EXPECT_DOUBLE_EQ(energy_per_conversion_j(slow), energy_per_conversion_j(adc) / 4);
  EXPECT_DOUBLE_EQ(energy_per_conversion_j(adc), 29e-3 / 5e9);
  EXPECT_EQ(slow.name, adc.name);
  EXPECT_THROW(scaled(adc, 8, adc.rate_hz * 1.01), Error);
  EXPECT_THROW(scaled(adc, 8, 0), Error);
  EXPECT_THROW(scaled(adc, 0.5, 1e9), Error);
  EXPECT_THROW(scaled(adc, infinity, 1e9), Error);
}

}  // namespace
}  // namespace fringe
