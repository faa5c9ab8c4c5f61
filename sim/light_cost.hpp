// What a workload costs on light at a wanted precision: converters and laser are sized for it, nothing is
// trained.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

#include "core/cost.hpp"
#include "core/memory_system.hpp"
#include "photonics/photonic_design.hpp"
#include "workloads/graph.hpp"

namespace fringe {

/// A photonic system and what is asked of it. Laser power and converters of the design are replaced by what
/// `bits` asks for.
struct LightPoint {
  PhotonicDesign design;
  /// Effective bits of an output of a core over its full scale. DAC and ADC have them, at the figure of merit
  /// of their rows (photonics/converters.hpp); shot, thermal and dark noise together are as large as the
  /// ADC's own, so that an output has half a bit less in all.
  double bits = 8;
  /// Signal photons that a receiver detects of a full-scale output, over the modes; 0: as many as `bits`
  /// needs.
  double photons_per_mac = 0;
  std::size_t batch = 64;
  /// 0: as many as make a sample cheapest, of 1, 2, 4, … and one for each tile of the workload.
  std::size_t cores = 0;
};

struct LightFigure {
  double energy_j = 0;       ///< of a sample, batches in a full pipeline, accelerator with its memory
  double samples_per_s = 0;  ///< in a full pipeline
  double latency_s = 0;      ///< of a batch
  std::size_t cores = 0, tiles = 0;
  double photons_per_mac = 0;
  double laser_w = 0;                       ///< optical, of one core
  std::array<double, part_count> part_j{};  ///< energy_j by part
};

/// Optical power [W] of a core's laser at which that noise, referred to a full-scale output behind a mesh
/// that loses light in every coupler, is as large as the rounding noise of `bits`: with s and t shot noise
/// and the receiver's, as variances at the design's power P₀ (photonics/link_budget.hpp), (P₀/P)·s +
/// (P₀/P)²·t = (2^(1−bits))²/12. Relative intensity and phase noise don't fall with power and are left out.
double laser_power_for(const PhotonicDesign& design, double bits);
/// Detected signal photons per MAC at the design's laser power.
double photons_per_mac(const PhotonicDesign& design);

class LightCost {
 public:
  explicit LightCost(const Graph& graph, const MemorySystem& memory);
  /// Inference. Throws Error where the design or the bits are out of range.
  LightFigure operator()(const LightPoint& point) const;
  const Graph& graph() const noexcept { return *graph_; }
  /// The work of a batch, lowered once; calls may be concurrent.
  const std::vector<Work>& work(std::size_t batch) const;

 private:
  const Graph* graph_;
  MemorySystem memory_;
  mutable std::mutex mutex_;
  mutable std::map<std::size_t, std::vector<Work>> lists_;
};

}  // namespace fringe
