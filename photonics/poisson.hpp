// Poisson counts from one draw of 32 bits.
#pragma once

#include <cstdint>

namespace fringe {

/// Means up to this are drawn exactly.
inline constexpr double exact_poisson_mean = 64;

/// The smallest count whose distribution function exceeds (bits + ½)·2⁻³², for mean ≥ 0 and finite. Up to a
/// mean of 64 by summing probabilities: exact but for the 2⁻³² of the draw. Above, the normal z of the same
/// bits in Cornish and Fisher's expansion (Rev. Inst. Int. Stat. 5, 307 (1938)), rounded: mean + √mean·z +
/// (z²−1)/6. Its next term, (z−z³)/(72·√mean), and the rounding (lattice term z/24 of the Edgeworth series)
/// bound the error of the distribution function by (0.325/72 + 0.242/24)/mean = 0.0146/mean, at most 2.3e-4.
/// Only single IEEE operations.
double poisson(double mean, std::uint32_t bits) noexcept;

}  // namespace fringe
