// The larger sections of an experiment's file. A key is a row or a line of their sources.
#pragma once

#include <string>

#include "sim/experiment.hpp"
#include "sim/toml_section.hpp"

namespace fringe {

/// [training]: into e.training, which has the workload's own values, e.training_hardware and
/// e.checkpoint_every.
void read_training(TomlSection section, Experiment& e);
/// [photonic.NAME].
PhotonicEntry read_photonic(TomlSection section, std::string name);

}  // namespace fringe
