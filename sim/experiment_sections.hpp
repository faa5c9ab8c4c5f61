// An experiment's file in parts. A key is a row or a line of their sources.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/experiment.hpp"
#include "sim/toml_section.hpp"

namespace fringe {

/// The order that toml++, which sorts keys by name, has lost.
std::vector<std::string_view> keys_in_file_order(const toml::table& table);

/// The whole file; its text is left empty.
Experiment experiment_of(const toml::table& root, const std::string& file);
/// [training]: into e.training, which has the workload's own values, e.training_hardware and
/// e.checkpoint_every.
void read_training(TomlSection section, Experiment& e);
/// [photonic.NAME]. `operators` are those of the workload that have weights. A published system has the cores
/// that it has, unless the section says so.
PhotonicEntry read_photonic(TomlSection section, std::string name,
                            std::span<const std::string_view> operators);
/// Block floating point with the bits of a published system's converters.
NumberEntry numbers_of(const PhotonicSystem& system, std::size_t width);
/// [photonic.NAME.numbers].
NumberEntry read_numbers(TomlSection section, const PhotonicDesign& design,
                         std::span<const std::string_view> operators);

}  // namespace fringe
