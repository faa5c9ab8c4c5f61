#include "core/error.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace fringe {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1), above(row), before(row);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  std::string_view best;
  for (const std::string_view candidate : candidates)
    if (!name.empty() && candidate.starts_with(name) && (best.empty() || candidate.size() < best.size()))
      best = candidate;
  if (!best.empty()) return std::string(best);
  std::size_t best_distance = std::max<std::size_t>(name.size() / 2, 1) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

std::string unknown_name(std::string_view kind, std::string_view name,
                         std::span<const std::string_view> candidates) {
  std::string text = "unknown ";
  text.append(kind).append(" '").append(name).append("'; ");
  if (const std::string near = nearest_name(name, candidates); !near.empty())
    return text.append("did you mean '").append(near).append("'?");
  text.append("valid names:");
  for (const std::string_view candidate : candidates) text.append(" ").append(candidate);
  return text;
}

}  // namespace fringe
