// A mesh at another wavelength than the one it was designed and programmed for.
#pragma once

#include "photonics/physical_mesh.hpp"

namespace fringe {

/// First order in λ − λ₀. Every splitter's angle changes by slope·(λ − λ₀): a systematic error, common to all
/// (a waveguide crossing doesn't take part). A shifter changes its path by the same length at any wavelength,
/// so that its phase goes as λ₀/λ.
struct Dispersion {
  double design_wavelength_m = 1550e-9;  ///< λ₀, > 0
  double splitter_rad_per_m = 0;         ///< slope of a splitter's angle, any sign

  bool operator==(const Dispersion&) const = default;
};

/// Throws Error naming the key and the rule.
void check(const Dispersion& dispersion);

/// λ₀/λ. Throws Error where λ isn't positive and finite.
double phase_scale(const Dispersion& dispersion, double wavelength_m);

/// The chip as light of a wavelength meets it: its splitters' angles and its phase errors.
FabricatedMesh at_wavelength(FabricatedMesh chip, const Dispersion& dispersion, double wavelength_m);

/// The phases as light of a wavelength meets them, for phases held at the design wavelength.
PhaseProgram at_wavelength(PhaseProgram held, const Dispersion& dispersion, double wavelength_m);

}  // namespace fringe
