#include "sim/validate_scaling.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.hpp"
#include "sim/log_search.hpp"

namespace fringe {
namespace {

/// In the order of the search: the overlap less one, each link, each platform.
std::vector<double> positive(const ScalingConstants& c) {
  std::vector<double> x{c.overlap - 1};
  x.insert(x.end(), c.bytes_per_s.begin(), c.bytes_per_s.end());
  x.insert(x.end(), c.stall.begin(), c.stall.end());
  return x;
}

ScalingConstants constants_of(std::span<const double> x) {
  ScalingConstants c{1 + x[0], {}, {}};
  std::ranges::copy(x.subspan(1, link_count), c.bytes_per_s.begin());
  std::ranges::copy(x.subspan(1 + link_count, platform_count), c.stall.begin());
  return c;
}

double mean_error(std::span<const ScalingRow> rows, const ScalingConstants& constants) {
  double sum = 0;
  for (const ScalingRow& row : rows)
    sum += std::abs(predicted_efficiency(row, constants) / row.efficiency - 1);
  return sum / static_cast<double>(rows.size());
}

}  // namespace

const Interconnect& interconnect_of(std::string_view gpu, std::string_view notes, int count) {
  const auto name = [&]() -> std::string_view {
    if (notes.starts_with("NVSwitch")) return "nvswitch";
    if (gpu.starts_with("V100")) return "nvlink-mesh";
    if (notes.ends_with("Linode VM")) return "cloud-pcie-p2p";
    if (notes.ends_with("VM")) return "cloud-pcie";
    const bool bridged = notes.starts_with("NVLink bridge");
    if (bridged && count == 2) return "nvlink-bridge";
    // The two tables' servers of PCIe 3.0 hold four boards to a socket.
    if (gpu == "Quadro RTX 8000")
      return count > 4 ? bridged ? "pcie-host" : "pcie-two-roots" : bridged ? "pcie-p2p-bridged" : "pcie-p2p";
    if (gpu == "RTX A6000" || gpu == "A100 40GB PCIe") return "pcie-p2p";
    // Two and three RTX 3090 ran in a workstation, four and eight in a server.
    return gpu == "RTX 3090" && count >= 4 ? "pcie-host-bus" : "pcie-host";
  };
  return find_interconnect(name());
}

bool is_sealed(std::string_view cell) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : cell) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash % 10 < 3;
}

std::vector<ScalingRow> scaling_rows(std::span<const TrainingRow> table) {
  std::vector<ScalingRow> rows;
  for (const TrainingRow& row : table) {
    if (row.count == 1) continue;
    const TrainingModel& model = *row.model;
    if (model.units_per_sample == 0 || (!row.flags.empty() && model.exchanged)) continue;
    const auto one = std::ranges::find_if(table, [&](const TrainingRow& r) {
      return r.count == 1 && r.board == row.board && r.model == row.model && r.half == row.half;
    });
    if (one == table.end()) continue;
    const auto batch = row.batch_per_gpu ? row.batch_per_gpu : one->batch_per_gpu;
    if (!batch) continue;
    const double efficiency = computed_throughput(row) / computed_throughput(*one) / row.count;
    rows.push_back({&row,
                    &model,
                    &interconnect_of(row.gpu, row.interconnect, row.count),
                    row.board->pcie_generation,
                    {*batch * model.units_per_sample / one->throughput,
                     model.exchanged ? model.gradient_bytes(row.half) : 0, model.overlapped},
                    efficiency,
                    is_sealed(row.cell())});
  }
  return rows;
}

double predicted_efficiency(const ScalingRow& row, const ScalingConstants& constants) {
  return data_parallel_step(row.step, *row.interconnect, row.pcie_generation, row.row->count, constants)
      .efficiency;
}

ScalingConstants fit_scaling(std::span<const ScalingRow> rows, const ScalingConstants& start) {
  return constants_of(least_error(
      positive(start), [&](std::span<const double> x) { return mean_error(rows, constants_of(x)); }));
}

}  // namespace fringe
