#include "sim/training_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>

#include "core/error.hpp"

namespace fringe {
namespace {

enum Column { gpu, interconnect, count, model, precision, batch, throughput, unit, container, exact, flags };
constexpr std::array<std::string_view, 11> columns{
    "gpu",           "interconnect_notes", "count", "model",     "precision",
    "batch_per_gpu", "throughput",         "unit",  "container", "throughput_exact_from_log",
    "quality_flags"};

/// Fields of a line; a field in quotes may hold commas.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else if (c != '\r')
      fields.back() += c;
  }
  return fields;
}

double number(const std::string& text, const std::string& where, Column column) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0))
    throw Error(where + ": " + std::string(columns[column]) + " = '" + text + "' must be a positive number");
  return value;
}

}  // namespace

std::string TrainingRow::cell() const {
  return gpu + "|" + interconnect + "|" + model + "|" + (half ? "fp16" : "fp32");
}

std::vector<TrainingRow> read_training_table(const std::filesystem::path& csv) {
  std::ifstream file(csv);
  if (!file) throw Error(csv.string() + " cannot be read");
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> head = fields_of(line);
  if (!std::ranges::equal(head, columns))
    throw Error(csv.string() + ":1: the columns are not those of the training table");
  std::vector<TrainingRow> rows;
  for (int n = 2; std::getline(file, line); ++n) {
    if (line.empty() || line == "\r") continue;
    const std::string where = csv.string() + ":" + std::to_string(n);
    const std::vector<std::string> f = fields_of(line);
    if (f.size() != columns.size())
      throw Error(where + ": " + std::to_string(f.size()) + " fields, takes " +
                  std::to_string(columns.size()));
    if (f[precision] != "fp16" && f[precision] != "fp32")
      throw Error(where + ": precision = '" + f[precision] + "' must be fp16 or fp32");
    TrainingRow row;
    row.gpu = f[gpu];
    row.interconnect = f[interconnect];
    row.count = static_cast<int>(number(f[count], where, count));
    row.model = f[model];
    row.half = f[precision] == "fp16";
    if (!f[batch].empty()) row.batch_per_gpu = number(f[batch], where, batch);
    row.throughput =
        f[exact].empty() ? number(f[throughput], where, throughput) : number(f[exact], where, exact);
    row.flags = f[flags];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace fringe
