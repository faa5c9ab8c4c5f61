// What tests of photonic prices and schedules share: the realistic system with some cores, its prices, work.
#pragma once

#include "core/memory_system.hpp"
#include "photonics/photonic_pricing.hpp"
#include "tests/work_lists.hpp"

namespace fringe::pricing_testing {

using work_lists::elementwise;
using work_lists::product;

inline PhotonicDesign design(std::size_t cores) {
  PhotonicDesign d = find_photonic_preset("realistic").design;
  d.cores = cores;
  return d;
}

inline PhotonicPricing pricing(const PhotonicDesign& d, TrainingScheme scheme = TrainingScheme::reprogram) {
  return {d, find_memory("hbm2e"), scheme};
}

}  // namespace fringe::pricing_testing
