// Time and energy of the workload on every hardware: inference by batch, a training step, and operator by
// operator.
#pragma once

#include <string>
#include <vector>

#include "core/accelerator.hpp"
#include "sim/photonic_study.hpp"

namespace fringe {

/// Inference in `scenario` for each batch of the experiment.
std::vector<CostFigure> inference_costs(const Study& study, Accelerator& hardware,
                                        const std::string& scenario);
/// One training step at the experiment's training batch.
CostFigure training_cost(const Study& study, Accelerator& hardware, const std::string& scenario);
/// Each dense operator by itself at a batch.
std::vector<LayerFigure> layer_costs(const Study& study, Accelerator& hardware, std::size_t batch);

/// All scenarios of a photonic system: resident weights, a single core, training by both schemes (in a number
/// system by new programs alone).
std::vector<CostFigure> photonic_costs(const Study& study, const PhotonicEntry& entry);

}  // namespace fringe
