#include "workloads/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "expect_error.hpp"
#include "workloads/digits.hpp"

namespace fringe {
namespace {

using testing::expect_error;

// 23 samples of three unequal classes; features are the sample's number, but samples 4 and 20 are the same.
Dataset small() {
  Dataset data;
  data.name = "small";
  data.features = 2;
  data.classes = 3;
  data.samples = 23;
  for (std::size_t i = 0; i < data.samples; ++i) {
    data.labels.push_back(i < 11 ? 0 : static_cast<int>(i % 2) + 1);
    const auto value = static_cast<float>(i == 20 ? 4 : i);
    data.values.insert(data.values.end(), {value, 0.5f});
  }
  return data;
}

void expect_partition(const Dataset& data, const Split& split) {
  std::vector<std::uint32_t> all;
  all.insert(all.end(), split.train.begin(), split.train.end());
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, all_rows(data)) << "each sample once, on one side";
  EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
  EXPECT_TRUE(std::is_sorted(split.test.begin(), split.test.end()));
}

void expect_even(const std::vector<int>& counts) {
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  EXPECT_LE(*most - *least, 1);
}

TEST(Folds, AreStratifiedDisjointAndComplete) {
  for (const Dataset& data : {small(), optical_digits()})
    for (const int folds : {2, 5, 10}) {
      const std::vector<int> fold = stratified_folds(data, folds, 4);
      std::vector<int> total(static_cast<std::size_t>(folds));
      for (std::size_t c = 0; c < data.classes; ++c) {
        std::vector<int> counts(static_cast<std::size_t>(folds));
        for (std::size_t i = 0; i < data.samples; ++i)
          if (static_cast<std::size_t>(data.labels[i]) == c) {
            ++counts.at(static_cast<std::size_t>(fold[i]));
            ++total[static_cast<std::size_t>(fold[i])];
          }
        expect_even(counts);
      }
      expect_even(total);
      for (int k = 0; k < folds; ++k) {
        const Split split = fold_split(fold, k);
        expect_partition(data, split);
        for (const std::uint32_t i : split.test) EXPECT_EQ(fold[i], k);
      }
    }
}

// Two independent deals of 1797 samples into 5 folds agree on a fifth of them, ± 5·√(n·0.2·0.8).
TEST(Folds, DependOnTheSeedAlone) {
  const Dataset& data = optical_digits();
  const auto a = stratified_folds(data, 5, 1), again = stratified_folds(data, 5, 1),
             b = stratified_folds(data, 5, 2);
  EXPECT_EQ(a, again);
  double same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1 : 0;
  const auto n = static_cast<double>(data.samples);
  EXPECT_NEAR(same, 0.2 * n, 5 * std::sqrt(n * 0.2 * 0.8));
}

TEST(Folds, RefuseNumbersThatLeaveNothing) {
  const Dataset data = small();
  expect_error([&] { stratified_folds(data, 1, 0); }, {"folds = 1", "at least 2"});
  expect_error([&] { stratified_folds(data, 24, 0); }, {"folds = 24", "23 samples"});
  const auto fold = stratified_folds(data, 2, 0);
  expect_error([&] { fold_split(fold, 2); }, {"fold 2", "no samples"});
  expect_error([&] { fold_split(fold, -1); }, {"fold -1"});
}

TEST(OrderedSplit, KeepsTheOrderOfTheFile) {
  const Split split = ordered_split(optical_digits(), 0.75);
  expect_partition(optical_digits(), split);
  EXPECT_EQ(split.train.size(), 1347u);  // ⌊0.75·1797⌋
  EXPECT_EQ(split.test.front(), 1347u);
  const Dataset data = small();
  for (const double fraction : {0.0, 0.01, 1.0, -1.0, 2.0, std::numeric_limits<double>::quiet_NaN()})
    expect_error([&] { ordered_split(data, fraction); }, {"train fraction", "23 samples", "each side"});
}

TEST(LeakCount, FindsExactDuplicatesAcrossTheSplit) {
  const Dataset data = small();
  EXPECT_EQ(leak_count(data, ordered_split(data, 0.5)), 1u);   // 4 trains, 20 tests
  EXPECT_EQ(leak_count(data, ordered_split(data, 0.95)), 0u);  // both train
  EXPECT_EQ(leak_count(optical_digits(), ordered_split(optical_digits(), 0.75)), 0u);
}

TEST(Dataset, ValidationNamesTheFirstFault) {
  const auto broken = [](auto change) {
    Dataset data = small();
    change(data);
    return data;
  };
  EXPECT_NO_THROW(validate(small()));
  expect_error([&] { validate(broken([](Dataset& d) { d.features = 0; })); }, {"'small'", "0 features"});
  expect_error([&] { validate(broken([](Dataset& d) { d.values.pop_back(); })); }, {"45 values", "46"});
  expect_error([&] { validate(broken([](Dataset& d) { d.labels.pop_back(); })); }, {"22 labels", "23"});
  expect_error([&] { validate(broken([](Dataset& d) { d.labels[9] = 3; })); },
               {"label 3", "sample 9", "0 to 2"});
  expect_error([&] { validate(broken([](Dataset& d) { d.labels[9] = -1; })); }, {"label -1", "sample 9"});
}

TEST(Dataset, GatherPutsTheBatchInnermost) {
  const Dataset& data = optical_digits();
  const std::vector<std::uint32_t> rows{1796, 0, 17};
  std::vector<float> x(data.features * 4, -1.0f);
  std::vector<std::int32_t> labels(3);
  gather(data, rows, {x.data(), data.features, 3, 4});
  gather_labels(data, rows, labels);
  for (std::size_t f = 0; f < data.features; ++f) {
    for (std::size_t b = 0; b < 3; ++b) EXPECT_EQ(x[f * 4 + b], data.values[rows[b] * data.features + f]);
    EXPECT_EQ(x[f * 4 + 3], -1.0f) << "nothing outside the view";
  }
  for (std::size_t b = 0; b < 3; ++b) EXPECT_EQ(labels[b], data.labels[rows[b]]);
}

}  // namespace
}  // namespace fringe
