#include "sim/trace_inspect.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

#include "sim/text.hpp"
#include "sim/trace_reader.hpp"

namespace fringe {
namespace {

using Row = std::vector<std::string>;

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], text_width(row[i]));
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += "  " + row[i] + padding(row[i], widths[i]);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string percent(double value) {
  if (std::isnan(value)) return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * value);
  return text;
}

std::string hardware_table(const TraceReader& trace) {
  const auto column = [&](const char* name) { return trace.strings("hardware", name); };
  const std::vector<std::string> names = column("name"), camps = column("camp"),
                                 numerics = column("numerics"), costs = column("cost"),
                                 boundaries = column("boundary");
  const std::vector<double> mean = trace.numbers("hardware", "accuracy_mean"),
                            half_width = trace.numbers("hardware", "accuracy_half_width");
  const std::vector<std::int64_t> chips = trace.integers("hardware", "accuracy_chips");
  std::vector<Row> rows{
      {"name", "camp", "accuracy", "± 95 %", "chips", "numerics", "cost", "energy includes"}};
  for (std::size_t i = 0; i < names.size(); ++i)
    rows.push_back({names[i], camps[i], percent(mean[i]),
                    std::isnan(half_width[i]) ? "" : percent(half_width[i]),
                    chips[i] > 0 ? std::to_string(chips[i]) : "", numerics[i], costs[i], boundaries[i]});
  return aligned(rows);
}

/// Where results are more than accuracies.
std::string score_table(const TraceReader& trace) {
  const std::vector<std::string> subjects = trace.strings("scores", "subject"),
                                 roles = trace.strings("scores", "role"),
                                 metrics = trace.strings("scores", "metric");
  const std::vector<double> mean = trace.numbers("scores", "mean"),
                            half_width = trace.numbers("scores", "half_width");
  const auto number = [](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", value);
    return std::isnan(value) ? std::string() : std::string(text);
  };
  std::vector<Row> rows{{"whose", "role", "metric", "mean", "± 95 %"}};
  for (std::size_t i = 0; i < subjects.size(); ++i)
    rows.push_back({subjects[i], roles[i], metrics[i], number(mean[i]), number(half_width[i])});
  return aligned(rows);
}

std::string first_difference(const StoredColumn& a, const StoredColumn& b, const ColumnRow& row,
                             const std::vector<std::string>& provenance_a,
                             const std::vector<std::string>& provenance_b) {
  const std::string path(row.path);
  if (a.record_bytes != b.record_bytes) return path + " dimensions";
  const auto from_a_clock = [](const std::string& p) { return p == "measured" || p == "mixed"; };
  for (std::size_t i = 0; i < a.records; ++i) {
    const bool skip = row.equality == Equality::by_provenance && from_a_clock(provenance_a[i]) &&
                      from_a_clock(provenance_b[i]);
    if (!skip && a.record(i) != b.record(i)) return path + " record " + std::to_string(i);
  }
  return "";
}

}  // namespace

std::string inspect_trace(const std::string& path) {
  const TraceReader trace(path);
  const auto version = trace.number_attribute("schema_version");
  const auto number = [&](const char* name) { return std::to_string(trace.number_attribute(name)[0]); };
  const std::string experiment = trace.text_attribute("experiment"), device = trace.text_attribute("device"),
                    commit = trace.text_attribute("commit");
  std::string out = path + "\n";
  out += "  written   " + trace.text_attribute("created") + " by fringe " +
         trace.text_attribute("program_version") + (commit.empty() ? "" : " (" + commit + ")") + ", schema " +
         std::to_string(version.at(0)) + "." + std::to_string(version.at(1)) + "\n";
  out += "  host      " + trace.text_attribute("host") + ", threads: " + number("threads") + "\n";
  out += "  GPU       " + (device.empty() ? "none" : device) + "\n";
  out += "  numbers   seed " + number("seed") + ", random scheme " + number("random_scheme") + "\n";
  out += "\nExperiment\n";
  for (std::size_t at = 0; at < experiment.size();) {
    const std::size_t end = std::min(experiment.find('\n', at), experiment.size());
    out += "  " + experiment.substr(at, end - at) + "\n";
    at = end + 1;
  }
  out += "\nTables\n";
  std::vector<Row> tables{{"name", "records", "one record"}};
  for (const TableRow& row : trace_tables())
    if (trace.has(row.name))
      tables.push_back(
          {std::string(row.name), std::to_string(trace.records(row.name)), std::string(row.meaning)});
  out += aligned(tables);
  if (trace.has("audits")) {
    const std::vector<std::int64_t> leaked = trace.integers("audits", "leaked");
    if (const auto all = std::accumulate(leaked.begin(), leaked.end(), std::int64_t{0}); all > 0)
      out += "\nWarning: trained on leaking splits, " + std::to_string(all) +
             " test samples are known from training; scores on them are no scores on new data\n";
  }
  if (trace.has("hardware")) out += "\nHardware\n" + hardware_table(trace);
  if (trace.has("scores")) out += "\nScores\n" + score_table(trace);
  return out;
}

std::string compare_traces(const std::string& path_a, const std::string& path_b) {
  const TraceReader a(path_a), b(path_b);
  for (const AttributeRow& row : trace_attributes()) {
    if (row.equality == Equality::never) continue;
    const bool equal = row.type == TraceType::text
                           ? a.text_attribute(row.name) == b.text_attribute(row.name)
                           : a.number_attribute(row.name) == b.number_attribute(row.name);
    if (!equal) return "attribute " + std::string(row.name);
  }
  for (const TableRow& table : trace_tables()) {
    const std::string name(table.name);
    if (a.has(name) != b.has(name)) return "/" + name + " in one trace only";
    if (!a.has(name)) continue;
    if (a.records(name) != b.records(name)) return "/" + name + " number of records";
    const std::span<const ColumnRow> rows = columns_of(name);
    const bool tagged = std::any_of(rows.begin(), rows.end(),
                                    [](const ColumnRow& row) { return row.column() == "provenance"; });
    const auto provenance = [&](const TraceReader& trace) {
      return tagged ? trace.strings(name, "provenance") : std::vector<std::string>{};
    };
    const std::vector<std::string> from_a = provenance(a), from_b = provenance(b);
    for (const ColumnRow& row : rows) {
      if (row.equality == Equality::never) continue;
      const std::string place = first_difference(a.stored(row), b.stored(row), row, from_a, from_b);
      if (!place.empty()) return place;
    }
  }
  return "";
}

}  // namespace fringe
