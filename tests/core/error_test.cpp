#include "core/error.hpp"

#include <gtest/gtest.h>

#include <array>

namespace fringe {
namespace {

using Names = std::vector<std::string_view>;

TEST(NearestName, PicksTheSmallestEditDistance) {
  EXPECT_EQ(nearest_name("clement", Names{"reck", "clements", "bell"}), "clements");
  EXPECT_EQ(nearest_name("sitting", Names{"kitten"}),
            "kitten");  // distance 3, Levenshtein's own kind of example
  EXPECT_EQ(nearest_name("h10", Names{"h200", "h100", "a100"}), "h100");
  EXPECT_EQ(nearest_name("ab", Names{"ba", "abc"}), "abc");  // goes on where the name ends
  EXPECT_EQ(nearest_name("exact", Names{"exacts", "exact"}), "exact");
}

TEST(NearestName, GoesOnWhereTheNameEnds) {
  EXPECT_EQ(nearest_name("h100", Names{"h200", "h100-pcie", "h100-sxm"}), "h100-sxm");  // the shortest
  EXPECT_EQ(nearest_name("a100", Names{"a10", "a100-pcie-40gb"}), "a100-pcie-40gb");
}

TEST(NearestName, CountsTradedNeighboursOnce) {
  EXPECT_EQ(nearest_name("fp61", Names{"fp32", "fp16"}), "fp16");
  EXPECT_EQ(nearest_name("ca", Names{"abc", "ac"}), "ac");
}

TEST(NearestName, TheFirstOfEqualsWins) {
  EXPECT_EQ(nearest_name("cat", Names{"bat", "hat"}), "bat");
  EXPECT_EQ(nearest_name("cat", Names{"hat", "bat"}), "hat");
}

// Half the length of the name is as far as a guess goes: 2 edits for a name of 4.
TEST(NearestName, OffersNothingThatIsFar) {
  EXPECT_EQ(nearest_name("abcd", Names{"abxy"}), "abxy");
  EXPECT_EQ(nearest_name("abcd", Names{"axyz"}), "");
  EXPECT_EQ(nearest_name("abcd", Names{"wxyz"}), "");
  EXPECT_EQ(nearest_name("abcd", Names{}), "");
  EXPECT_EQ(nearest_name("", Names{"a"}), "a");
  EXPECT_EQ(nearest_name("", Names{"ab"}), "");
}

TEST(UnknownName, IsOneSentenceWithAWayOut) {
  EXPECT_EQ(unknown_name("mesh", "clemens", Names{"reck", "clements"}),
            "unknown mesh 'clemens'; did you mean 'clements'?");
  EXPECT_EQ(unknown_name("mesh", "zzzzzzzz", Names{"reck", "clements"}),
            "unknown mesh 'zzzzzzzz'; valid names: reck clements");
}

TEST(FindRow, IsTheRowOfThatNameOrAnErrorThatOffersOne) {
  struct Row {
    std::string_view name;
    int value;
  };
  static constexpr std::array<Row, 2> rows{{{"reck", 1}, {"clements", 2}}};
  EXPECT_EQ(&find_row("mesh", "clements", rows), &rows[1]);
  try {
    find_row("mesh", "clemens", rows);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "unknown mesh 'clemens'; did you mean 'clements'?");
  }
}

TEST(Error, CarriesItsSentence) {
  try {
    throw Error("seed: -1 must not be negative");
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "seed: -1 must not be negative");
  }
}

}  // namespace
}  // namespace fringe
