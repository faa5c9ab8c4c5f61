#include "sim/advise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "core/error.hpp"
#include "sim/gpu_training.hpp"
#include "sim/validate_scaling.hpp"

namespace fringe {
namespace {

/// What joins boards of a kind.
enum class Fabric { alone, host, host_bus, peers, mesh, nvswitch };
struct FabricRow {
  std::string_view board;
  Fabric fabric;
};
// Boards not listed reach each other over PCIe. GeForce boards since Turing don't (D. Kinghorn, "P2P
// peer-to-peer on NVIDIA RTX 2080Ti vs GTX 1080Ti GPUs", Puget Systems, 2018); with four or more of those of
// PCIe 4.0 the table shows one way to host memory for all.
constexpr std::array<FabricRow, 15> fabrics{{{"rtx2080ti", Fabric::host},
                                             {"titan-rtx", Fabric::host},
                                             {"rtx3080", Fabric::host_bus},
                                             {"rtx3090", Fabric::host_bus},
                                             {"rtx4090", Fabric::host_bus},
                                             {"rtx2070-max-q", Fabric::alone},
                                             {"rtx2080-max-q", Fabric::alone},
                                             {"rtx2080-super-max-q", Fabric::alone},
                                             {"v100-sxm2-16gb", Fabric::mesh},
                                             {"v100-sxm2-32gb", Fabric::mesh},
                                             {"a100-sxm4-40gb", Fabric::nvswitch},
                                             {"a100-sxm4-80gb", Fabric::nvswitch},
                                             {"h100-sxm", Fabric::nvswitch},
                                             {"h200", Fabric::nvswitch},
                                             {"b200", Fabric::nvswitch}}};

Fabric fabric_of(const GpuSpec& board) {
  const auto row = std::ranges::find(fabrics, board.name, &FabricRow::board);
  return row == fabrics.end() ? Fabric::peers : row->fabric;
}

/// Machines that were announced with a price.
struct MachinePrice {
  std::string_view board;
  int count;
  double usd;
  std::string_view month, source;
};
constexpr std::array<MachinePrice, 2> machine_prices{
    {{"v100-sxm2-16gb", 8, 149'000, "2017-05", "NVIDIA DGX-1 with Tesla V100, announced 10 May 2017"},
     {"a100-sxm4-40gb", 8, 199'000, "2020-05", "NVIDIA DGX A100, press release of 14 May 2020"}}};

std::string plain(std::string_view text) {
  std::string letters;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)))
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return letters;
}

/// One board on the workload: units a second and its batch.
struct OneBoard {
  double throughput, batch;
  bool measured;
};

std::optional<OneBoard> one_board(std::span<const TrainingRow> table, const GpuSpec& board,
                                  const TrainingModel& model, bool half) {
  for (const TrainingRow& row : table)
    if (row.count == 1 && row.model == &model && row.half == half && row.board == &board &&
        row.flags.find("anomalous") == std::string::npos)
      return OneBoard{computed_throughput(row), row.batch_per_gpu.value_or(0), true};
  if (const auto found = modelled_board(board, model, half))
    return OneBoard{found->units_per_s, found->batch, false};
  return {};
}

/// The table's row of this machine, bought rather than rented, and not of a run that is mostly start.
const ScalingRow* measured_machine(std::span<const ScalingRow> rows, const GpuSpec& board,
                                   const TrainingModel& model, bool half, const Interconnect& way,
                                   int count) {
  const ScalingRow* noted = nullptr;  // bridged boards carry a note
  for (const ScalingRow& r : rows) {
    if (r.row->board != &board || r.model != &model || r.row->half != half || r.interconnect != &way ||
        r.row->count != count || !r.of_a_long_run())
      continue;
    if (r.row->interconnect.find(';') == std::string::npos) return &r;
    if (noted == nullptr && way.name == "nvlink-bridge") noted = &r;
  }
  return noted;
}

void price(Advice& a, const AdviceRequest& request) {
  a.power_w = a.count * a.board->tdp_w;
  a.price_usd = a.count * a.board->launch_price_usd;
  a.price_month = a.board->launch_month;
  for (const MachinePrice& m : machine_prices)
    if (a.price_usd == 0 && m.board == a.board->name && m.count == a.count)
      a.price_usd = m.usd, a.price_month = m.month, a.whole_machine = true;
  a.usd_per_million =
      a.price_usd > 0
          ? 1e6 / a.throughput * running_usd_per_s(a.price_usd, request.years, a.power_w, request.usd_per_kwh)
          : std::nan("");
}

std::string bytes_text(double bytes) {
  return bytes >= 1e9 ? fmt::format("{:.2f} GB", bytes * 1e-9) : fmt::format("{:.0f} MB", bytes * 1e-6);
}

std::string seconds_text(double s) {
  return s >= 1 ? fmt::format("{:.1f} s", s) : fmt::format("{:.0f} ms", s * 1e3);
}

/// Why it is as fast as it is, in one sentence.
std::string reason_of(const Advice& a) {
  if (a.count == 1)
    return a.basis == Basis::measured
               ? "One board: nothing to exchange."
               : fmt::format("One board: nothing to exchange; a batch of {:.0f} fills its {:.0f} GB.",
                             a.batch, a.board->memory_bytes * 1e-9);
  const double computing = a.step.step_s - a.step.exposed_s - a.step.stall_s;
  const double lost = a.count * (1 - a.step.efficiency);
  return fmt::format(
      "Exchanging {} takes {} {}, computing {}: {}", bytes_text(a.gradient_bytes),
      seconds_text(a.step.exchange_s), a.interconnect->via, seconds_text(computing),
      lost < 0.1 * a.count ? "little is lost." : fmt::format("{:.1f} of {} boards are lost.", lost, a.count));
}

void require_positive(double value, const char* option) {
  if (!(value > 0)) throw Error(fmt::format("{} = {} must be positive", option, value));
}
void require_finite(double value, const char* option) {
  if (!std::isfinite(value)) throw Error(fmt::format("{} = {} must be finite", option, value));
}

}  // namespace

std::string_view to_string(Basis basis) {
  return basis == Basis::measured ? "measured" : basis == Basis::scaled ? "scaled" : "modelled";
}

const TrainingModel& workload_of(std::string_view name) {
  const std::string wanted = plain(name);
  std::vector<const TrainingModel*> fitting;
  for (const TrainingModel& model : training_models()) {
    const std::string own = plain(model.name), zoo = plain(model.zoo);
    if (own == wanted || (zoo == wanted && !zoo.empty())) return model;
    if (!wanted.empty() && (own.starts_with(wanted) || zoo.starts_with(wanted))) fitting.push_back(&model);
  }
  if (fitting.size() == 1) return *fitting.front();
  if (fitting.empty()) return find_training_model(name);
  std::string all;
  for (const TrainingModel* model : fitting) all += (all.empty() ? "" : ", ") + std::string(model->name);
  throw Error("training workload '" + std::string(name) + "' may mean " + all);
}

std::vector<const Interconnect*> ways_of(const GpuSpec& board, int count) {
  std::vector<std::string_view> names;
  const Fabric fabric = fabric_of(board);
  const bool on_slots = fabric == Fabric::host || fabric == Fabric::host_bus || fabric == Fabric::peers;
  if (count < 2 || fabric == Fabric::alone) return {};
  if (fabric == Fabric::mesh) names = {"nvlink-mesh"};
  if (fabric == Fabric::nvswitch) names = {"nvswitch"};
  if (fabric == Fabric::host || (fabric == Fabric::host_bus && count < 4)) names = {"pcie-host"};
  if (fabric == Fabric::host_bus && count >= 4) names = {"pcie-host-bus"};
  if (fabric == Fabric::peers)
    names = {board.pcie_generation >= 4 || count <= 4 ? "pcie-p2p" : "pcie-two-roots"};
  if (on_slots && count == 2 && board.nvlink_bytes_per_s > 0) names.push_back("nvlink-bridge");
  std::vector<const Interconnect*> ways;
  for (const std::string_view name : names)
    if (const Interconnect& way = find_interconnect(name); count <= way.most_gpus) ways.push_back(&way);
  return ways;
}

AdviceReport advise(const AdviceRequest& request, const std::filesystem::path& csv) {
  const TrainingModel& model = workload_of(request.workload);
  require_positive(request.budget_usd, "--budget");
  require_positive(request.power_w, "--power");
  require_positive(request.years, "--years");
  if (!(request.usd_per_kwh >= 0))
    throw Error(fmt::format("--kwh = {} must not be negative", request.usd_per_kwh));
  require_finite(request.years, "--years");
  require_finite(request.usd_per_kwh, "--kwh");
  std::vector<TrainingRow> table;
  if (!csv.empty()) table = read_training_table(csv);
  const std::vector<ScalingRow> machines = scaling_rows(table);

  AdviceReport report{request, &model, !csv.empty(), {}, {}, {}};
  const GpuSpec *cheapest = nullptr, *coolest = nullptr;
  for (const GpuSpec& board : gpu_catalogue()) {
    const std::optional<OneBoard> one = one_board(table, board, model, request.half);
    if (!one) continue;
    if (!one->measured)
      if (std::string why = why_too_small(board, model, request.half, static_cast<std::size_t>(one->batch));
          !why.empty()) {
        if (board.tdp_w <= request.power_w && board.launch_price_usd <= request.budget_usd)
          report.too_small.push_back({&board, std::move(why)});
        continue;
      }
    if (board.launch_price_usd > 0 &&
        (cheapest == nullptr || board.launch_price_usd < cheapest->launch_price_usd))
      cheapest = &board;
    if (coolest == nullptr || board.tdp_w < coolest->tdp_w) coolest = &board;
    for (const int count : {1, 2, 3, 4, 6, 8}) {
      std::vector<const Interconnect*> ways = ways_of(board, count);
      if (count == 1) ways = {nullptr};
      for (const Interconnect* way : ways) {
        Advice a;
        a.board = &board;
        a.count = count;
        a.interconnect = way;
        a.batch = one->batch;
        a.gradient_bytes = model.gradient_bytes(request.half);
        if (way == nullptr) {
          a.throughput = one->throughput;
          a.step.efficiency = 1;
          a.basis = one->measured ? Basis::measured : Basis::modelled;
        } else {
          if (model.units_per_sample == 0 || one->batch == 0) continue;
          const double one_s = one->batch * model.units_per_sample / one->throughput;
          a.step = data_parallel_step({one_s, a.gradient_bytes, model.overlapped, model.input_wait}, *way,
                                      board, count);
          a.basis = one->measured ? Basis::scaled : Basis::modelled;
          // Runs that exchanged nothing say nothing of training.
          if (one->measured && model.exchanged)
            if (const ScalingRow* seen =
                    measured_machine(machines, board, model, request.half, *way, count)) {
              a.basis = Basis::measured;
              a.step.efficiency = seen->efficiency;
            }
          // What a bridge brings depends on the machine around it: only seen ones are offered.
          if (way->link == Link::nvlink_bridge && a.basis != Basis::measured) continue;
          a.throughput = count * one->throughput * a.step.efficiency;
        }
        price(a, request);
        if (a.power_w > request.power_w || a.price_usd > request.budget_usd) continue;
        a.reason = reason_of(a);
        const bool needs_price = std::isfinite(request.budget_usd) && a.price_usd == 0;
        (needs_price ? report.unpriced : report.ranked).push_back(std::move(a));
      }
    }
  }
  if (report.ranked.empty() && cheapest == nullptr)
    throw Error("no board's throughput on '" + std::string(model.name) + "' is known in this precision" +
                (csv.empty() ? ": it isn't modelled, and what was measured is not at hand (" +
                                   std::string(training_table_place) + ", or in that of --data)"
                             : ""));
  if (report.ranked.empty())
    throw Error(fmt::format(
        "no machine for '{}' within the limits: the cheapest board is {} at ${:.0f} and {:.0f} W, "
        "the least power takes {} with {:.0f} W",
        model.name, cheapest->name, cheapest->launch_price_usd, cheapest->tdp_w, coolest->name,
        coolest->tdp_w));
  const auto faster = [](const Advice& a, const Advice& b) { return a.throughput > b.throughput; };
  std::ranges::stable_sort(report.ranked, faster);
  std::ranges::stable_sort(report.unpriced, faster);
  return report;
}

}  // namespace fringe
