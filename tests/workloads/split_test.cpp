#include "workloads/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "expect_error.hpp"
#include "workloads/audit.hpp"
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

// 600 samples of three classes by 40 subjects, of whom each shows mostly one class; the first has a quarter
// of all samples. Subjects' numbers are any.
Dataset by_subject() {
  Dataset data;
  data.name = "subjects";
  data.features = 1;
  data.classes = 3;
  data.samples = 600;
  for (std::size_t i = 0; i < data.samples; ++i) {
    const std::size_t subject = i < 150 ? 0 : 1 + (7 * i) % 39;
    data.groups.push_back(static_cast<std::int32_t>(1000 - 50 * static_cast<int>(subject)));
    data.labels.push_back(static_cast<std::int32_t>(i % 5 == 0 ? i % 3 : subject % 3));
    data.values.push_back(static_cast<float>(i));
  }
  return data;
}

TEST(GroupedFolds, KeepEveryGroupOnOneSideAndFoldsEven) {
  const Dataset data = by_subject();
  EXPECT_NO_THROW(validate(data));
  for (const int folds : {2, 3, 4, 40}) {
    const std::vector<int> fold = grouped_folds(data, folds, 4);
    for (int k = 0; k < folds; ++k) {
      const Split split = fold_split(fold, k);
      expect_partition(data, split);
      EXPECT_EQ(audit(data, split).shared_groups, 0u);
    }
    // Where each group goes to the emptiest fold, no two folds differ by more than the largest group.
    Dataset unlabelled = data;
    unlabelled.classes = 0;
    std::vector<std::size_t> total(static_cast<std::size_t>(folds));
    for (const int k : grouped_folds(unlabelled, folds, 4)) ++total.at(static_cast<std::size_t>(k));
    const auto [least, most] = std::minmax_element(total.begin(), total.end());
    EXPECT_LE(*most - *least, 150u);
    if (folds == 40) continue;
    // Classes that the largest group hardly shows are dealt in groups of 11 or 12 samples of mostly one.
    for (std::size_t c = 1; c < data.classes; ++c) {
      std::vector<int> held(static_cast<std::size_t>(folds));
      for (std::size_t i = 0; i < data.samples; ++i)
        if (static_cast<std::size_t>(data.labels[i]) == c) ++held[static_cast<std::size_t>(fold[i])];
      const auto [fewest, greatest] = std::minmax_element(held.begin(), held.end());
      EXPECT_LE(*greatest - *fewest, 2 * 12) << c;
    }
  }
  EXPECT_EQ(grouped_folds(data, 5, 1), grouped_folds(data, 5, 1));
  EXPECT_NE(grouped_folds(data, 5, 1), grouped_folds(data, 5, 2))
      << "groups of one size are dealt by the seed";
  expect_error([&] { grouped_folds(data, 41, 1); },
               {"folds = 41", "40 groups", "'subjects'", "one per group"});
  expect_error([&] { grouped_folds(data, 1, 1); }, {"folds = 1", "at least 2"});
  expect_error([&] { grouped_folds(small(), 2, 1); }, {"'small'", "no groups"});
}

TEST(OrderedSplit, OfGroupsEndsWhereOneEnds) {
  Dataset data = small();
  const auto split_at = [&](std::vector<std::int32_t> groups) {
    data.groups = std::move(groups);
    const std::optional<Split> split = ordered_group_split(data, 0.75);  // 17.25 of 23
    if (!split) return std::size_t{0};
    expect_partition(data, *split);
    EXPECT_EQ(audit(data, *split).shared_groups, 0u);
    return split->train.size();
  };
  std::vector<std::int32_t> groups(23, 5);
  EXPECT_EQ(split_at(groups), 0u) << "a group alone";
  std::fill(groups.begin(), groups.begin() + 9, 2);
  EXPECT_EQ(split_at(groups), 9u);
  std::fill(groups.begin() + 21, groups.end(), 1);
  EXPECT_EQ(split_at(groups), 21u) << "4 from where it should be, not 8";
  groups[22] = 2;
  EXPECT_EQ(split_at(groups), 0u) << "the first group comes again at the end";
  for (std::size_t i = 0; i < 23; ++i) groups[i] = static_cast<std::int32_t>(i / 2);
  EXPECT_EQ(split_at(groups), 16u) << "the earlier of 16 and 18";
  expect_error([&] { ordered_group_split(small(), 0.75); }, {"no groups"});
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
  expect_error([&] { validate(broken([](Dataset& d) { d.classes = 0; })); },
               {"0 classes", "0 target numbers"});
  expect_error([&] { validate(broken([](Dataset& d) { d.shape = {3}; })); }, {"shape of 3", "2"});
  expect_error([&] { validate(broken([](Dataset& d) { d.outputs = 1; })); }, {"0 target values", "23"});
  expect_error([&] { validate(broken([](Dataset& d) { d.groups = {1}; })); }, {"1 groups", "23"});
  expect_error(
      [&] { validate(broken([](Dataset& d) { d.values[7] = std::numeric_limits<float>::infinity(); })); },
      {"feature 1", "sample 3", "finite"});
}

TEST(Dataset, JoinsSamplesOfOneForm) {
  Dataset a = small(), b = small();
  a.groups.assign(23, 1);
  b.groups.assign(23, 2);
  const Dataset both = joined(a, b);
  EXPECT_NO_THROW(validate(both));
  EXPECT_EQ(both.samples, 46u);
  EXPECT_EQ(both.groups[22], 1);
  EXPECT_EQ(both.groups[23], 2);
  EXPECT_TRUE(std::ranges::equal(both.sample(25), b.sample(2)));
  b.groups.clear();
  EXPECT_TRUE(joined(a, b).groups.empty());
  b.features = 1;
  b.values.resize(23);
  expect_error([&] { joined(a, b); }, {"2 features", "1 features", "one form"});
}

TEST(Dataset, GathersTargetsAndLabelsPerToken) {
  Dataset data = small();
  data.outputs = 2;
  data.targets = data.values;
  data.labels_per_sample = 2;
  data.labels.resize(46);
  for (std::size_t i = 0; i < 46; ++i) data.labels[i] = static_cast<std::int32_t>(i % 3);
  EXPECT_NO_THROW(validate(data));
  const std::vector<std::uint32_t> rows{22, 5, 0};
  std::vector<float> targets(6);
  std::vector<std::int32_t> labels(6);
  gather_targets(data, rows, {targets.data(), 2, 3});
  gather_labels(data, rows, labels);
  for (std::size_t b = 0; b < 3; ++b)
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(targets[k * 3 + b], data.targets[rows[b] * 2 + k]);
      EXPECT_EQ(labels[k * 3 + b], data.labels[rows[b] * 2 + k]) << "token by token";
    }
}

TEST(Folds, WithoutLabelsDealOutOneClass) {
  Dataset data = small();
  data.labels.clear();
  data.classes = 0;
  data.outputs = 1;
  data.targets.assign(23, 0.0f);
  std::vector<int> counts(5);
  for (const int k : stratified_folds(data, 5, 3)) ++counts.at(static_cast<std::size_t>(k));
  expect_even(counts);
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
