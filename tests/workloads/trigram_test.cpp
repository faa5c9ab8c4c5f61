// Counted trigrams against a case by hand and against what every distribution must be.
#include "workloads/trigram.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "expect_error.hpp"
#include "workloads/novel.hpp"
#include "workloads/split.hpp"
#include "workloads/text_windows.hpp"

namespace fringe {
namespace {

using testing::expect_error;

constexpr double rounding = 16 * 0x1p-53;  // a dozen operations on numbers of order 1

// "aaba" in one window: a a b are read, a b a follow. With D = 1/2, by hand:
//   P(a) = (3/2 + 1/2·2·1/2)/3 = 2/3, P(b) = 1/3;
//   behind a stood a and b: P(a|a) = (1/2 + 1/2·2·2/3)/2 = 7/12; behind b stood a: P(a|b) = 1/2 + 1/2·2/3 =
//   5/6; behind aa stood b: P(b|aa) = 1/2 + 1/2·5/12 = 17/24; behind ab stood a: P(a|ab) = 1/2 + 1/2·5/6 =
//   11/12; behind ba nothing: P(a|ba) = P(a|a).
TEST(Trigram, IsWhatHandsCount) {
  const Dataset data = parse_text("aaba", "hand", 3);
  const std::vector<std::uint32_t> rows{0};
  const Trigram counted(data, rows, 0.5);
  std::vector<double> p(2);
  const auto a_behind = [&](std::int32_t before, std::int32_t last) {
    counted.probabilities(before, last, p);
    return p[0];
  };
  EXPECT_NEAR(a_behind(-1, 0), 7.0 / 12, rounding);
  EXPECT_NEAR(a_behind(-1, 1), 5.0 / 6, rounding);
  EXPECT_NEAR(a_behind(0, 0), 7.0 / 24, rounding);
  EXPECT_NEAR(a_behind(0, 1), 11.0 / 12, rounding);
  EXPECT_NEAR(a_behind(1, 0), 7.0 / 12, rounding);
  EXPECT_NEAR(counted.loss(data, rows), -std::log(7.0 / 12 * 17 / 24 * 11 / 12) / 3, rounding);
}

TEST(Trigram, ProbabilitiesAddUpToOneBehindEveryHistory) {
  const Dataset data = parse_text(northanger_abbey().substr(0, 64 * 50 + 1), "novel", 64);
  const Trigram counted(data, ordered_split(data, 0.5).train, 0.7);
  std::vector<double> p(data.classes);
  for (std::int32_t before = -1; before < static_cast<std::int32_t>(data.classes); ++before)
    for (std::int32_t last = 0; last < static_cast<std::int32_t>(data.classes); ++last) {
      counted.probabilities(before, last, p);
      double sum = 0;
      for (const double each : p) {
        EXPECT_GT(each, 0);
        sum += each;
      }
      EXPECT_NEAR(sum, 1, 4 * static_cast<double>(data.classes) * 0x1p-53) << before << " " << last;
    }
}

// The discount is chosen without a look at what it is judged on: other test rows leave it as it was.
TEST(Trigram, TheDiscountIsChosenOnTrainingRowsAlone) {
  const Dataset data = parse_text(northanger_abbey().substr(0, 64 * 200 + 1), "novel", 64);
  const Split split = ordered_split(data, 0.9);
  const Trigram fitted = fitted_trigram(data, split.train);
  const std::size_t counted = split.train.size() - split.train.size() / 10;
  const std::span<const std::uint32_t> train(split.train);
  const auto judged = [&](double discount) {
    return Trigram(data, train.first(counted), discount).loss(data, train.subspan(counted));
  };
  for (const double other : {0.05, 0.3, 0.6, 0.95}) EXPECT_LE(judged(fitted.discount()), judged(other));
  // Counting more of the text tells more of its end.
  EXPECT_LT(fitted.loss(data, split.test),
            Trigram(data, train.first(20), fitted.discount()).loss(data, split.test));
}

TEST(Trigram, SaysWhatItDoesNotTake) {
  const Dataset data = parse_text("aaba", "hand", 3);
  const std::vector<std::uint32_t> one{0};
  expect_error([&] { Trigram(data, one, 1); }, {"discount", "between 0 and 1"});
  expect_error([&] { fitted_trigram(data, one); }, {"hand", "two windows"});
  Dataset classes = data;
  classes.labels_per_sample = 1;
  expect_error([&] { Trigram(classes, one, 0.5); }, {"hand", "token by token"});
  Dataset many = data;
  many.classes = 257;
  expect_error([&] { Trigram(many, one, 0.5); }, {"257", "at most 256"});
}

TEST(Novel, IsTheTextOfItsAttribution) {
  const std::string_view text = northanger_abbey();
  EXPECT_EQ(text.size(), 432092u);
  EXPECT_TRUE(text.starts_with("CHAPTER 1\n"));
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  EXPECT_EQ(hash, 0x4ceac5e5ebfc478fu);
  EXPECT_EQ(parse_text(text, "novel", 64).classes, 74u);
}

}  // namespace
}  // namespace fringe
