// What a workload costs on light at a wanted precision: converters and laser are sized for it, a number
// system pays for its passes, matrices and receivers, nothing is trained.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/cost.hpp"
#include "core/memory_system.hpp"
#include "photonics/number_system.hpp"
#include "photonics/photonic_design.hpp"
#include "photonics/photonic_pricing.hpp"
#include "workloads/graph.hpp"

namespace fringe {

/// A photonic system and what is asked of it. Laser power and converters of the design are replaced by what
/// `bits` and `numbers` ask for.
struct LightPoint {
  PhotonicDesign design;
  /// Effective bits of an output of a core over its full scale.
  double bits = 8;
  /// How those are reached; see Reading.
  NumberSystem::Kind numbers = NumberSystem::Kind::fixed;
  /// Signal photons that a receiver detects of a full-scale output, over the modes; 0: as many as `bits`
  /// needs. Residues, which must be read without an error, take no fewer than they need.
  double photons_per_mac = 0;
  std::size_t batch = 64;
  /// 0: as many as make a sample cheapest, of 1, 2, 4, … and one for each tile of the workload.
  std::size_t cores = 0;
};

/// What a core reads so that its outputs have `bits` effective bits over full scale, or are as good.
///
///   fixed    DACs and ADCs have the bits, and so has the light: shot, thermal and dark noise together are as
///            large as the ADC's own, so that an output has half a bit less in all.
///   block    a gain of 8·√(modes/128), at least 1, ahead of the ADC, which needs that many fewer steps: 8 is
///            the best gain for 128 terms (A. Basumallik et al., arXiv:2205.06287, and row
///            block-floating-point-gain of fringe validate), and sums of independent terms are as their
///            square root. The light needs all bits.
///   residue  whatever the bits: codes of 6 bits and moduli below 2⁶, at which networks keep 99 % of their
///            accuracy (C. Demirkiran et al., Nat. Commun. 15, 5098 (2024)). One core for each modulus, two
///            receivers for each output, and light with which one reading in a million is wrong.
///   sliced   codes of the bits, rounded up, in slices of 4, each pair of slices read by an ADC of the bits.
struct Reading {
  double dac_bits, adc_bits;
  double light_bits;                    ///< noise of the light is the rounding noise of these
  double runs = 1, matrices = 1;        ///< for one product
  int receivers = 1;                    ///< of an output
  std::optional<NumberSystem> numbers;  ///< what work_in() takes; none: the list as it is
};
/// Throws Error where no such residues exist.
Reading reading_of(NumberSystem::Kind kind, double bits, std::size_t modes);

struct LightFigure {
  double energy_j = 0;       ///< of a sample, batches in a full pipeline, accelerator with its memory
  double samples_per_s = 0;  ///< in a full pipeline
  double latency_s = 0;      ///< of a batch, or of a step of training
  std::size_t cores = 0, tiles = 0;
  Reading reading{};
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
  /// Inference; or steps of training, each of which programs all weights anew. Codes leave nothing to measure
  /// in a mesh: in_situ training takes NumberSystem::Kind::fixed.
  explicit LightCost(const Graph& graph, const MemorySystem& memory,
                     std::optional<TrainingScheme> training = {}, const Optimiser& optimiser = {});
  /// Throws Error where the design or the bits are out of range.
  LightFigure operator()(const LightPoint& point) const;
  const Graph& graph() const noexcept { return *graph_; }
  /// The work of a batch, lowered once; calls may be concurrent.
  const std::vector<Work>& work(std::size_t batch) const;

 private:
  const Graph* graph_;
  MemorySystem memory_;
  std::optional<TrainingScheme> training_;
  Optimiser optimiser_;
  mutable std::mutex mutex_;
  mutable std::map<std::size_t, std::vector<Work>> lists_;
};

}  // namespace fringe
