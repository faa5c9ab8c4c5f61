// DACs and ADCs: what they do to numbers and what a conversion costs. One number, the effective bits, sets
// both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/draw.hpp"
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

/// What an analogue channel does to a full scale of ±1: y = gain·(x + (1 − x²)·(bow + twist·x)), the second
/// term 0 beyond full scale. It is the smooth part of an integral non-linearity between end points: a bow of
/// second order (mismatch of the two halves) and an S of third (compression).
struct StaticCurve {
  float gain = 1, bow = 0, twist = 0;
};

/// Curves of the channels of one core: gains 1 + gain_sigma·normal; bow and twist drawn uniformly, then
/// scaled so that the largest deviation is inl_peak exactly. Draws depend on (seed, chip, core, channel)
/// alone.
std::vector<StaticCurve> fabricate_curves(std::size_t channels, double gain_sigma, Purpose gain_purpose,
                                          double inl_peak, Purpose curve_purpose, std::uint64_t seed,
                                          std::uint32_t chip, std::uint32_t core);

/// In place, for a full scale of ±range. The curve {1, 0, 0} leaves every bit alone.
void bend(std::span<float> x, const StaticCurve& curve, float range) noexcept;

/// A non-linearity of `lsb` steps of the converter's nominal bits over ±1.
double inl_over_full_scale(const Converter& converter, double lsb) noexcept;

/// 2π·f·σ_t: rms error of a full-scale sine over its rms when it is sampled with timing jitter; SNR −20·lg of
/// it (IEEE Std 1241-2010; B. Brannon, Analog Devices application note AN-501).
double jitter_rad(double frequency_hz, double jitter_s) noexcept;

/// Effective bits of a converter of enob_bits (0: unlimited) whose sampling has that jitter: noise powers
/// add, 1/(1.5·4^bits) = 1/(1.5·4^enob) + jitter². 0, unlimited, where the result is above 22 bits. Throws
/// Error where less than one bit is left.
double bits_with_jitter(double enob_bits, double jitter_rad);

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
