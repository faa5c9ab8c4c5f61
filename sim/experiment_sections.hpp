// The larger sections of an experiment's file. A key is a row or a line of their sources.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/experiment.hpp"
#include "sim/toml_section.hpp"

namespace fringe {

/// [training]: into e.training, which has the workload's own values, e.training_hardware and
/// e.checkpoint_every.
void read_training(TomlSection section, Experiment& e);
/// [photonic.NAME]. `operators` are those of the workload that have weights.
PhotonicEntry read_photonic(TomlSection section, std::string name,
                            std::span<const std::string_view> operators);
/// [photonic.NAME.numbers].
NumberEntry read_numbers(TomlSection section, const PhotonicDesign& design,
                         std::span<const std::string_view> operators);

}  // namespace fringe
