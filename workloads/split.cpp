#include "workloads/split.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

std::uint64_t sixty_four(const DrawStream& stream, std::uint64_t element) {
  const auto words = random_block(stream, element);
  return std::uint64_t{words[0]} << 32 | words[1];
}

bool by_label(const Dataset& data) { return data.classes > 0 && data.labels_per_sample == 1; }
std::size_t class_of(const Dataset& data, std::size_t i) {
  return by_label(data) ? static_cast<std::size_t>(data.labels[i]) : 0;
}

void require_groups(const Dataset& data) {
  if (data.groups.size() != data.samples)
    throw Error("data set '" + data.name + "': its samples have no groups");
}

Split cut(const Dataset& data, std::size_t at) {
  const std::vector<std::uint32_t> rows = all_rows(data);
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(at);
  return {{rows.begin(), middle}, {middle, rows.end()}};
}

}  // namespace

std::vector<int> stratified_folds(const Dataset& data, int folds, std::uint64_t seed) {
  if (folds < 2 || static_cast<std::size_t>(folds) > data.samples)
    throw Error("folds = " + std::to_string(folds) + " for " + std::to_string(data.samples) +
                " samples; must be at least 2 and at most one per sample");
  std::vector<std::vector<std::pair<std::uint64_t, std::size_t>>> by_class(by_label(data) ? data.classes : 1);
  const DrawStream stream = stream_of({.seed = seed, .purpose = Purpose::fold});
  for (std::size_t i = 0; i < data.samples; ++i)
    by_class.at(class_of(data, i)).emplace_back(sixty_four(stream, i), i);
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

std::vector<int> grouped_folds(const Dataset& data, int folds, std::uint64_t seed) {
  require_groups(data);
  std::map<std::int32_t, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < data.samples; ++i) members[data.groups[i]].push_back(i);
  if (folds < 2 || static_cast<std::size_t>(folds) > members.size())
    throw Error("folds = " + std::to_string(folds) + " for " + std::to_string(members.size()) +
                " groups in data set '" + data.name + "'; must be at least 2 and at most one per group");

  const DrawStream stream = stream_of({.seed = seed, .purpose = Purpose::fold});
  struct Group {
    std::uint64_t bits;
    const std::vector<std::size_t>* rows;
  };
  std::vector<Group> order;
  for (const auto& [group, rows] : members)
    order.push_back({sixty_four(stream, static_cast<std::uint32_t>(group)), &rows});
  std::sort(order.begin(), order.end(), [](const Group& a, const Group& b) {
    return a.rows->size() != b.rows->size() ? a.rows->size() > b.rows->size() : a.bits < b.bits;
  });

  const std::size_t classes = by_label(data) ? data.classes : 1, count = static_cast<std::size_t>(folds);
  std::vector<double> size(classes);
  for (std::size_t i = 0; i < data.samples; ++i) ++size[class_of(data, i)];
  std::vector<std::vector<double>> held(count, std::vector<double>(classes));
  std::vector<std::size_t> samples(count);
  std::vector<int> fold(data.samples);
  for (const Group& group : order) {
    std::vector<double> own(classes);
    for (const std::size_t i : *group.rows) ++own[class_of(data, i)];
    const auto shared = [&](std::size_t k) {
      double sum = 0;
      for (std::size_t c = 0; c < classes; ++c)
        if (own[c] > 0) sum += own[c] * held[k][c] / size[c];
      return std::pair{sum, samples[k]};
    };
    std::size_t best = 0;
    for (std::size_t k = 1; k < count; ++k)
      if (shared(k) < shared(best)) best = k;
    for (std::size_t c = 0; c < classes; ++c) held[best][c] += own[c];
    samples[best] += group.rows->size();
    for (const std::size_t i : *group.rows) fold[i] = static_cast<int>(best);
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
  return cut(data, static_cast<std::size_t>(train));
}

std::optional<Split> ordered_group_split(const Dataset& data, double train_fraction) {
  require_groups(data);
  std::map<std::int32_t, std::size_t> last;
  for (std::size_t i = 0; i < data.samples; ++i) last[data.groups[i]] = i;
  const double wanted = std::floor(train_fraction * static_cast<double>(data.samples));
  std::optional<std::size_t> best;
  std::size_t open = 0;  // the last sample of any group that has begun
  for (std::size_t i = 0; i + 1 < data.samples; ++i) {
    open = std::max(open, last.at(data.groups[i]));
    const auto off = [&](std::size_t at) { return std::abs(static_cast<double>(at) - wanted); };
    if (open == i && (!best || off(i + 1) < off(*best))) best = i + 1;
  }
  if (!best) return std::nullopt;
  return cut(data, *best);
}

}  // namespace fringe
