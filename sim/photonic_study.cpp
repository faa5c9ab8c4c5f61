#include "sim/photonic_study.hpp"

#include <algorithm>
#include <cmath>

namespace fringe {
namespace {

/// Squared norms of realised − asked weights, and of the asked ones.
struct ErrorSum {
  double error = 0, asked = 0;
  double relative() const { return asked > 0 ? std::sqrt(error / asked) : 0; }
};

ErrorSum weight_error(Network& network, const Parameters& asked) {
  const Parameters realised = network.parameters();
  ErrorSum sum;
  for (std::size_t d = 0; d < asked.weights.size(); ++d)
    for (std::size_t i = 0; i < asked.weights[d].size(); ++i) {
      const double a = asked.weights[d][i], difference = realised.weights[d][i] - a;
      sum.error += difference * difference;
      sum.asked += a * a;
    }
  return sum;
}

template <class Rows>
std::vector<std::uint32_t> first_rows(const Rows& rows, std::size_t most) {
  return {rows.begin(),
          rows.begin() + static_cast<std::ptrdiff_t>(most == 0 ? rows.size() : std::min(most, rows.size()))};
}

std::size_t tiles_of(const Products& p, std::size_t groups, const PhotonicDesign& design) {
  const auto& system = design.published;
  return tiles_of_groups(p.rows, p.inner, groups, system ? system->rows : design.modes,
                         system ? system->inner : design.modes);
}

/// The entry's systems where the operators of the graph stand, in that much light.
NumberPlan plan_of(const NumberEntry& entry, const Graph& graph, double noise) {
  NumberPlan plan{entry.all, {}};
  plan.all.light_noise = noise;
  const std::vector<int> weights = graph.weight_nodes();
  for (const auto& [name, numbers] : entry.operators)
    for (std::size_t k = 0; k < weights.size(); ++k)
      if (graph.node(weights[k]).name == name) {
        plan.operators.push_back({static_cast<std::uint32_t>(weights[k]), static_cast<int>(k), numbers});
        plan.operators.back().numbers.light_noise = noise;
      }
  return plan;
}

}  // namespace

std::size_t tiles_of_workload(const Graph& graph, std::size_t modes, std::size_t matrices) {
  std::size_t tiles = 0;
  for (const int node : graph.weight_nodes()) {
    const Products p = graph.products(node);
    tiles += tiles_of_groups(p.rows, p.inner, p.groups * matrices, modes);
  }
  return tiles;
}

std::size_t tiles_of_workload(const Graph& graph, const PhotonicEntry& entry) {
  if (!entry.numbers) return tiles_of_design(graph, entry.design);
  std::size_t tiles = 0;
  for (const int node : graph.weight_nodes()) {
    const Products p = graph.products(node);
    const auto matrices =
        static_cast<std::size_t>(passes_of(entry.numbers->of(graph.node(node).name)).matrices);
    tiles += tiles_of(p, p.groups * matrices, entry.design);
  }
  return tiles;
}

std::size_t tiles_of_design(const Graph& graph, const PhotonicDesign& design) {
  std::size_t tiles = 0;
  for (const int node : graph.weight_nodes()) {
    const Products p = graph.products(node);
    tiles += tiles_of(p, p.groups, design);
  }
  return tiles;
}

PhotonicSetup photonic_setup(const Study& study, const PhotonicEntry& entry, const PhotonicCase& which,
                             std::size_t chip) {
  PhotonicSetup setup;
  setup.name = entry.name + ", " + which.name;
  setup.design = entry.design;
  setup.design.cores = entry.cores > 0 ? entry.cores : tiles_of_workload(study.graph(), entry);
  setup.design.chips = std::min(setup.design.chips, setup.design.cores);
  if (entry.numbers) {
    setup.training = TrainingScheme::reprogram;  // of codes there is nothing to measure in a mesh
    setup.numbers = plan_of(*entry.numbers, study.graph(),
                            which.effects == PhotonicEffects{} ? 0 : light_noise(entry.design));
  }
  setup.effects = which.effects;
  setup.corrected = which.corrected;
  setup.seed = study.experiment().seed;
  setup.chip = static_cast<std::uint32_t>(chip);
  return setup;
}

ChipResult run_chip(const Study& study, const PhotonicEntry& entry, const PhotonicCase& which,
                    std::size_t chip) {
  const Experiment& experiment = study.experiment();
  const TrainedFold& fold = study.fold_of_chip(chip);
  PhotonicSetup setup = photonic_setup(study, entry, which, chip);
  if (which.in_loop && experiment.in_loop.measured)
    setup.measured_gradients =
        which.effects == PhotonicEffects{} ? TapReading{} : *experiment.in_loop.measured;
  PhotonicAccelerator hardware(std::move(setup), study.cpu(), study.pool());
  Network network(study.graph(), fold.parameters, hardware);
  ChipResult result;
  result.chip = chip;
  result.fold = chip % study.folds().size();
  result.rows = first_rows(fold.split.test, experiment.chip_samples);
  const auto ranges = study.calibration_rows(fold);
  if (which.in_loop && experiment.in_loop.random_start && !entry.numbers)
    for (std::size_t d = 0; d < network.matrix_count(); ++d)
      dynamic_cast<PhotonicMatrix&>(network.matrix(d)).start_randomly(experiment.seed);
  calibrate(network, study.data(), ranges, experiment.seed);
  if (which.in_loop) {
    TrainingOptions options = experiment.training;
    options.epochs = experiment.in_loop.epochs;
    options.optimiser.rate = experiment.in_loop.rate;
    options.optimiser.weight_decay = 0;  // phases have no size that should shrink
    options.loss_scaling = false;        // slopes are float32
    options.seed = experiment.seed;
    const auto rows = first_rows(fold.split.train, experiment.in_loop.samples);
    struct : Observer {
      const Observer* outer;
      bool stop_requested() const override { return outer->stop_requested(); }
    } quiet;
    quiet.outer = &study.observer();
    const std::string name = entry.name + ", " + which.name + ", chip " + std::to_string(chip);
    result.epochs =
        train(network, study.data(), rows, options, &quiet, result.rows, study.checkpoints(name)).epochs;
    calibrate(network, study.data(), ranges, experiment.seed);
  }
  if (which.keep_phases && chip == 0)
    for (std::size_t d = 0; d < network.matrix_count(); ++d) {
      const auto& matrix = dynamic_cast<const PhotonicMatrix&>(network.matrix(d));
      for (std::size_t t = 0; t < matrix.tiling().tiles(); ++t)
        result.phases.push_back({matrix.asked(t), matrix.held(t)});
    }
  result.matrix_error = weight_error(network, fold.parameters).relative();
  Context context;
  context.seed = experiment.seed;
  result.evaluation = evaluate(network, study.data(), result.rows, context);
  result.scores = scores_of(study, result.evaluation, result.rows);
  result.float_scores = scores_of(study, fold.floating, result.rows);
  return result;
}

std::vector<PhotonicCase> main_cases(const Study& study, const PhotonicEntry& entry) {
  return main_cases(study.experiment(), entry);
}

std::vector<PhotonicCase> main_cases(const Experiment& experiment, const PhotonicEntry& entry) {
  const PhotonicEffects all = effects_of(entry.design);
  const bool trained = experiment.in_loop.epochs > 0;
  if (entry.numbers) {
    std::vector<PhotonicCase> cases{{"ideal meshes", all}};
    if (trained) cases.push_back({"ideal meshes, trained", all, false, true});
    return cases;
  }
  std::vector<PhotonicCase> cases{{"as fabricated", all, false, false, true},
                                  {"corrected", all, true, false, true}};
  if (trained) cases.push_back({"trained on chip", all, false, true, true});
  return cases;
}

std::vector<PhotonicCase> cause_cases(const PhotonicEntry& entry) {
  const PhotonicEffects all = effects_of(entry.design);
  std::vector<PhotonicCase> cases;
  for (const EffectRow& row : photonic_effects()) {
    if (!acts(all, row)) continue;
    cases.push_back({"only " + std::string(row.name), only(all, row), false, false});
    cases.push_back({"without " + std::string(row.name), without(all, row), false, false});
  }
  return cases;
}

std::vector<PhotonicCase> splitter_cases(const PhotonicEntry& entry) {
  PhotonicEffects splitters;
  splitters.mesh.splitter_sigma_rad = effects_of(entry.design).mesh.splitter_sigma_rad;
  return {{"splitters, unlimited phases", splitters, false, false},
          {"splitters, unlimited phases, corrected", splitters, true, false}};
}

std::vector<double> lost(const Study& study, const std::vector<ChipResult>& chips, std::size_t m) {
  std::vector<double> all;
  for (const ChipResult& chip : chips)
    all.push_back(study.metrics()[m].lost(chip.float_scores[m], chip.scores[m]));
  return all;
}

}  // namespace fringe
