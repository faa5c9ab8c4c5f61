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

/// A row with another length, and the texts that it refers to.
struct OtherLength {
  std::string name, description, source;
  Workload row;
};

void set_length(OtherLength& other, const Workload& row, std::string_view digits) {
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
    other.row.macs = forward_macs(other.row.graph(), 1);
  } catch (const Error& error_of_graph) {
    refuse(error_of_graph.what());
  }
  other.row.macs_half_unit = 0;
  other.description = std::string(row.description) + "; here with a length of " + std::to_string(length);
  other.source = std::string(row.source) + "; with another length, counted from its graph";
  other.row.name = other.name;
  other.row.description = other.description;
  other.row.source = other.source;
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
  const Workload& row = find_row("workload", name.substr(0, at), workload_zoo());
  if (at == std::string_view::npos) return row;
  static std::mutex mutex;
  static std::map<std::string, OtherLength, std::less<>> others;
  const std::scoped_lock lock(mutex);
  if (const auto known = others.find(name); known != others.end()) return known->second.row;
  const auto added = others.emplace(name, OtherLength{std::string(name), {}, {}, row}).first;
  try {
    set_length(added->second, row, name.substr(at + 1));
  } catch (...) {
    others.erase(added);
    throw;
  }
  return added->second.row;
}

}  // namespace fringe
