// When the warm-up of a measured price ends. Times are told, not taken.
#include "electronic/steady.hpp"

#include <gtest/gtest.h>

#include <array>

namespace fringe {
namespace {

TEST(Steady, WaitsUntilMediansAgree) {
  // Each execution is a tenth faster than the one before until it takes 1 ms.
  double now = 0.01;
  int last_rounds = -1000;
  const auto round = [&] {
    ++last_rounds;
    now = std::max(0.9 * now, 1e-3);
    return std::array{now};
  };
  const Timing t = time_steadily(round, [&] { last_rounds = 0; });
  EXPECT_TRUE(t.steady);
  EXPECT_EQ(t.median_s, 1e-3);
  EXPECT_EQ(t.spread_s, 0);
  EXPECT_NEAR(last_rounds, 20, 1);  // 20 ms of 1 ms, and only those are in the result
}

TEST(Steady, GivesUpAndSaysSo) {
  double now = 1e-3, told = 0;
  const auto round = [&] {
    now *= 1.01;
    told += now;
    return std::array{now};
  };
  const Timing t = time_steadily(round, [] {});
  EXPECT_FALSE(t.steady);
  EXPECT_GT(t.spread_s, 0);
  EXPECT_GT(told, 0.5);
}

TEST(Steady, LongWorkIsTimedFiveTimes) {
  int rounds = 0;
  const auto round = [&] {
    ++rounds;
    return std::array{2.0};
  };
  time_steadily(round, [&] { rounds = 0; });
  EXPECT_EQ(rounds, 5);
}

TEST(Steady, QuartilesOfAKnownSample) {
  const Timing t = timing_of({9, 1, 5, 3, 7});
  EXPECT_EQ(t.median_s, 5);
  EXPECT_EQ(t.spread_s, 4);  // from 3 to 7
}

}  // namespace
}  // namespace fringe
