// Heat of one phase shifter that reaches the others, and phases to ask for so that it doesn't matter.
#pragma once

#include "photonics/mesh_geometry.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

/// A shifter at distance d > 0 from one that is driven by θ gains κ·e^{−d/ℓ}·θ, and nothing beyond six decay
/// lengths. The defaults follow from the phases that a trench took away in Jacques et al., Opt. Express 27,
/// 10456 (2019): .31 rad at 5 µm and .11 rad at 15 µm from a heater at π.
struct ThermalCrosstalk {
  double coefficient = 0;           ///< κ, ≥ 0: extrapolated to d = 0
  double decay_length_m = 9.65e-6;  ///< ℓ, > 0

  bool operator==(const ThermalCrosstalk&) const = default;
};

/// Throws Error naming the key and the rule.
void check(const ThermalCrosstalk& crosstalk);

/// The crosstalk of one mesh. φ of a coupler stands a quarter column in, θ three quarters, both on its upper
/// mode (a push–pull pair of heaters counts as one there); the output phases a quarter column behind the
/// last. A coupling therefore depends on the difference of places alone, and one product with all of them
/// costs O(places · neighbours in range).
class CrosstalkMap {
 public:
  /// Throws Error where check() does, and where one shifter's couplings add up to 1 or more: then
  /// compensate() has no bound.
  CrosstalkMap(const MeshLayout& layout, const MeshGeometry& geometry, const ThermalCrosstalk& crosstalk);

  /// θ + Kθ: phases with the heat of the others. Throws Error where the sizes disagree with the layout.
  PhaseProgram heated(const PhaseProgram& driven) const;

  struct Compensation {
    PhaseProgram asked;  ///< every phase ≥ 0; at most slightly above 2π: drive.range_rad makes room
    int iterations;
    double largest_rad;
  };
  /// Phases whose heated() is `wanted` up to whole turns: (I + K)θ' = θ + 2πm with the smallest turns m ≥ 0
  /// that keep θ' ≥ 0, by Jacobi's iteration, which converges as total()ⁿ (the canceling of crosstalk of
  /// Milanizadeh et al., J. Lightwave Technol. 37, 1325 (2019)).
  Compensation compensate(const PhaseProgram& wanted) const;

  /// The same with every coupling times `factor`, which may be negative. Throws Error where the couplings of
  /// a shifter then reach 1.
  CrosstalkMap scaled(double factor) const;

  /// The couplings of a shifter with neighbours on all sides, added up: < 1.
  double total() const noexcept { return total_; }

 private:
  /// One number per place: slots 2·columns+1 along x, modes along y, with a margin of zeros around.
  using Places = std::vector<double>;
  std::size_t place(std::size_t slot, std::size_t mode) const {
    return (slot + slot_reach_) * stride_ + mode + mode_reach_;
  }
  template <class Program, class Visit>
  void each(Program& program, Visit visit) const;
  Places places() const;
  double heat(const Places& driven, std::size_t at) const;

  std::vector<std::size_t> theta_, phi_, out_;  ///< place of each shifter
  std::size_t slots_, modes_, slot_reach_, mode_reach_, stride_;
  std::vector<double> kernel_;  ///< [2·slot_reach+1][2·mode_reach+1]
  double total_ = 0;
};

}  // namespace fringe
