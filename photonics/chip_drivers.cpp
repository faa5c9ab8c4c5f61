#include "photonics/chip_drivers.hpp"

#include <utility>

namespace fringe {

ChipDrivers drivers_of(const MeshLayout& layout, const MeshImperfections& imperfections, std::uint64_t seed,
                       std::uint32_t trial, std::uint32_t site) {
  check(imperfections);
  ChipDrivers drivers;
  drivers.phase_bits = imperfections.phase_bits;
  drivers.drive = imperfections.drive;
  drivers.faults = draw_faults(layout, imperfections.dead_coupler_probability,
                               imperfections.stuck_phase_probability, seed, trial, site);
  if (imperfections.crosstalk.coefficient > 0)
    drivers.crosstalk.emplace(layout, imperfections.geometry, imperfections.crosstalk);
  const Dispersion& dispersion = imperfections.dispersion;
  drivers.phase_scale = phase_scale(dispersion, dispersion.design_wavelength_m + imperfections.detuning_m);
  return drivers;
}

PhaseProgram held_by_chip(const ChipDrivers& drivers, const PhaseProgram& asked) {
  PhaseProgram held = driven(asked, drivers.drive, drivers.phase_bits);
  // A whole turn more or less is no matter until heat or dispersion counts it.
  if (drivers.crosstalk || drivers.phase_scale != 1) held = in_range(held, drivers.drive);
  held = apply_faults(std::move(held), drivers.faults);
  if (drivers.crosstalk) held = drivers.crosstalk->heated(held);
  if (drivers.phase_scale != 1)
    for (std::vector<double>* phases : {&held.theta, &held.phi, &held.out})
      for (double& phase : *phases) phase *= drivers.phase_scale;
  return held;
}

}  // namespace fringe
