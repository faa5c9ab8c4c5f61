// Phases that follow from the rotations of a decomposition.
#pragma once

#include <cmath>
#include <vector>

#include "core/units.hpp"
#include "photonics/decompose_angles.hpp"
#include "photonics/decompose_kernel.hpp"

namespace fringe {

/// The same phase in [0, 2π), of one in (−2π, 4π). Without a branch, for nothing about a phase is
/// predictable.
inline double near_phase(double phase_rad) {
  const double not_negative = phase_rad + (phase_rad < 0 ? 2 * pi : 0.0);
  return not_negative + (not_negative < 2 * pi ? 0.0 : -2 * pi);
}

/// Phases of one interferometer.
struct MziSetting {
  double theta = 0, phi = 0;
};

/// The matrix is diag(e^{i left}) · X · diag(e^{i right}); rotations work on X alone, so that they need one
/// real and one complex coefficient at most. These are the phases of one side, by mode.
class SidePhases {
 public:
  /// From the left, interferometers are T(θ, φ); from the right, T†(θ, φ).
  enum Side { left, right };
  SidePhases(Side side, std::size_t modes) : side_(side), phase_(modes), half_theta_(modes), omega_(modes) {}

  void take(const NulledPair* found, std::size_t count) {
    found_ = found;
    nulled_angles(found, count, side_ == left, half_theta_.data(), omega_.data());
  }
  /// Rotation `pair` of those taken turned modes upper, upper + 1. In the sweep's order.
  MziSetting pass(std::size_t pair, std::size_t upper) {
    double &phase_upper = phase_[upper], &phase_lower = phase_[upper + 1];
    const NulledPair& found = found_[pair];
    const double sign = side_ == left ? 1 : -1;
    const bool free = found.re == 0 && found.im == 0;
    const double omega = free ? phase_upper - phase_lower : omega_[pair];
    const double phi = free ? 0 : near_phase(sign * (near_phase(omega + phase_lower) - phase_upper));
    const double common = phase_lower + sign * (half_theta_[pair] + pi / 2);
    // A swapped rotation has kept its scales real by leaving these phases out.
    phase_upper = near_phase(found.swapped != 0 ? common + omega : common);
    phase_lower = near_phase(common + (found.swapped != 0 ? pi : omega));
    return {2 * half_theta_[pair], phi};
  }
  double operator[](std::size_t mode) const { return phase_[mode]; }

 private:
  Side side_;
  const NulledPair* found_ = nullptr;
  std::vector<double> phase_, half_theta_, omega_;
};

}  // namespace fringe
