#include "workloads/zoo.hpp"

#include <vector>

#include "core/error.hpp"
#include "workloads/zoo_rows.hpp"

namespace fringe {

std::span<const Workload> workload_zoo() {
  static const std::vector<Workload> all = [] {
    std::vector<Workload> rows;
    for (const auto& family : {zoo::other(), zoo::vision(), zoo::language(), zoo::speech(), zoo::runs()})
      rows.insert(rows.end(), family.begin(), family.end());
    return rows;
  }();
  return all;
}

const Workload& find_workload(std::string_view name) { return find_row("workload", name, workload_zoo()); }

}  // namespace fringe
