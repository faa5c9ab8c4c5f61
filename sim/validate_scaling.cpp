#include "sim/validate_scaling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/log_search.hpp"
#include "sim/training_runs.hpp"

namespace fringe {
namespace {

/// In the order of the search: the overlap less one, each link, each platform, the start of a run.
std::vector<double> positive(const ScalingFit& fit) {
  const ScalingConstants& c = fit.step;
  std::vector<double> x{c.overlap - 1};
  x.insert(x.end(), c.bytes_per_s.begin(), c.bytes_per_s.end());
  x.insert(x.end(), c.stall.begin(), c.stall.end());
  x.push_back(fit.start_s);
  return x;
}

ScalingFit fit_of(std::span<const double> x) {
  ScalingFit fit{{1 + x[0], {}, {}}, x.back()};  // what the table doesn't reach stays as it is
  std::ranges::copy(x.subspan(1, link_count), fit.step.bytes_per_s.begin());
  std::ranges::copy(x.subspan(1 + link_count, platform_count), fit.step.stall.begin());
  return fit;
}

double mean_error(std::span<const ScalingRow> rows, const ScalingFit& fit) {
  double sum = 0;
  for (const ScalingRow& row : rows) sum += std::abs(predicted_efficiency(row, fit) / row.efficiency - 1);
  return sum / static_cast<double>(rows.size());
}

/// What was computed over what its throughput counts.
double by_steps_made(const std::optional<TimedRun>& run) { return run ? run->steps / run->counted : 1; }

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
    const auto run = timed_run(row, *batch),
               run_of_one = timed_run(*one, one->batch_per_gpu.value_or(*batch));
    const double per_s = computed_throughput(row) * by_steps_made(run);
    const double one_per_s = computed_throughput(*one) * by_steps_made(run_of_one);
    rows.push_back(
        {&row,
         &model,
         &interconnect_of(row.gpu, row.interconnect, row.count),
         {*batch * model.units_per_sample / one_per_s, model.exchanged ? model.gradient_bytes(row.half) : 0,
          model.overlapped, model.input_wait},
         one_per_s,
         run ? run->steps : std::numeric_limits<double>::infinity(),
         per_s / one_per_s / row.count,
         is_sealed(row.cell())});
  }
  return rows;
}

const ScalingFit& fitted_scaling_runs() noexcept {
  static const ScalingFit fit{fitted_scaling(), 0.256};
  return fit;
}

double predicted_efficiency(const ScalingRow& row, const ScalingFit& fit) {
  const int n = row.row->count;
  const ParallelStep step = data_parallel_step(row.step, *row.interconnect, *row.row->board, n, fit.step);
  return row.step.one_gpu_s / (step.step_s + fit.start_s * (n - 1) / row.run_steps);
}

ScalingFit fit_scaling(std::span<const ScalingRow> rows, const ScalingFit& start) {
  return fit_of(
      least_error(positive(start), [&](std::span<const double> x) { return mean_error(rows, fit_of(x)); }));
}

}  // namespace fringe
