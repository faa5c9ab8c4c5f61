#include "sim/light_cost.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/converters.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_pricing.hpp"
#include "sim/photonic_study.hpp"

namespace fringe {
namespace {

/// Share of the power that the couplers of all meshes leave, attenuators aside.
double mesh_transmission(const PhotonicDesign& design) {
  const double columns = static_cast<double>(find_core_kind(design.core).meshes * mesh_columns(design));
  return power_ratio_from_db(-columns * mesh_imperfections(design).insertion_loss_db);
}

}  // namespace

double laser_power_for(const PhotonicDesign& design, double bits) {
  const LinkBudget budget = link_budget(design);
  const double kept = mesh_transmission(design);
  const double receiver_kept = design.detection == Detection::homodyne ? kept : kept * kept;
  const double s = budget.shot_variance / kept;
  const double t = (budget.thermal_variance + budget.dark_variance) / receiver_kept;
  const double allowed = std::exp2(2 - 2 * bits) / 12;
  // r = P₀/P of t·r² + s·r = allowed, without cancellation where t is small.
  const double r = 2 * allowed / (s + std::sqrt(s * s + 4 * t * allowed));
  return design.laser_power_w / r;
}

double photons_per_mac(const PhotonicDesign& design) {
  return link_budget(design).detected_signal_photons * mesh_transmission(design) /
         static_cast<double>(design.modes);
}

Reading reading_of(NumberSystem::Kind kind, double bits, std::size_t modes) {
  using Kind = NumberSystem::Kind;
  Reading reading{bits, bits, bits, 1, 1, 1, {}};
  if (kind == Kind::fixed) return reading;
  const int code_bits = std::clamp(static_cast<int>(std::ceil(bits)), 2, 12);
  NumberSystem numbers{.kind = kind, .weight_bits = code_bits, .input_bits = code_bits};
  numbers.width = modes;
  if (kind == Kind::block) {
    const double gain = std::max(1.0, 8 * std::sqrt(static_cast<double>(modes) / 128));
    reading.adc_bits = std::max(1.0, bits - std::log2(gain));
  }
  if (kind == Kind::residue) {
    numbers.weight_bits = numbers.input_bits = numbers.modulus_bits = 6;
    reading.dac_bits = reading.adc_bits = 6;
    // Half a residue is 4.9 standard deviations, beyond which 1e-6 of a normal lies; number_system.hpp has
    // the deviation in residues, √2·light_noise·m/2π. A step of b bits has light_noise = 2^(1−b)/√12.
    constexpr double deviations = 4.892;
    const double largest = moduli_of(numbers).front();
    const double noise = std::numbers::pi / (std::numbers::sqrt2 * largest * deviations);
    reading.light_bits = 1 - std::log2(std::sqrt(12.0) * noise);
  }
  const Passes passes = passes_of(numbers);
  if (kind == Kind::sliced) reading.dac_bits = passes.dac_bits;
  reading.runs = passes.runs;
  reading.matrices = passes.matrices;
  reading.receivers = passes.receivers;
  reading.numbers = numbers;
  return reading;
}

LightCost::LightCost(const Graph& graph, const MemorySystem& memory, std::optional<TrainingScheme> training,
                     const Optimiser& optimiser)
    : graph_(&graph), memory_(memory), training_(training), optimiser_(optimiser) {}

const std::vector<Work>& LightCost::work(std::size_t batch) const {
  const std::lock_guard lock(mutex_);
  const auto found = lists_.find(batch);
  return found != lists_.end()
             ? found->second
             : lists_.emplace(batch, lower(*graph_, batch, training_.has_value(), optimiser_)).first->second;
}

LightFigure LightCost::operator()(const LightPoint& point) const {
  const Reading reading = reading_of(point.numbers, point.bits, point.design.modes);
  if (reading.numbers && training_ == TrainingScheme::in_situ)
    throw Error("number system " + std::string(to_string(point.numbers)) +
                ": gradients measured in situ take fixed; codes leave nothing to measure in a mesh");
  PhotonicDesign design = point.design;
  design.input_dac = scaled(design.input_dac, reading.dac_bits, design.clock_hz);
  design.output_adc = scaled(design.output_adc, reading.adc_bits, design.clock_hz);
  design.output_adc.power_w *= reading.receivers;
  design.tia.power_w *= reading.receivers;
  const double needed_w = laser_power_for(design, reading.light_bits);
  const double asked_w =
      point.photons_per_mac > 0 ? design.laser_power_w * point.photons_per_mac / photons_per_mac(design) : 0;
  design.laser_power_w =
      asked_w > 0 && point.numbers != NumberSystem::Kind::residue ? asked_w : std::max(asked_w, needed_w);
  std::vector<Work> coded;
  if (reading.numbers) coded = work_in({*reading.numbers, {}}, work(point.batch));
  const std::vector<Work>& list = reading.numbers ? coded : work(point.batch);
  const double batch = static_cast<double>(point.batch);

  LightFigure best;
  best.reading = reading;
  best.tiles = tiles_of_workload(*graph_, design.modes, static_cast<std::size_t>(reading.matrices));
  best.photons_per_mac = photons_per_mac(design);
  best.laser_w = design.laser_power_w;
  std::vector<std::size_t> choices;
  if (point.cores > 0) {
    choices = {point.cores};
  } else {
    for (std::size_t cores = 1; cores < best.tiles; cores *= 2) choices.push_back(cores);
    choices.push_back(best.tiles);
  }
  const PhotonicPricing pricing(design, memory_, training_.value_or(TrainingScheme::reprogram));
  for (const std::size_t cores : choices) {
    const Cost cost = pricing.with_cores(cores).price(list);
    const double interval = cost.interval_s();
    const double energy = cost.energy_j(Boundary::accelerator, interval) / batch;
    if (best.cores > 0 && energy >= best.energy_j) continue;
    best.energy_j = energy;
    best.samples_per_s = batch / interval;
    best.latency_s = cost.latency_s;
    best.cores = cores;
    for (std::size_t p = 0; p < part_count; ++p)
      best.part_j[p] = (cost.joules[p] + cost.static_watts[p] * interval) / batch;
  }
  return best;
}

}  // namespace fringe
