// The search for positive constants, on an error whose least is known.
#include "core/log_search.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace fringe {
namespace {

/// Along the valley x·y = 12 only a pair of constants lowers the error: one alone climbs ten times as fast.
TEST(LogSearch, FollowsAKinkWithPairs) {
  const auto error = [](std::span<const double> x) {
    return 10 * std::abs(std::log(x[0] * x[1] / 12)) + std::abs(std::log(x[0] / 3)) +
           std::abs(std::log(x[2] / 5e9));
  };
  const std::vector<double> found = least_error({1, 12, 1e9}, error);
  // The last step is 0.4/2^7; a constant ends within it, times the two that a pair may both be off.
  const double last = 0.4 / 128;
  EXPECT_NEAR(std::log(found[0] / 3), 0, 2 * last);
  EXPECT_NEAR(std::log(found[1] / 4), 0, 2 * last);
  EXPECT_NEAR(std::log(found[2] / 5e9), 0, 2 * last);
}

TEST(LogSearch, StaysAtTheLeast) {
  const std::vector<double> start{2, 3};
  const auto error = [&](std::span<const double> x) {
    return std::abs(std::log(x[0] / 2)) + std::abs(std::log(x[1] / 3));
  };
  EXPECT_EQ(least_error(start, error), start);
}

}  // namespace
}  // namespace fringe
