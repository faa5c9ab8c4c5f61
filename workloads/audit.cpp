#include "workloads/audit.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <unordered_map>
#include <unordered_set>

#include "core/error.hpp"
#include "workloads/near_rows.hpp"

namespace fringe {
namespace {

// Equal rows hash alike: −0 is turned into 0.
std::uint64_t hash_of(std::span<const float> row) {
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (const float value : row) {
    hash = (hash ^ std::bit_cast<std::uint32_t>(value + 0.0f)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash;
}

// The first row of `rows` that each of them is equal to: itself, where it is the first.
std::vector<std::uint32_t> first_equals(const Dataset& data, std::span<const std::uint32_t> rows) {
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> firsts;  // by hash
  firsts.reserve(rows.size());
  std::vector<std::uint32_t> first;
  first.reserve(rows.size());
  for (const std::uint32_t row : rows) {
    const auto x = data.sample(row);
    std::vector<std::uint32_t>& alike = firsts[hash_of(x)];
    const auto equal = std::find_if(alike.begin(), alike.end(), [&](std::uint32_t other) {
      return std::ranges::equal(x, data.sample(other));
    });
    first.push_back(equal == alike.end() ? row : *equal);
    if (equal == alike.end()) alike.push_back(row);
  }
  return first;
}

bool same_answer(const Dataset& data, std::uint32_t a, std::uint32_t b) {
  const std::size_t labels = data.classes > 0 ? data.labels_per_sample : 0;
  const auto* const label = data.labels.data();
  return std::equal(label + a * labels, label + (a + 1) * labels, label + b * labels) &&
         std::ranges::equal(data.target(a), data.target(b));
}

std::unordered_set<std::int32_t> groups_of(const Dataset& data, std::span<const std::uint32_t> rows) {
  std::unordered_set<std::int32_t> groups;
  if (!data.groups.empty())
    for (const std::uint32_t row : rows) groups.insert(data.groups[row]);
  return groups;
}

void require_tolerance(double tolerance) {
  if (!(tolerance >= 0 && tolerance <= 1))
    throw Error("near-duplicate tolerance = " + std::to_string(tolerance) +
                "; must be from 0 to 1, in units of a feature's range");
}

std::vector<std::uint32_t> both(const Split& split) {
  std::vector<std::uint32_t> rows = split.train;
  rows.insert(rows.end(), split.test.begin(), split.test.end());
  return rows;
}

}  // namespace

double chance_tolerance(std::size_t features, std::size_t train, std::size_t test) {
  constexpr double most = 0.01, chance = 0.01;
  const double d = static_cast<double>(features),
               pairs = static_cast<double>(train) * static_cast<double>(test);
  const double log_unit_ball = 0.5 * d * std::log(std::numbers::pi) - std::lgamma(0.5 * d + 1);
  return std::min(most, std::exp((std::log(chance / pairs) - log_unit_ball) / d) / std::sqrt(d));
}

AuditReport audit(const Dataset& data, const Split& split, std::optional<double> given) {
  const double tolerance =
      given ? *given : chance_tolerance(data.features, split.train.size(), split.test.size());
  require_tolerance(tolerance);
  AuditReport report;
  report.train = split.train.size();
  report.test = split.test.size();
  report.tolerance = tolerance;
  const std::vector<std::uint32_t> rows = both(split), first = first_equals(data, rows);
  std::vector<std::uint32_t> distinct;  // training rows
  std::vector<char> in_train(data.samples), leaked(report.test);
  for (const std::uint32_t row : split.train) in_train[row] = 1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (first[i] == rows[i]) {
      if (i < report.train) distinct.push_back(rows[i]);
      continue;
    }
    if (!same_answer(data, rows[i], first[i])) ++report.conflicts;
    if (i < report.train) {
      ++report.train_exact;
    } else if (in_train[first[i]] != 0) {
      ++report.exact;
      leaked[i - report.train] = 1;
      if (report.examples.size() < AuditReport::most_examples)
        report.examples.push_back({rows[i], first[i], 0});
    } else {
      ++report.test_exact;
    }
  }
  if (tolerance > 0) {
    const NearRows near(data, distinct, rows, tolerance);
    std::unordered_map<std::uint32_t, std::size_t> place;
    for (std::size_t i = 0; i < distinct.size(); ++i) place[distinct[i]] = i;
    for (std::size_t i = 0; i < distinct.size(); ++i) {
      bool found = false;
      near.visit(distinct[i], [&](std::uint32_t other) { return !(found = place.at(other) < i); });
      report.train_near += found ? 1 : 0;
    }
    for (std::size_t i = 0; i < report.test; ++i) {
      if (leaked[i] != 0) continue;
      const std::uint32_t asked = split.test[i];
      near.visit(asked, [&](std::uint32_t other) {
        ++report.near;
        leaked[i] = 1;
        if (report.examples.size() < AuditReport::most_examples)
          report.examples.push_back({asked, other, near.distance(asked, other)});
        return false;
      });
    }
  }
  const auto train_groups = groups_of(data, split.train);
  for (const std::int32_t group : groups_of(data, split.test))
    report.shared_groups += train_groups.contains(group) ? 1 : 0;
  if (report.shared_groups > 0)
    for (std::size_t i = 0; i < report.test; ++i)
      if (train_groups.contains(data.groups[split.test[i]])) {
        ++report.group_rows;
        leaked[i] = 1;
      }
  report.leaked = static_cast<std::size_t>(std::count(leaked.begin(), leaked.end(), 1));
  return report;
}

std::string leak_sentence(const AuditReport& report) {
  if (!report.leaks()) return "No test row stands in the training rows.";
  std::string ways;
  const auto add = [&](std::size_t count, const std::string& what) {
    if (count > 0) ways += (ways.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(report.exact, "equal to a training row");
  add(report.near, "near one");
  add(report.group_rows, "of a group that trains too");
  return std::to_string(report.leaked) + " of " + std::to_string(report.test) +
         " test rows are known from training (" + ways + "), so that a score on them is no score on new data";
}

std::vector<std::uint32_t> rows_apart(const Dataset& data, const Split& split, double tolerance) {
  require_tolerance(tolerance);
  const std::vector<std::uint32_t> rows = both(split);
  const NearRows near(data, split.test, rows, tolerance);
  const auto test_groups = groups_of(data, split.test);
  std::vector<std::uint32_t> apart;
  for (const std::uint32_t row : split.train) {
    bool found = !data.groups.empty() && test_groups.contains(data.groups[row]);
    if (!found) near.visit(row, [&](std::uint32_t) { return !(found = true); });
    if (!found) apart.push_back(row);
  }
  return apart;
}

}  // namespace fringe
