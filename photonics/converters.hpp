// DACs and ADCs: what they do to numbers and what a conversion costs. One number, the effective bits, sets
// both.
#pragma once

#include <cstddef>
#include <span>

#include "photonics/device_catalogue.hpp"

namespace fringe {

/// Mid-tread, symmetric: y = step · clamp(round(x / step), −K, K) with K = round(range / step), so that an
/// input inside ±range is off by step/2 at most. step = 0 is the identity.
struct Quantiser {
  float range = 0;
  float step = 0;
};

/// Levels 2^enob over ±range: step = 2·range / 2^enob. Uniform rounding noise step²/12 is then all the noise
/// of a converter with that ENOB: a full-scale sine has SNR 1.5·4^enob = 6.02·enob + 1.76 dB (IEEE Std
/// 1241-2010). enob in [1, 22], or infinity for the identity. Throws Error otherwise, or where range is not
/// positive and finite.
Quantiser make_quantiser(float range, double enob_bits);

/// In place. NaN stays NaN.
void quantise(std::span<float> x, const Quantiser& quantiser) noexcept;
/// How many of x lie outside ±range.
std::size_t count_clipped(std::span<const float> x, const Quantiser& quantiser) noexcept;

/// Figure of merit power / (rate · 2^enob) [J per conversion step] (R. H. Walden, "Analog-to-digital
/// converter survey and analysis", IEEE J. Sel. Areas Commun. 17, 539 (1999)).
double walden_j(const Converter& converter) noexcept;
/// power / rate.
double energy_per_conversion_j(const Converter& converter) noexcept;
/// The same converter at another resolution and rate with its figure of merit kept: power = FoM · rate ·
/// 2^enob. enob ≥ 1; 0 < rate ≤ the row's rate, above it the figure of merit doesn't hold. Throws Error
/// otherwise.
Converter scaled(const Converter& converter, double enob_bits, double rate_hz);

}  // namespace fringe
