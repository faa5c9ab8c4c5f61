#include "photonics/wavelength.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

void scale(std::vector<double>& values, double factor) {
  for (double& value : values) value *= factor;
}

}  // namespace

void check(const Dispersion& dispersion) {
  if (!(dispersion.design_wavelength_m > 0) || !std::isfinite(dispersion.design_wavelength_m))
    throw Error("dispersion.design_wavelength_m = " + std::to_string(dispersion.design_wavelength_m) +
                "; it must be positive and finite");
  if (!std::isfinite(dispersion.splitter_rad_per_m))
    throw Error("dispersion.splitter_rad_per_m = " + std::to_string(dispersion.splitter_rad_per_m) +
                "; it must be finite");
}

double phase_scale(const Dispersion& dispersion, double wavelength_m) {
  check(dispersion);
  if (!(wavelength_m > 0) || !std::isfinite(wavelength_m))
    throw Error("wavelength = " + std::to_string(wavelength_m) + " m; it must be positive and finite");
  return dispersion.design_wavelength_m / wavelength_m;
}

FabricatedMesh at_wavelength(FabricatedMesh chip, const Dispersion& dispersion, double wavelength_m) {
  const double factor = phase_scale(dispersion, wavelength_m);
  const double turn = dispersion.splitter_rad_per_m * (wavelength_m - dispersion.design_wavelength_m);
  for (double& angle : chip.alpha_rad) angle += turn;
  for (double& angle : chip.beta_rad) angle += turn;
  if (chip.crossing->front_rad != 0)
    for (double& angle : chip.gamma_rad) angle += turn;
  for (std::vector<double>* errors : {&chip.theta_error_rad, &chip.phi_error_rad, &chip.out_error_rad})
    scale(*errors, factor);
  return chip;
}

PhaseProgram at_wavelength(PhaseProgram held, const Dispersion& dispersion, double wavelength_m) {
  const double factor = phase_scale(dispersion, wavelength_m);
  for (std::vector<double>* phases : {&held.theta, &held.phi, &held.out}) scale(*phases, factor);
  return held;
}

}  // namespace fringe
