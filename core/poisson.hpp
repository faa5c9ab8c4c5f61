// Poisson counts from one draw of 32 bits.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/draw.hpp"

namespace fringe {

/// Means up to this are drawn exactly.
inline constexpr double exact_poisson_mean = 64;

/// e^−x for 0 ≤ x ≤ 64: Taylor series at x/128 ≤ ½, squared seven times.
FRINGE_HD inline double exp_minus(double x) noexcept {
  const double y = -x / 128;
  double sum = 1;
  for (int k = 16; k >= 1; --k) sum = 1 + sum * y / k;
  for (int i = 0; i < 7; ++i) sum *= sum;
  return sum;
}

/// The smallest count whose distribution function exceeds (bits + ½)·2⁻³², for mean ≥ 0 and finite. Up to a
/// mean of 64 by summing probabilities: exact but for the 2⁻³² of the draw. Above, the normal z of the same
/// bits in Cornish and Fisher's expansion (Rev. Inst. Int. Stat. 5, 307 (1938)), rounded: mean + √mean·z +
/// (z²−1)/6. Its next term, (z−z³)/(72·√mean), and the rounding (lattice term z/24 of the Edgeworth series)
/// bound the error of the distribution function by (0.325/72 + 0.242/24)/mean = 0.0146/mean, at most 2.3e-4.
/// Only single IEEE operations.
FRINGE_HD inline double poisson(double mean, std::uint32_t bits) noexcept {
  if (mean <= exact_poisson_mean) {
    const double u = uniform_from_bits(bits);
    double probability = exp_minus(mean), sum = probability, count = 0;
    // The last draws below 1 lie beyond what rounding leaves of the sum: stop where nothing more is added.
    while (sum < u && sum + probability > sum) {
      count += 1;
      probability *= mean / count;
      sum += probability;
    }
    return count;
  }
  const double z = normal_from_bits(bits);
  const double count = floor(mean + sqrt(mean) * z + (z * z - 1) / 6 + 0.5);
  return count > 0 ? count : 0;
}

}  // namespace fringe
