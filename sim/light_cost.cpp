#include "sim/light_cost.hpp"

#include <algorithm>
#include <cmath>

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

LightCost::LightCost(const Graph& graph, const MemorySystem& memory) : graph_(&graph), memory_(memory) {}

const std::vector<Work>& LightCost::work(std::size_t batch) const {
  const std::lock_guard lock(mutex_);
  const auto found = lists_.find(batch);
  return found != lists_.end() ? found->second
                               : lists_.emplace(batch, lower(*graph_, batch, false)).first->second;
}

LightFigure LightCost::operator()(const LightPoint& point) const {
  PhotonicDesign design = point.design;
  design.input_dac = scaled(design.input_dac, point.bits, design.clock_hz);
  design.output_adc = scaled(design.output_adc, point.bits, design.clock_hz);
  design.laser_power_w = point.photons_per_mac > 0
                             ? design.laser_power_w * point.photons_per_mac / photons_per_mac(design)
                             : laser_power_for(design, point.bits);
  const std::vector<Work>& list = work(point.batch);
  const double batch = static_cast<double>(point.batch);

  LightFigure best;
  best.tiles = tiles_of_workload(*graph_, design.modes);
  best.photons_per_mac = photons_per_mac(design);
  best.laser_w = design.laser_power_w;
  std::vector<std::size_t> choices;
  if (point.cores > 0) {
    choices = {point.cores};
  } else {
    for (std::size_t cores = 1; cores < best.tiles; cores *= 2) choices.push_back(cores);
    choices.push_back(best.tiles);
  }
  const PhotonicPricing pricing(design, memory_, TrainingScheme::in_situ);
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
