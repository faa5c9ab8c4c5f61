#include "workloads/split.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
std::vector<int> stratified_folds(const Dataset& data, int folds, std::uint64_t seed) {
  if (folds < 2 || static_cast<std::size_t>(folds) > data.samples)
    throw Error("folds = " + std::to_string(folds) + " for " + std::to_string(data.samples) +
                " samples; must be at least 2 and at most one per sample");
  const bool by_label = data.classes > 0 && data.labels_per_sample == 1;
  std::vector<std::vector<std::pair<std::uint64_t, std::size_t>>> by_class(by_label ? data.classes : 1);
  const DrawStream stream = stream_of({.seed = seed, .purpose = Purpose::fold});
  for (std::size_t i = 0; i < data.samples; ++i) {
    const auto words = random_block(stream, i);
    by_class.at(by_label ? static_cast<std::size_t>(data.labels[i]) : 0)
        .emplace_back(std::uint64_t{words[0]} << 32 | words[1], i);
  }
  std::vector<int> fold(data.samples);
  int next = 0;
  for (auto& members : by_class) {
    std::sort(members.begin(), members.end());
    for (const auto& member : members) {
      fold[member.second] = next;
      next = (next + 1) % folds;
    }
  }
  return fold;
}

Split fold_split(std::span<const int> folds, int k) {
  Split split;
  for (std::size_t i = 0; i < folds.size(); ++i)
    (folds[i] == k ? split.test : split.train).push_back(static_cast<std::uint32_t>(i));
  if (split.test.empty()) throw Error("fold " + std::to_string(k) + " has no samples; folds count from 0");
  return split;
}

Split ordered_split(const Dataset& data, double train_fraction) {
  const double train = std::floor(train_fraction * static_cast<double>(data.samples));
  if (!(train >= 1 && train <= static_cast<double>(data.samples) - 1))  // also refuses NaN
    throw Error("train fraction = " + std::to_string(train_fraction) + " of " + std::to_string(data.samples) +
                " samples; must leave at least one sample on each side");
  const std::vector<std::uint32_t> rows = all_rows(data);
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(train);
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

}  // namespace fringe
