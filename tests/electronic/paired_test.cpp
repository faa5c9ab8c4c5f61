// The statistics by which a benchmark says that ours is slower than a peer.
#include "bench/paired.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace fringe::bench {
namespace {

TEST(Paired, SignedRankCountsSignPatterns) {
  // All n positive: one pattern of 2ⁿ.
  EXPECT_EQ(signed_rank_p({1, 2, 3, 4, 5}), 1.0 / 32);
  // Ranks 1, 2, 3 with the first negative: W = 5 or 6 in two patterns of 8.
  EXPECT_EQ(signed_rank_p({-1, 2, 3}), 2.0 / 8);
  // Ties share rank 1.5: the sums 0, 1.5, 1.5, 3.
  EXPECT_EQ(signed_rank_p({1, -1}), 3.0 / 4);
  EXPECT_EQ(signed_rank_p({0, 0, 2, 4}), 1.0 / 4);  // zeros are left out
  EXPECT_EQ(signed_rank_p({}), 1);
}

TEST(Paired, SignedRankIsSymmetricAndMeetsTheNormalLaw) {
  std::vector<double> d;
  for (int i = 1; i <= 40; ++i) d.push_back(i % 3 == 0 ? -i : i);
  std::vector<double> negated;
  for (const double x : d) negated.push_back(-x);
  // P(W ≥ w) + P(W ≤ w) = 1 + P(W = w), and P(W = w) is at most the normal density of the deviation below.
  const double n = 40, deviation = std::sqrt(n * (n + 1) * (2 * n + 1) / 24), mean = n * (n + 1) / 4;
  const double both = signed_rank_p(d) + signed_rank_p(negated);
  EXPECT_GT(both, 1);
  EXPECT_LT(both, 1 + 1 / deviation);
  double w = 0;
  for (const double x : d) w += x > 0 ? x : 0;
  const double normal = std::erfc((w - 0.5 - mean) / deviation / std::sqrt(2.0)) / 2;
  // Edgeworth's next term is of relative order 1/n.
  EXPECT_NEAR(signed_rank_p(d), normal, normal / n);
}

TEST(Paired, VerdictNeedsMoreThanChance) {
  std::vector<Turn> turns(30, Turn{1.01, 1.0});
  EXPECT_EQ(judge(turns).word, "slower");
  EXPECT_DOUBLE_EQ(judge(turns).ratio, 1.01);
  for (Turn& t : turns) t = {1.0, 1.01};
  EXPECT_EQ(judge(turns).word, "faster");
  for (std::size_t i = 0; i < turns.size(); ++i) turns[i] = {i % 2 ? 1.01 : 1.0, i % 2 ? 1.0 : 1.01};
  EXPECT_EQ(judge(turns).word, "same");
}

TEST(Paired, TurnsAlternateAndMediansAreOfAllTurns) {
  std::string order;
  double time = 0;
  const auto turns = in_turns(
      4,
      [&] {
        order += 'o';
        return ++time;
      },
      [&] {
        order += 'p';
        return 10.0;
      });
  EXPECT_EQ(order, "oppooppo");
  EXPECT_EQ(judge(turns).ours_s, 2.5);
  EXPECT_EQ(median({3, 1, 2}), 2);
}

// The machine was half as fast in the second round: the medians of the two ways are of different rounds.
TEST(Paired, RatiosOfRoundsAreTakenRoundByRound) {
  const Rounds<2> rounds({{3, 1}, {4, 2}, {2, 1}});
  EXPECT_EQ(rounds.seconds(0), 3);
  EXPECT_EQ(rounds.seconds(1), 1);
  EXPECT_EQ(rounds.ratio(0, 1), 2);
  EXPECT_EQ(rounds.median_of([](const auto& round) { return round[0] - round[1]; }), 2);
}

}  // namespace
}  // namespace fringe::bench
