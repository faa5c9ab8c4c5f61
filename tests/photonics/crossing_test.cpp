// Crossing types: what each can reach, and how its phases are found.
#include "photonics/crossing.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/draw.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

constexpr double rounding = 16 * std::numeric_limits<double>::epsilon();

/// A unitary with |T₁₁|² = sin²h.
Matrix2 target_of(double h, double a, double b, double c) {
  const Complex i{0, 1};
  return {i * std::polar(1.0, a + b) * std::sin(h), i * std::polar(1.0, a + c) * std::cos(h),
          i * std::polar(1.0, b - c) * std::cos(h), -i * std::polar(1.0, 0.0) * std::sin(h)};
}

/// Largest difference of the target and the crossing's outputs behind their lags.
double missed(const Crossing& crossing, const CrossingErrors& errors, const Matrix2& target,
              CorrectionGoal goal = CorrectionGoal::field) {
  const CrossingSetting s = solve(crossing, errors, target, 0.7, goal);
  const Matrix2 t = transfer(crossing, s.theta_rad, s.phi_rad, errors);
  double most = 0;
  for (std::size_t e = 0; e < 4; ++e)
    most = std::max(most,
                    std::abs(std::polar(1.0, e < 2 ? s.upper_lag_rad : s.lower_lag_rad) * t[e] - target[e]));
  return most;
}

TEST(Crossing, TableIsComplete) {
  for (const Crossing& crossing : crossings()) {
    EXPECT_FALSE(crossing.source.empty()) << crossing.name;
    EXPECT_FALSE(crossing.description.empty()) << crossing.name;
    EXPECT_EQ(&find_crossing(crossing.name), &crossing);
    EXPECT_EQ(crossing.splitters, 2 + (crossing.front_rad != 0));
  }
  EXPECT_EQ(mzi_crossing().name, "mzi");
}

// Splitters and shifters are lossless; unequal arms lose light and never make any.
TEST(Crossing, IsUnitaryAndPassive) {
  for (const Crossing& crossing : crossings())
    for (const double imbalance : {0.0, 1.0, -1.0}) {
      const Matrix2 t = transfer(crossing, 1.2, 3.4, {0.05, -0.02, 0.03, imbalance});
      const double upper = std::norm(t[0]) + std::norm(t[2]), lower = std::norm(t[1]) + std::norm(t[3]);
      if (imbalance == 0) {
        EXPECT_NEAR(upper, 1, rounding) << crossing.name;
        EXPECT_NEAR(lower, 1, rounding) << crossing.name;
        EXPECT_LE(std::abs(std::conj(t[0]) * t[1] + std::conj(t[2]) * t[3]), rounding) << crossing.name;
      } else {
        EXPECT_LT(upper, 1) << crossing.name;
        EXPECT_LT(lower, 1) << crossing.name;
        EXPECT_GT(upper + lower, 2 * std::pow(10.0, -0.1)) << crossing.name;
      }
    }
}

// Bar and cross state, worked by hand for each type.
TEST(Crossing, EndsOfTheRange) {
  const auto straight = [](std::string_view name, double theta) {
    return std::norm(transfer(find_crossing(name), theta, 0)[0]);
  };
  EXPECT_EQ(straight("mzi", 0), 0);
  EXPECT_NEAR(straight("mzi", pi), 1, rounding);
  EXPECT_NEAR(straight("symmetric-mzi", 0), 0, rounding);
  EXPECT_NEAR(straight("symmetric-mzi", pi), 1, rounding);
  EXPECT_NEAR(straight("mzi-crossing", 0), 1, rounding);
  EXPECT_NEAR(straight("mzi-crossing", pi), 0, rounding);
  EXPECT_NEAR(straight("3-splitter-mzi", 0), 0.5, rounding);
}

// Every target in reach is met to rounding, whatever the errors; near the ends of the reach a ratio moves
// with the square of theta, so that rounding of it costs its square root there: those are left to the next
// test.
TEST(Crossing, MeetsWhatItCanReach) {
  const DrawStream stream = stream_of({17});
  std::size_t met = 0;
  for (const Crossing& crossing : crossings())
    for (std::uint64_t i = 0; i < 2000; i += 8) {
      const auto u = [&](std::uint64_t e) { return uniform_from_bits(random_bits(stream, i + e)); };
      const CrossingErrors errors{0.2 * (u(0) - 0.5), 0.2 * (u(1) - 0.5), 0.2 * (u(2) - 0.5), 0};
      const Matrix2 target = target_of(pi / 2 * u(3), 2 * pi * u(4), 2 * pi * u(5), 2 * pi * u(6));
      const CrossingSetting setting = solve(crossing, errors, target, 0);
      if (setting.theta_rad < 0.01 || setting.theta_rad > pi - 0.01) continue;
      ++met;
      for (const CorrectionGoal goal : {CorrectionGoal::field, CorrectionGoal::quadrature})
        EXPECT_LE(missed(crossing, errors, target, goal), 1000 * rounding) << crossing.name << " " << i;
    }
  EXPECT_GT(met, 800u);
}

// Exact cross and bar states: the front splitter brings both into the middle of the range; the crossing makes
// the cross state's miss |α − β| instead of |α + β| (Hamerly et al. 2022, fig. 1).
TEST(Crossing, CrossStates) {
  const Matrix2 cross = target_of(0, 0.3, 1.0, 2.0);
  const CrossingErrors same{0.05, 0.05, -0.03, 0}, opposite{0.05, -0.05, 0.02, 0};
  const auto of = [&](std::string_view name, const CrossingErrors& e) {
    return missed(find_crossing(name), e, cross);
  };
  EXPECT_NEAR(of("mzi", same), std::sin(0.1), rounding);
  EXPECT_LE(of("mzi", opposite), rounding);
  EXPECT_LE(of("mzi-crossing", same), 1e-8);  // at the end of the range: √rounding
  EXPECT_NEAR(of("mzi-crossing", opposite), std::sin(0.1), rounding);
  EXPECT_LE(of("3-splitter-mzi", same), rounding);
  EXPECT_LE(of("3-splitter-mzi", opposite), rounding);
}

}  // namespace
}  // namespace fringe
