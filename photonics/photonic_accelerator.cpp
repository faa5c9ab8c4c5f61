#include "photonics/photonic_accelerator.hpp"

#include <array>
#include <cmath>

#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/photonic_matrix.hpp"

namespace fringe {
namespace {

constexpr std::array<EffectRow, 9> effect_rows{{
    {"splitter_error",
     [](const PhotonicEffects& from, PhotonicEffects& to) {
       to.mesh.splitter_sigma_rad = from.mesh.splitter_sigma_rad;
     }},
    {"phase_error", [](const PhotonicEffects& from,
                       PhotonicEffects& to) { to.mesh.phase_sigma_rad = from.mesh.phase_sigma_rad; }},
    {"phase_bits",
     [](const PhotonicEffects& from, PhotonicEffects& to) { to.mesh.phase_bits = from.mesh.phase_bits; }},
    {"insertion_loss", [](const PhotonicEffects& from,
                          PhotonicEffects& to) { to.mesh.insertion_loss_db = from.mesh.insertion_loss_db; }},
    {"insertion_loss_spread",
     [](const PhotonicEffects& from, PhotonicEffects& to) {
       to.mesh.insertion_loss_sigma_db = from.mesh.insertion_loss_sigma_db;
     }},
    {"input_dac", [](const PhotonicEffects& from, PhotonicEffects& to) { to.dac_enob = from.dac_enob; }},
    {"output_adc", [](const PhotonicEffects& from, PhotonicEffects& to) { to.adc_enob = from.adc_enob; }},
    {"shot_noise",
     [](const PhotonicEffects& from, PhotonicEffects& to) { to.shot_variance = from.shot_variance; }},
    {"thermal_noise",
     [](const PhotonicEffects& from, PhotonicEffects& to) { to.thermal_variance = from.thermal_variance; }},
}};

}  // namespace

std::span<const EffectRow> photonic_effects() noexcept { return effect_rows; }

PhotonicEffects effects_of(const PhotonicDesign& design) {
  const LinkBudget budget = link_budget(design);
  PhotonicEffects effects;
  effects.mesh = mesh_imperfections(design);
  effects.dac_enob = design.input_dac.enob_bits;
  effects.adc_enob = design.output_adc.enob_bits;
  effects.shot_variance = budget.shot_variance;
  effects.thermal_variance = budget.thermal_variance;
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

PhotonicAccelerator::PhotonicAccelerator(PhotonicSetup setup, Executor& cpu, ThreadPool& pool)
    : setup_(std::move(setup)), cpu_(&cpu), pool_(&pool) {
  check(setup_.design);
  check(setup_.effects.mesh);
  for (const double variance : {setup_.effects.shot_variance, setup_.effects.thermal_variance})
    if (!(variance >= 0) || !std::isfinite(variance))
      throw Error("photonic noise: a variance must be ≥ 0 and finite, not " + std::to_string(variance));
  if (!cpu.on_host()) throw Error("the photonic engine is simulated on the CPU; it takes a CPU executor");
  layout_ = find_topology(setup_.design.topology).build(setup_.design.modes);
}

PhotonicAccelerator::~PhotonicAccelerator() = default;

std::unique_ptr<ProgrammedMatrix> PhotonicAccelerator::program(ConstMatrix w, std::uint32_t site) {
  auto matrix = make_photonic_matrix(setup_, layout_, next_tile_, w, site, *pool_);
  next_tile_ += matrix->tiling().tiles();
  return matrix;
}

Cost PhotonicAccelerator::price(std::span<const Work> work) {
  if (!pricing_) pricing_.emplace(setup_.design, find_memory(setup_.memory), setup_.training);
  return pricing_->price(work);
}

}  // namespace fringe
