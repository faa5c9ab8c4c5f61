#include "photonics/link_budget.hpp"

#include <bit>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

double transmission(double loss_db) { return power_ratio_from_db(-loss_db); }

}  // namespace

double quantum_efficiency(const Photodiode& photodiode, double wavelength_m) noexcept {
  return photodiode.responsivity_a_per_w * photon_energy_j(wavelength_m) / elementary_charge_c;
}

LinkBudget link_budget(const PhotonicDesign& design) {
  check(design);
  const double modes = static_cast<double>(design.modes);
  const double columns = 2 * static_cast<double>(mesh_columns(design));
  const double symbol_s = 1 / design.clock_hz;
  const double mzi_db = mesh_imperfections(design).insertion_loss_db;
  const double access_db = design.access_length_m * design.waveguide.loss_db_per_m;
  const double routing_db = columns * design.routing_per_column_m * design.waveguide.loss_db_per_m;

  // One splitter parts signal from local oscillator; a binary tree then feeds the modes.
  const double tree_db =
      static_cast<double>(1 + std::bit_width(design.modes - 1)) * design.splitter.insertion_loss_db;
  const double source_photons = design.laser_power_w * symbol_s / photon_energy_j(design.laser.wavelength_m) /
                                modes * transmission(design.fibre_coupler.insertion_loss_db + tree_db);
  const double detector = quantum_efficiency(design.photodiode, design.laser.wavelength_m);
  const double combiner_db = design.splitter.insertion_loss_db;

  LinkBudget budget{};
  budget.full_scale_photons =
      source_photons * (1 - design.local_oscillator_share) * transmission(design.modulator.insertion_loss_db);
  budget.efficiency = detector * transmission(access_db + routing_db + mzi_db + combiner_db);
  budget.detected_oscillator_photons =
      source_photons * design.local_oscillator_share * detector * transmission(access_db + combiner_db);
  budget.detected_signal_photons = budget.efficiency * budget.full_scale_photons;
  if (detector > 1)
    throw Error("photodiode '" + std::string(design.photodiode.name) + "' would detect " +
                std::to_string(detector) + " electrons per photon at the wavelength of laser '" +
                std::string(design.laser.name) + "'; at most 1 is possible");
  if (!(budget.detected_signal_photons > 0 && budget.detected_oscillator_photons > 0))
    throw Error("no light reaches the receivers: the losses of the design leave " +
                std::to_string(budget.detected_signal_photons) + " signal photons per symbol");

  const double charge = elementary_charge_c;
  const double noise_bandwidth_hz = 1 / (2 * symbol_s);
  const double current_noise = design.tia.input_noise_a_per_sqrt_hz;
  budget.receiver_electrons_variance =
      current_noise * current_noise * noise_bandwidth_hz * symbol_s * symbol_s / (charge * charge) +
      2 * design.photodiode.dark_current_a * symbol_s / charge;
  budget.shot_variance = 1 / (4 * budget.detected_signal_photons);
  budget.thermal_variance =
      budget.shot_variance * budget.receiver_electrons_variance / budget.detected_oscillator_photons;
  budget.noise_sigma = std::sqrt(budget.shot_variance + budget.thermal_variance);

  budget.laser_electrical_w = design.laser_power_w / design.laser.wall_plug_efficiency;
  budget.modulator_symbol_j =
      design.modulator.energy_per_symbol_j * design.modulator.symbol_rate_hz / design.clock_hz;

  const double mzi_m = 2 * (design.splitter.length_m + design.phase_shifter.length_m);
  const double path_m = columns * (mzi_m + design.routing_per_column_m) + mzi_m + design.access_length_m +
                        design.splitter.length_m;
  budget.time_of_flight_s = path_m * design.waveguide.group_index / speed_of_light_m_per_s;
  return budget;
}

}  // namespace fringe
