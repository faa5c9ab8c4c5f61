// ADEPT (C. Demirkiran et al., ACM JETC 19, 30 (2023)) against a systolic array: the gain in inferences a
// joule that the prices of a comparison predict for whole networks, from devices and presets alone.
#pragma once

#include <span>
#include <vector>

#include "core/work.hpp"
#include "electronic/systolic_array.hpp"
#include "photonics/photonic_design.hpp"

namespace fringe {

/// What the preset "adept" leaves out: a laser, and an amplifier behind each of its 128 outputs. The laser
/// lets a mesh that loses mesh_loss_db be read by homodyne detection with no more noise than rounding full
/// scale to 8 bits makes (link_budget.hpp). Its wall-plug efficiency, coupler, modulators and photodiodes are
/// ADEPT's own, at second hand; amplifiers are the catalogue's.
std::vector<PoweredDevice> adept_light(double mesh_loss_db);

/// The preset with these devices besides its own.
PhotonicDesign adept_with(std::span<const PoweredDevice> light);

/// Joules an inference of `work`, a list for `batch` of them, one behind another: as a comparison prices
/// throughput, but all parameters and activations are in memory on the chip, whatever they take, and products
/// of two activations run on the cores.
double joules_on_cores(PhotonicDesign design, std::span<const Work> work, std::size_t batch);
/// Likewise, weight stationary.
double joules_on_array(SystolicSpec array, std::span<const Work> work, std::size_t batch);

/// TPUv4i's arrays, were they nothing but multipliers of 8 bits and adders of 32.
SystolicSpec bare_array();

}  // namespace fringe
