#include "photonics/link_budget.hpp"

#include <bit>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

double transmission(double loss_db) { return power_ratio_from_db(-loss_db); }

double residue(double bandwidth_hz, double symbol_s) { return std::exp(-2 * pi * bandwidth_hz * symbol_s); }

}  // namespace

double quantum_efficiency(const Photodiode& photodiode, double wavelength_m) noexcept {
  return photodiode.responsivity_a_per_w * photon_energy_j(wavelength_m) / elementary_charge_c;
}

LinkBudget link_budget(const PhotonicDesign& design) {
  check(design);
  if (design.published) return {};
  const bool homodyne = design.detection == Detection::homodyne;
  const double modes = static_cast<double>(design.modes);
  const CoreKind& core = find_core_kind(design.core);
  const double columns = static_cast<double>(core.meshes) * static_cast<double>(mesh_columns(design));
  const double symbol_s = 1 / design.clock_hz;
  const double attenuator_db = core.meshes == 2 ? mesh_imperfections(design).insertion_loss_db : 0;
  const double access_db = design.access_length_m * design.waveguide.loss_db_per_m;
  const double routing_db = columns * design.routing_per_column_m * design.waveguide.loss_db_per_m;
  const double delay_db = design.oscillator_delay_m * design.waveguide.loss_db_per_m;

  // One splitter parts signal from local oscillator; a binary tree then feeds the modes.
  const double levels = static_cast<double>(std::bit_width(design.modes - 1)) + (homodyne ? 1 : 0);
  const double tree_db = levels * design.splitter.insertion_loss_db;
  const double source_photons = design.laser_power_w * symbol_s / photon_energy_j(design.laser.wavelength_m) /
                                modes * transmission(design.fibre_coupler.insertion_loss_db + tree_db);
  const double detector = quantum_efficiency(design.photodiode, design.laser.wavelength_m);
  const double combiner_db = homodyne ? design.splitter.insertion_loss_db : 0;
  const double depth_field = std::sin(pi / 2 * design.modulation_depth);

  LinkBudget budget{};
  budget.modulator_residue = residue(design.modulator.bandwidth_hz, symbol_s);
  budget.receiver_residue =
      residue(1 / std::hypot(1 / design.photodiode.bandwidth_hz, 1 / design.tia.bandwidth_hz), symbol_s);
  const double modulator_settled = 1 - budget.modulator_residue,
               receiver_settled = 1 - budget.receiver_residue;

  budget.full_scale_photons = source_photons * (1 - design.local_oscillator_share) *
                              transmission(design.modulator.insertion_loss_db) * depth_field * depth_field *
                              modulator_settled * modulator_settled;
  // Readings shrink by the settled part; η is of photons, and homodyne readings go with their root.
  budget.efficiency = detector * transmission(access_db + routing_db + attenuator_db + combiner_db) *
                      (homodyne ? receiver_settled * receiver_settled : receiver_settled);
  budget.detected_oscillator_photons = source_photons * design.local_oscillator_share * detector *
                                       transmission(access_db + delay_db + combiner_db);
  budget.detected_signal_photons = budget.efficiency * budget.full_scale_photons;
  if (detector > 1)
    throw Error("photodiode '" + std::string(design.photodiode.name) + "' would detect " +
                std::to_string(detector) + " electrons per photon at the wavelength of laser '" +
                std::string(design.laser.name) + "'; at most 1 is possible");
  if (!(budget.detected_signal_photons > 0 && (budget.detected_oscillator_photons > 0 || !homodyne)))
    throw Error("no light reaches the receivers: the losses of the design leave " +
                std::to_string(budget.detected_signal_photons) + " signal photons per symbol");

  const double charge = elementary_charge_c;
  const double noise_bandwidth_hz = 1 / (2 * symbol_s);
  const double current_noise = design.tia.input_noise_a_per_sqrt_hz;
  const double diodes = homodyne ? 2 : 1;
  budget.thermal_electrons_variance =
      current_noise * current_noise * noise_bandwidth_hz * symbol_s * symbol_s / (charge * charge);
  budget.dark_electrons = design.photodiode.dark_current_a * symbol_s / charge;
  budget.receiver_electrons_variance = budget.thermal_electrons_variance + diodes * budget.dark_electrons;
  const double signal = budget.detected_signal_photons, oscillator = budget.detected_oscillator_photons;
  budget.shot_variance = homodyne ? 1 / (4 * signal) : 1 / signal;
  const double per_electron = homodyne ? budget.shot_variance / oscillator : 1 / (signal * signal);
  budget.thermal_variance = per_electron * budget.thermal_electrons_variance;
  budget.dark_variance = per_electron * diodes * budget.dark_electrons;
  budget.noise_sigma = std::sqrt(budget.shot_variance + budget.thermal_variance + budget.dark_variance);

  const double mzi_m = find_crossing(design.crossing).splitters * design.splitter.length_m +
                       shifters_passed(core) * design.phase_shifter.length_m;
  const double mesh_m = columns * (mzi_m + design.routing_per_column_m) + (core.meshes == 2 ? mzi_m : 0);
  const double path_m = mesh_m + design.access_length_m + design.splitter.length_m;
  const double delay_s_per_m = design.waveguide.group_index / speed_of_light_m_per_s;
  budget.time_of_flight_s = path_m * delay_s_per_m;
  budget.intensity_variance = power_ratio_from_db(design.laser.rin_db_per_hz) * noise_bandwidth_hz;
  if (homodyne) {
    budget.intensity_leak = design.splitter.splitting_sigma_rad * std::sqrt(oscillator / signal);
    budget.path_delay_s = std::abs(mesh_m - design.oscillator_delay_m) * delay_s_per_m;
    budget.phase_variance = 2 * pi * design.laser.linewidth_hz * budget.path_delay_s;
  }

  budget.laser_electrical_w = design.laser_power_w / design.laser.wall_plug_efficiency;
  budget.modulator_symbol_j = design.modulator.energy_per_symbol_j * design.modulation_depth *
                              design.modulation_depth * design.modulator.symbol_rate_hz / design.clock_hz;
  return budget;
}

}  // namespace fringe
