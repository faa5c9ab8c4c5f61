#include "sim/sweep_hardware.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"
#include "sim/cost_study.hpp"
#include "sim/modelled.hpp"
#include "sim/photonic_study.hpp"

namespace fringe {
namespace {

constexpr std::string_view resident = "resident";

SweepCost cost_of(std::string hardware, const std::string& camp, std::vector<CostFigure> costs) {
  HardwareResult priced;
  priced.costs = std::move(costs);
  const std::string scenario(resident);
  const CostFigure &one = *priced.at_batch_one(scenario), &best = *priced.at_best_batch(scenario);
  const auto per_sample = [](std::vector<double> joules, std::size_t batch) {
    for (double& j : joules) j /= static_cast<double>(batch);
    return joules;
  };
  const auto energy = [](const CostFigure& figure, bool pipelined) {
    return figure.cost.energy_known ? figure.energy_per_sample_j(Boundary::accelerator, pipelined)
                                    : std::numeric_limits<double>::quiet_NaN();
  };
  SweepCost cost;
  cost.hardware = std::move(hardware);
  cost.camp = camp;
  cost.provenance = one.cost.provenance;
  cost.latency_s = one.cost.latency_s;
  cost.area_m2 = one.cost.chip_area_m2();
  cost.energy_j = energy(one, false);
  cost.energy_by_part = energy_by_part(one.cost, one.cost.latency_s);
  cost.batch = best.batch;
  cost.throughput_per_s = best.throughput_per_s();
  cost.pipelined_energy_j = energy(best, true);
  cost.pipelined_energy_by_part = per_sample(energy_by_part(best.cost, best.cost.interval_s()), best.batch);
  return cost;
}

/// Every modelled board of the experiment.
void for_each_board(const Study& study, const std::function<void(ModelledBoard)>& act) {
  const Experiment& e = study.experiment();
  for (const std::string& format : e.formats)
    for (const std::string& board : e.gpus)
      if (const GpuSpec& gpu = find_gpu(board); gpu.peak(find_format(format)) > 0)
        act(modelled_gpu(gpu, find_format(format), study.cpu(), study.pool()));
  for (const std::string& chip : e.systolic)
    for (const Dataflow dataflow : dataflows)
      act(modelled_array(find_systolic(chip), dataflow, study.cpu(), study.pool()));
}

double price_of(const std::string& board) {
  for (const GpuSpec& gpu : gpu_catalogue())
    if (gpu.name == board && gpu.launch_price_usd > 0) return gpu.launch_price_usd;
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void check_systems_of(const Study& study) {
  for (const PhotonicEntry& entry : study.experiment().photonic) {
    PhotonicAccelerator built(
        photonic_setup(study, entry, {.name = "check", .effects = effects_of(entry.design)}, 0), study.cpu(),
        study.pool());
    if (entry.design.detection != Detection::intensity) continue;
    for (const int node : study.graph().weight_nodes())
      if (const Products p = study.graph().products(node); p.inner > entry.design.modes)
        throw Error("photonic." + entry.name +
                    ".detection: intensity takes modes of at least the inputs of " + "every layer, " +
                    std::to_string(p.inner) + ", not " + std::to_string(entry.design.modes));
  }
}

SweepCost photonic_cost(const Study& study, const PhotonicEntry& entry, std::string hardware) {
  PhotonicAccelerator system(
      photonic_setup(study, entry, {.name = "costs", .effects = effects_of(entry.design)}, 0), study.cpu(),
      study.pool());
  return cost_of(std::move(hardware), "photonic", inference_costs(study, system, std::string(resident)));
}

std::vector<SweepCost> electronic_costs(const Study& study) {
  std::vector<SweepCost> costs;
  const auto add = [&](const std::string& name, Accelerator& hardware, double price_usd) {
    costs.push_back(cost_of(name, "electronic", inference_costs(study, hardware, std::string(resident))));
    costs.back().price_usd = price_usd;
  };
  if (study.experiment().cpu)
    add("cpu-blas", *make_cpu_blas(study.cpu(), study.pool()), std::numeric_limits<double>::quiet_NaN());
  for_each_board(
      study, [&](const ModelledBoard& board) { add(board.name, *board.hardware, price_of(board.board)); });
  return costs;
}

void score_electronics(const Study& study, std::vector<SweepScore>& scores) {
  const std::size_t most = study.experiment().chip_samples;
  const auto score = [&](Accelerator& hardware) {
    std::vector<double> accuracies;
    for (const TrainedFold& fold : study.folds()) {
      Network network(study.graph(), fold.parameters, hardware);
      const std::vector<std::uint32_t>& test = fold.split.test;
      const std::span rows(test.data(), most == 0 ? test.size() : std::min(most, test.size()));
      accuracies.push_back(evaluate(network, study.data(), rows).accuracy);
    }
    return accuracies;
  };
  const auto blas = make_cpu_blas(study.cpu(), study.pool());
  const std::vector<double> exact = score(*blas);
  const auto add = [&](const std::string& name, const std::vector<double>& accuracies) {
    for (std::size_t k = 0; k < accuracies.size(); ++k)
      scores.push_back({name, "electronic", 0, k, accuracies[k], exact[k]});
  };
  if (study.experiment().cpu) add("cpu-blas", exact);
  std::map<Format, std::vector<double>> by_format;  // numerics depend on nothing else
  for_each_board(study, [&](const ModelledBoard& board) {
    const auto [place, is_new] = by_format.try_emplace(board.format);
    if (is_new) place->second = score(*board.hardware);
    add(board.name, place->second);
  });
}

}  // namespace fringe
