#include "sim/cost_study.hpp"

#include <algorithm>

namespace fringe {

std::vector<CostFigure> inference_costs(const Study& study, Accelerator& hardware,
                                        const std::string& scenario) {
  std::vector<CostFigure> figures;
  for (const std::size_t batch : study.experiment().batches)
    figures.push_back({scenario, batch, hardware.price(lower(study.graph(), batch, false))});
  return figures;
}

CostFigure training_cost(const Study& study, Accelerator& hardware, const std::string& scenario) {
  const TrainingOptions& training = study.experiment().training;
  return {scenario, training.batch,
          hardware.price(lower(study.graph(), training.batch, true, training.optimiser))};
}

std::vector<LayerFigure> layer_costs(const Study& study, Accelerator& hardware, std::size_t batch) {
  std::vector<LayerFigure> layers;
  for (Work work : lower(study.graph(), batch, false)) {
    if (work.kind != Work::Kind::product) continue;
    work.after.clear();
    LayerFigure layer{work.name, work.rows, work.inner, batch, hardware.price(std::span(&work, 1))};
    layers.push_back(layer);
  }
  return layers;
}

std::vector<CostFigure> photonic_costs(const Study& study, const PhotonicEntry& entry) {
  const auto with = [&](std::size_t cores, TrainingScheme scheme) {
    PhotonicSetup setup = photonic_setup(study, entry, {"costs", effects_of(entry.design), false, false}, 0);
    if (cores > 0) setup.design.cores = cores;
    setup.design.chips = std::min(setup.design.chips, setup.design.cores);
    setup.training = scheme;
    return PhotonicAccelerator(std::move(setup), study.cpu(), study.pool());
  };
  if (entry.numbers) {
    // Codes are what is trained; meshes are programmed with them.
    PhotonicAccelerator resident = with(0, TrainingScheme::reprogram),
                        one = with(1, TrainingScheme::reprogram);
    std::vector<CostFigure> figures = inference_costs(study, resident, "resident");
    for (CostFigure& figure : inference_costs(study, one, "single core"))
      figures.push_back(std::move(figure));
    figures.push_back(training_cost(study, resident, "training reprogram"));
    figures.push_back(training_cost(study, one, "training single core"));
    return figures;
  }
  PhotonicAccelerator in_situ = with(0, TrainingScheme::in_situ);
  PhotonicAccelerator reprogram = with(0, TrainingScheme::reprogram);
  PhotonicAccelerator single = with(1, TrainingScheme::reprogram);
  std::vector<CostFigure> figures = inference_costs(study, in_situ, "resident");
  for (CostFigure& figure : inference_costs(study, single, "single core"))
    figures.push_back(std::move(figure));
  figures.push_back(training_cost(study, in_situ, "training in situ"));
  figures.push_back(training_cost(study, reprogram, "training reprogram"));
  figures.push_back(training_cost(study, single, "training single core"));
  return figures;
}

}  // namespace fringe
