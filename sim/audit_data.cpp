#include "sim/audit_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace fringe {
namespace {

constexpr std::size_t most_folds = 5;
constexpr std::uint64_t seed = 1;
/// Differences that a nearest neighbour may cost; with more rows and features fewer test rows are tried.
constexpr std::size_t most_differences = std::size_t{4} << 30, fewest_tested = 16, most_tested = 400;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string scores(const NeighbourScore& score) {
  std::string text;
  if (score.accuracy) text += percent(*score.accuracy) + " of the labels";
  if (score.variance_told)
    text += (text.empty() ? "" : " and ") + percent(*score.variance_told) + " of the target's variance";
  return text;
}

nlohmann::ordered_json json(const NeighbourScore& score) {
  nlohmann::ordered_json object{{"tested", score.tested}};
  if (score.accuracy) object["accuracy"] = *score.accuracy;
  if (score.variance_told) object["variance_told"] = *score.variance_told;
  return object;
}

}  // namespace

bool DataAudit::leaks() const {
  return std::any_of(splits.begin(), splits.end(), [](const Row& row) { return row.report.leaks(); });
}

DataAudit audit_data(const std::string& what, const DataOptions& options, std::optional<double> tolerance,
                     ThreadPool& pool) {
  const OpenedData opened = open_dataset(what, options, pool);
  const Dataset& data = opened.data;
  DataAudit audited{what, data.source, data.samples, data.features, data.classes, data.outputs, 0, {}, {}};
  audited.groups = std::unordered_set(data.groups.begin(), data.groups.end()).size();
  const std::size_t folds = audited.groups > 0 ? std::min(most_folds, audited.groups) : most_folds;
  for (const auto& [name, split] : splits_of(opened, static_cast<int>(folds), seed)) {
    audited.splits.push_back({name, audit(data, split, tolerance)});
    if (!audited.splits.back().report.leaks() || audited.worth) continue;
    const std::vector<std::uint32_t> apart = rows_apart(data, split, audited.splits.back().report.tolerance);
    if (apart.empty()) continue;
    const std::size_t most =
        std::clamp(most_differences / (split.train.size() * data.features), fewest_tested, most_tested);
    audited.worth = {nearest_neighbour(data, split.train, split.test, pool, most),
                     nearest_neighbour(data, apart, split.test, pool, most),
                     split.train.size() - apart.size()};
  }
  return audited;
}

std::string audit_text(const DataAudit& a) {
  std::string text = fmt::format("{}: {} rows of {} features", a.data, a.samples, a.features);
  if (a.classes > 0) text += fmt::format(", {} classes", a.classes);
  if (a.outputs > 0) text += fmt::format(", {} target number{}", a.outputs, a.outputs == 1 ? "" : "s");
  if (a.groups > 0) text += fmt::format(", {} groups", a.groups);
  text += "\n" + a.source + "\n\n";
  text += fmt::format("{:<10}{:>9}{:>9}{:>11}{:>9}{:>9}{:>9}{:>20}{:>12}\n", "", "training", "test",
                      "known from", "of these", "", "", "repeated within", "equal rows,");
  text += fmt::format("{:<10}{:>9}{:>9}{:>11}{:>9}{:>9}{:>9}{:>20}{:>12}\n", "split", "rows", "rows",
                      "training", "equal", "near", "group", "training (near)", "other label");
  for (const auto& [name, r] : a.splits)
    text += fmt::format("{:<10}{:>9}{:>9}{:>11}{:>9}{:>9}{:>9}{:>20}{:>12}\n", name, r.train, r.test,
                        r.leaked, r.exact, r.near, r.group_rows,
                        fmt::format("{} ({})", r.train_exact, r.train_near), r.conflicts);
  text += fmt::format("\nnear: root mean square difference of at most {:.2g} of a feature's range\n",
                      a.splits.front().report.tolerance);
  for (const auto& [name, r] : a.splits) {
    if (!r.leaks()) continue;
    text += "\nLEAK, split '" + name + "': " + leak_sentence(r) + ".\n";
    for (const AuditReport::Pair& pair : r.examples)
      text += fmt::format(
          "  test row {} is {} training row {}\n", pair.test,
          pair.distance == 0 ? std::string("equal to") : fmt::format("{:.2g} away from", pair.distance),
          pair.train);
  }
  if (a.worth)
    text += fmt::format(
        "\nWhat it is worth: a nearest neighbour tells {} of {} test rows as the split is, and\n{} when the "
        "{} training "
        "rows behind the leak are left out.\n",
        scores(a.worth->given), a.worth->given.tested, scores(a.worth->apart), a.worth->removed);
  if (!a.leaks()) text += "\nNo leak: no test row stands in the training rows.\n";
  return text;
}

std::string audit_json(const DataAudit& a) {
  nlohmann::ordered_json root{{"data", a.data},         {"source", a.source},   {"samples", a.samples},
                              {"features", a.features}, {"classes", a.classes}, {"outputs", a.outputs},
                              {"groups", a.groups},     {"leaks", a.leaks()}};
  root["splits"] = nlohmann::ordered_json::array();
  for (const auto& [name, r] : a.splits) {
    nlohmann::ordered_json split{{"split", name},
                                 {"train", r.train},
                                 {"test", r.test},
                                 {"leaked", r.leaked},
                                 {"exact", r.exact},
                                 {"near", r.near},
                                 {"near_tolerance", r.tolerance},
                                 {"shared_groups", r.shared_groups},
                                 {"group_rows", r.group_rows},
                                 {"train_exact", r.train_exact},
                                 {"train_near", r.train_near},
                                 {"test_exact", r.test_exact},
                                 {"conflicts", r.conflicts}};
    split["examples"] = nlohmann::ordered_json::array();
    for (const AuditReport::Pair& pair : r.examples)
      split["examples"].push_back({{"test", pair.test}, {"train", pair.train}, {"distance", pair.distance}});
    root["splits"].push_back(std::move(split));
  }
  if (a.worth)
    root["nearest_neighbour"] = {{"as_given", json(a.worth->given)},
                                 {"without_leak", json(a.worth->apart)},
                                 {"training_rows_left_out", a.worth->removed}};
  return root.dump(2) + "\n";
}

}  // namespace fringe
