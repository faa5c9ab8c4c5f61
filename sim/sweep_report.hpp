// What a sweep found, point by point.
#pragma once

#include <string>
#include <vector>

#include "sim/comparison.hpp"
#include "sim/sweep_records.hpp"

namespace fringe {

/// One hardware at one point.
struct SweepDesign {
  std::size_t point = 0;
  std::string hardware, camp;
  Estimate accuracy;                ///< over replicas, each the mean of its chips
  Estimate lost;                    ///< likewise: points lost against floating point on the same samples
  const SweepCost* cost = nullptr;  ///< null before replica 0 has run
};
/// By point, then in the order of its records. The sweep must outlive them.
std::vector<SweepDesign> designs_of(const StoredSweep& sweep);

/// The table, at most 118 columns wide. `runs` is how many the sweep has in all.
std::string sweep_text(const StoredSweep& sweep, const std::string& name, std::size_t runs);
std::string sweep_json(const StoredSweep& sweep, const std::string& name, std::size_t runs);

/// "modes = 16, phase_bits = 4": axes by the shortest names that tell them apart.
std::string values_text(const StoredSweep& sweep, std::size_t point);

}  // namespace fringe
