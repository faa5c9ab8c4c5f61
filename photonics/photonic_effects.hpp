// Which imperfections of a photonic core act, and how strongly; the table that switches them one by one.
#pragma once

#include <span>
#include <string_view>

#include "photonics/imperfections.hpp"
#include "photonics/photonic_design.hpp"

namespace fringe {

/// All off is the ideal engine: exact up to float rounding. Fields are in units of the full-scale input
/// field.
struct PhotonicEffects {
  MeshImperfections mesh;

  // Inputs, in the order in which a value meets them.
  double dac_enob = 0;          ///< effective bits of the inputs; 0: unlimited
  double dac_inl = 0;           ///< largest integral non-linearity over full scale, < 1
  double input_gain_sigma = 0;  ///< relative spread of the gain of DAC and driver over the channels
  ModulatorDrive modulator_drive = ModulatorDrive::linear;
  double modulation_depth = 1;     ///< drive over that of the modulator's full swing, (0, 1]
  double modulator_imbalance = 0;  ///< field at extinction over the largest field, 10^(−extinction_dB/20)
  double modulator_memory = 0;     ///< field of the symbol before that is still there, over full scale

  // The laser, common to all modes of a symbol.
  double intensity_variance = 0;  ///< of its relative power over a symbol
  double intensity_leak = 0;      ///< rms over receivers of their reading per unit of relative power
  double phase_variance = 0;      ///< [rad²] between signal and local oscillator

  // Outputs.
  double shot_variance = 0;       ///< of a reading where the local oscillator outshines the signal
  double oscillator_photons = 0;  ///< detected, per symbol and receiver; 0: unlimited
  double thermal_variance = 0;
  double dark_variance = 0;
  double receiver_memory = 0;    ///< reading of the symbol before that is still there, over the ADC's range
  double output_gain_sigma = 0;  ///< relative spread of the gain of receiver and ADC over the channels
  double adc_inl = 0;            ///< largest integral non-linearity over the ADC's range, < 1
  double adc_enob = 0;           ///< effective bits of the outputs; 0: unlimited
  double timing_jitter_rad = 0;  ///< 2π·f·σ_t of the ADC's sampling at half the clock

  bool operator==(const PhotonicEffects&) const = default;
};

/// Throws Error naming the field and the rule where a strength is out of range.
void check(const PhotonicEffects& effects);

/// Everything that the design's devices and its link budget bring. Throws Error where link_budget() does.
PhotonicEffects effects_of(const PhotonicDesign& design);

/// One cause of error, for "this one alone" and "all but this one".
struct EffectRow {
  std::string_view name;
  void (*copy)(const PhotonicEffects& from, PhotonicEffects& to);
};
std::span<const EffectRow> photonic_effects() noexcept;
PhotonicEffects only(const PhotonicEffects& all, const EffectRow& effect);
PhotonicEffects without(const PhotonicEffects& all, const EffectRow& effect);
/// Whether the cause is there at all.
bool acts(const PhotonicEffects& all, const EffectRow& effect);

}  // namespace fringe
