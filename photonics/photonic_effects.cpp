#include "photonics/photonic_effects.hpp"

#include <array>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/link_budget.hpp"

namespace fringe {
namespace {

using Effects = PhotonicEffects;
using Copy = void (*)(const Effects&, Effects&);

template <auto Field>
constexpr Copy mesh = [](const Effects& from, Effects& to) { to.mesh.*Field = from.mesh.*Field; };
template <auto... Fields>
constexpr Copy fields = [](const Effects& from, Effects& to) { ((to.*Fields = from.*Fields), ...); };

constexpr std::array effect_rows{
    EffectRow{"splitter_error", mesh<&MeshImperfections::splitter_sigma_rad>},
    EffectRow{"phase_error", mesh<&MeshImperfections::phase_sigma_rad>},
    EffectRow{"phase_bits", mesh<&MeshImperfections::phase_bits>},
    EffectRow{"insertion_loss", mesh<&MeshImperfections::insertion_loss_db>},
    EffectRow{"insertion_loss_spread", mesh<&MeshImperfections::insertion_loss_sigma_db>},
    EffectRow{"splitter_correlation", mesh<&MeshImperfections::splitter_correlation>},
    EffectRow{"splitter_correlation_length", mesh<&MeshImperfections::splitter_correlation_length_m>},
    EffectRow{"arm_imbalance", mesh<&MeshImperfections::arm_imbalance_sigma_db>},
    EffectRow{"waveguide_loss", mesh<&MeshImperfections::waveguide_loss_db_per_m>},
    EffectRow{"crossing_loss", mesh<&MeshImperfections::crossing_loss_db>},
    EffectRow{"crossing_leakage", mesh<&MeshImperfections::crossing_leakage>},
    EffectRow{"detuning", mesh<&MeshImperfections::detuning_m>},
    EffectRow{"splitter_dispersion", mesh<&MeshImperfections::dispersion>},
    EffectRow{"temperature_shift", mesh<&MeshImperfections::temperature_shift_k>},
    EffectRow{"path_imbalance", mesh<&MeshImperfections::path_imbalance_sigma_m>},
    EffectRow{"dead_couplers", mesh<&MeshImperfections::dead_coupler_probability>},
    EffectRow{"stuck_phases", mesh<&MeshImperfections::stuck_phase_probability>},
    EffectRow{"voltage_drive", mesh<&MeshImperfections::drive>},
    EffectRow{"thermal_crosstalk", mesh<&MeshImperfections::crosstalk>},
    EffectRow{"phase_drift", mesh<&MeshImperfections::drift>},
    EffectRow{"input_dac", fields<&Effects::dac_enob>},
    EffectRow{"dac_inl", fields<&Effects::dac_inl>},
    EffectRow{"input_gain", fields<&Effects::input_gain_sigma>},
    EffectRow{"modulator_transfer", fields<&Effects::modulator_drive, &Effects::modulation_depth>},
    EffectRow{"modulator_extinction", fields<&Effects::modulator_imbalance>},
    EffectRow{"modulator_bandwidth", fields<&Effects::modulator_memory>},
    EffectRow{"laser_intensity_noise", fields<&Effects::intensity_variance, &Effects::intensity_leak>},
    EffectRow{"laser_phase_noise", fields<&Effects::phase_variance>},
    EffectRow{"shot_noise", fields<&Effects::shot_variance, &Effects::oscillator_photons>},
    EffectRow{"thermal_noise", fields<&Effects::thermal_variance>},
    EffectRow{"dark_current", fields<&Effects::dark_variance>},
    EffectRow{"receiver_bandwidth", fields<&Effects::receiver_memory>},
    EffectRow{"output_gain", fields<&Effects::output_gain_sigma>},
    EffectRow{"adc_inl", fields<&Effects::adc_inl>},
    EffectRow{"output_adc", fields<&Effects::adc_enob>},
    EffectRow{"timing_jitter", fields<&Effects::timing_jitter_rad>},
};

void require(bool holds, const char* field, double value, const char* rule) {
  if (!holds)
    throw Error("photonic effects: " + std::string(field) + " = " + std::to_string(value) + " " + rule);
}

// Less than half a step of a float at full scale.
double audible(double memory) { return memory < 0x1p-24 ? 0 : memory; }

}  // namespace

std::span<const EffectRow> photonic_effects() noexcept { return effect_rows; }

void check(const PhotonicEffects& e) {
  check(e.mesh);
  const auto not_negative = [](const char* field, double value) {
    require(value >= 0 && std::isfinite(value), field, value, "must be finite and not negative");
  };
  not_negative("shot_variance", e.shot_variance);
  not_negative("oscillator_photons", e.oscillator_photons);
  not_negative("thermal_variance", e.thermal_variance);
  not_negative("dark_variance", e.dark_variance);
  not_negative("intensity_variance", e.intensity_variance);
  not_negative("intensity_leak", e.intensity_leak);
  not_negative("phase_variance", e.phase_variance);
  not_negative("timing_jitter_rad", e.timing_jitter_rad);
  not_negative("dac_enob", e.dac_enob);
  not_negative("adc_enob", e.adc_enob);
  const auto share = [](const char* field, double value) {
    require(value >= 0 && value < 1, field, value, "must lie in 0 … 1, without 1");
  };
  share("dac_inl", e.dac_inl);
  share("adc_inl", e.adc_inl);
  share("modulator_imbalance", e.modulator_imbalance);
  share("modulator_memory", e.modulator_memory);
  share("receiver_memory", e.receiver_memory);
  // Six spreads are all that a normal of 32 bits reaches: no gain changes its sign.
  const auto gain = [](const char* field, double value) {
    require(value >= 0 && value <= 0.15, field, value, "must lie in 0 … 0.15");
  };
  gain("input_gain_sigma", e.input_gain_sigma);
  gain("output_gain_sigma", e.output_gain_sigma);
  require(e.modulation_depth > 0 && e.modulation_depth <= 1, "modulation_depth", e.modulation_depth,
          "must lie above 0 and up to 1");
}

PhotonicEffects effects_of(const PhotonicDesign& design) {
  const LinkBudget budget = link_budget(design);
  PhotonicEffects effects;
  effects.mesh = mesh_imperfections(design);
  effects.dac_enob = design.input_dac.enob_bits;
  effects.dac_inl = inl_over_full_scale(design.input_dac, design.dac_inl_lsb);
  effects.input_gain_sigma = design.input_gain_sigma;
  effects.modulator_drive = design.modulator_drive;
  effects.modulation_depth = design.modulation_depth;
  effects.modulator_imbalance = field_transmission_from_loss_db(design.modulator.extinction_ratio_db);
  effects.modulator_memory = audible(memory_of(budget.modulator_residue));
  effects.intensity_variance = budget.intensity_variance;
  effects.intensity_leak = budget.intensity_leak;
  effects.phase_variance = budget.phase_variance;
  effects.shot_variance = budget.shot_variance;
  effects.oscillator_photons = budget.detected_oscillator_photons;
  effects.thermal_variance = budget.thermal_variance;
  effects.dark_variance = budget.dark_variance;
  effects.receiver_memory = audible(memory_of(budget.receiver_residue));
  effects.output_gain_sigma = design.output_gain_sigma;
  effects.adc_inl = inl_over_full_scale(design.output_adc, design.adc_inl_lsb);
  effects.adc_enob = design.output_adc.enob_bits;
  effects.timing_jitter_rad = jitter_rad(design.clock_hz / 2, design.sampling_jitter_s);
  return effects;
}

PhotonicEffects only(const PhotonicEffects& all, const EffectRow& effect) {
  PhotonicEffects one;
  effect.copy(all, one);
  return one;
}

PhotonicEffects without(const PhotonicEffects& all, const EffectRow& effect) {
  PhotonicEffects rest = all;
  effect.copy(PhotonicEffects{}, rest);
  return rest;
}

bool acts(const PhotonicEffects& all, const EffectRow& effect) { return !(without(all, effect) == all); }

}  // namespace fringe
