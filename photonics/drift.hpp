// Phases that wander while a chip holds a program.
#pragma once

#include <cstdint>
#include <optional>

#include "photonics/physical_mesh.hpp"

namespace fringe {

/// Every phase drifts by an Ornstein–Uhlenbeck process of its own (Uhlenbeck and Ornstein, Phys. Rev. 36, 823
/// (1930)): normal with spread σ at any time, correlation e^{−t/τ} between two times.
struct PhaseDrift {
  double sigma_rad = 0;  ///< σ, ≥ 0
  double time_s = 3600;  ///< τ, > 0

  bool operator==(const PhaseDrift&) const = default;
};

/// Throws Error naming the key and the rule.
void check(const PhaseDrift& drift);

/// The drift of one mesh of a chip, at times that never decrease. Steps are exact for any length: x(t+Δ) =
/// x(t)·e^{−Δ/τ} + σ·√(1 − e^{−2Δ/τ})·z. The same times give the same bits; the first one draws from the
/// stationary distribution.
class DriftingPhases {
 public:
  DriftingPhases(const MeshLayout& layout, const PhaseDrift& drift, std::uint64_t seed, std::uint32_t trial,
                 std::uint32_t site);

  /// Offset of every phase [rad]. Throws Error for a time before the last one.
  const PhaseProgram& at(double time_s);

 private:
  PhaseDrift drift_;
  std::uint64_t seed_;
  std::uint32_t trial_, site_, step_ = 0;
  std::optional<double> time_s_;
  PhaseProgram offsets_;
};

/// The chip with offsets on its phase errors. Throws Error where sizes disagree.
FabricatedMesh with_offsets(FabricatedMesh chip, const PhaseProgram& offsets);

}  // namespace fringe
