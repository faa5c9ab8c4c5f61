#include "workloads/zoo.hpp"

#include <charconv>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "workloads/zoo_rows.hpp"

namespace fringe {
namespace {

constexpr std::string_view mlp_prefix = "mlp@";
constexpr std::size_t widest_layer = 65536;

/// A row of another length or other layers, and what it refers to.
struct OtherRow {
  std::string name, description, source;
  std::vector<std::size_t> layers;
  Workload row;
};

/// The row's texts; counts of its graph.
void describe(OtherRow& other, const std::string& description, const std::string& source) {
  other.description = description;
  other.source = source;
  other.row.name = other.name;
  other.row.description = other.description;
  other.row.source = other.source;
  const Graph graph = other.row.graph();
  other.row.macs = forward_macs(graph, 1);
  other.row.macs_half_unit = 0;
}

void set_layers(OtherRow& other, const Workload& row, std::string_view sizes) {
  while (true) {
    const std::string_view digits = sizes.substr(0, sizes.find('-'));
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc{} || end != digits.data() + digits.size() || size < 1 || size > widest_layer)
      throw Error("workload '" + other.name + "': a layer of '" + std::string(digits) +
                  "'; takes whole numbers in 1 … " + std::to_string(widest_layer) + " such as mlp@64-32-10");
    other.layers.push_back(size);
    if (digits.size() == sizes.size()) break;
    sizes.remove_prefix(digits.size() + 1);
  }
  if (other.layers.size() < 2)
    throw Error("workload '" + other.name + "': must have features and classes, such as mlp@64-32-10");
  other.row = row;
  other.row.layers = other.layers;
  describe(other, "fully connected layers with rectifiers between", "the name; counted from its graph");
  other.row.parameters = parameter_count(other.row.graph());
}

void set_length(OtherRow& other, const Workload& row, std::string_view digits) {
  const auto refuse = [&](const std::string& rule) { throw Error("workload '" + other.name + "': " + rule); };
  if (row.length == 0) refuse("'" + std::string(row.name) + "' has no sequences whose length can be chosen");
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size() || length < 1 || length > row.most_length)
    refuse("a length '" + std::string(digits) + "'; must be a whole number in 1 … " +
           std::to_string(row.most_length));
  other.row = row;
  other.row.length = length;
  try {
    describe(other, std::string(row.description) + "; here with a length of " + std::to_string(length),
             std::string(row.source) + "; with another length, counted from its graph");
  } catch (const Error& error_of_graph) {
    refuse(error_of_graph.what());
  }
}

}  // namespace

std::span<const Workload> workload_zoo() {
  static const std::vector<Workload> all = [] {
    std::vector<Workload> rows;
    for (const auto& family : {zoo::other(), zoo::vision(), zoo::language(), zoo::speech(), zoo::runs()})
      rows.insert(rows.end(), family.begin(), family.end());
    return rows;
  }();
  return all;
}

const Workload& find_workload(std::string_view name) {
  const std::size_t at = name.find('@');
  const bool layers = name.starts_with(mlp_prefix);
  const Workload& row = find_row("workload", layers ? "digits-mlp" : name.substr(0, at), workload_zoo());
  if (at == std::string_view::npos) return row;
  static std::mutex mutex;
  static std::map<std::string, OtherRow, std::less<>> others;
  const std::scoped_lock lock(mutex);
  if (const auto known = others.find(name); known != others.end()) return known->second.row;
  const auto added = others.emplace(name, OtherRow{std::string(name), {}, {}, {}, row}).first;
  try {
    (layers ? set_layers : set_length)(added->second, row, name.substr(at + 1));
  } catch (...) {
    others.erase(added);
    throw;
  }
  return added->second.row;
}

}  // namespace fringe
