// One budget for noise and joules: the laser's power, its splitting, losses and receiver set the noise of
// every output; the same power over the wall-plug efficiency sets the joules.
#pragma once

#include "photonics/photonic_design.hpp"

namespace fringe {

/// Fields are in √photons per symbol; "full scale" is the field of an input of 1 at the input of the first
/// mesh. The loss of the meshes' MZIs stands in the fields that the mesh computes, every other loss here.
///
/// Balanced homodyne detection of Re a with a local oscillator of N_LO detected photons: the difference of
/// the two photo-currents integrates to D = 2·√(η·N_LO)·Re a electrons, with shot-noise variance N_LO where
/// the local oscillator is strong (Yuen and Chan, Opt. Lett. 8, 177 (1983), doi:10.1364/OL.8.000177) and the
/// receiver's σ_e². So Re a is known with variance (1/4 + σ_e²/(4·N_LO)) / η. An integration over a symbol
/// time T has noise bandwidth 1/(2T): white current noise i_n (one-sided density i_n²) leaves σ_e² =
/// i_n²·(1/(2T))·T²/e², to which the dark current I_d of both diodes adds its shot noise 2·I_d·T/e. A laser
/// of relative intensity noise RIN (one-sided) has relative power of variance RIN/(2T) over a symbol,
/// whatever its power; its share of a reading that a balanced receiver leaves is derived in
/// output_channels.hpp.
///
/// Finite bandwidth: one pole of frequency f (photodiode and amplifier together 1/f² = 1/f₁² + 1/f₂², as rise
/// times add) settles to 1 − r of a symbol, r = e^(−2π·f·T). The field behind a modulator and the electrons
/// of a receiver are smaller by that factor; noise is not.
///
/// Intensity detection has no local oscillator and no combiner: |a|² is read, in units of full scale, with a
/// shot-noise variance of 1/(η·N) at full scale and σ_e²/(η·N)² for the one diode.
struct LinkBudget {
  double full_scale_photons;  ///< per symbol and mode, at the input of the first mesh
  double efficiency;          ///< η: detector and all losses behind the modulators that are no mesh MZI's
  double detected_oscillator_photons;  ///< N_LO per symbol and receiver; 0 for intensity detection
  double detected_signal_photons;  ///< η·full_scale_photons: what one receiver gets if no mesh light is lost
  double thermal_electrons_variance;   ///< of the amplifier, per symbol
  double dark_electrons;               ///< of one diode, per symbol
  double receiver_electrons_variance;  ///< σ_e² per symbol
  double shot_variance;                ///< of an output, in units of full scale squared, at unit gain
  double thermal_variance;             ///< likewise, of the amplifier
  double dark_variance;                ///< likewise, of dark current
  double noise_sigma;                  ///< root of the sum of these three
  double intensity_variance;           ///< of the laser's relative power over a symbol
  double intensity_leak;               ///< reading per unit of relative power, rms over receivers
  double phase_variance;      ///< [rad²] between signal and local oscillator: 2π·linewidth·path_delay_s
  double path_delay_s;        ///< between signal and local oscillator, without sign
  double modulator_residue;   ///< r of the modulators
  double receiver_residue;    ///< r of photodiode and amplifier
  double laser_electrical_w;  ///< per core
  double modulator_symbol_j;  ///< drive energy of one full-scale symbol at the design's clock
  double time_of_flight_s;    ///< modulator to photodiode, through the meshes
};

/// What is left of the symbol before, per unit of this one: r/(1−r).
inline double memory_of(double residue) { return residue / (1 - residue); }

/// All 0 for a published system, whose losses and receivers aren't known.
/// Throws Error where check(design) does, and where nothing, or more than all of the light, would be
/// detected.
LinkBudget link_budget(const PhotonicDesign& design);

/// Quantum efficiency R·h·c/(e·λ) of a photodiode.
double quantum_efficiency(const Photodiode& photodiode, double wavelength_m) noexcept;

}  // namespace fringe
