// Counter-based randomness: who asks, and for which element, decides the number; there is no generator state.
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
// doi:10.1145/2063384.2063405) from Random123. The same bits on any thread count, on CPU and GPU (compile
// with contraction off: -ffp-contract=off, nvcc --fmad=false; all floating-point steps are then single IEEE
// operations).
#pragma once

#include <Random123/philox.h>

#include <cstdint>
#include <span>

#include "core/host_device.hpp"

namespace fringe {

/// Version of the mapping from Draw to numbers; stands in every trace.
inline constexpr int random_scheme_version = 1;

/// What a number is for. Append only: the values are part of the scheme.
enum class Purpose : std::uint32_t {
  test = 0,
  haar = 1,               ///< complex normals of a Haar-random unitary
  splitter_in = 2,        ///< α of each coupler
  splitter_out = 3,       ///< β of each coupler
  phase_error_theta = 4,  ///< static error of θ
  phase_error_phi = 5,    ///< static error of φ
  phase_error_out = 6,    ///< static error of the output phases
  loss_spread = 7,        ///< spread of insertion loss
  shot_noise = 8,         ///< homodyne shot noise per detected symbol
  thermal_noise = 9,      ///< receiver noise per detected symbol: amplifier and dark current
  initial_weights = 10,
  shuffle = 11,  ///< order of training samples
  fold = 12,     ///< cross-validation fold of a sample
  benchmark = 14,
  tap_noise = 15,             ///< readings of monitor taps
  laser_intensity = 16,       ///< relative intensity noise of a core's laser, one per symbol
  laser_phase = 17,           ///< phase between signal and local oscillator, one per symbol
  photon_count = 19,          ///< Poisson counts per detected symbol and diode
  modulator_imbalance = 20,   ///< sign of a modulator's imbalance
  modulator_memory = 21,      ///< what a modulator still holds of the symbol before
  receiver_memory = 22,       ///< what a receiver still holds of the symbol before
  receiver_imbalance = 23,    ///< imbalance of a balanced receiver
  input_gain = 24,            ///< gain error of an input channel
  output_gain = 25,           ///< gain error of an output channel
  dac_curve = 26,             ///< integral non-linearity of an input channel
  adc_curve = 27,             ///< integral non-linearity of an output channel
  splitter_front = 32,        ///< γ of each coupler
  splitter_shared = 33,       ///< part of the errors that the splitters of a coupler share
  arm_imbalance = 34,         ///< imbalance of each coupler's arms
  path_imbalance_theta = 35,  ///< difference of path lengths at each θ
  path_imbalance_phi = 36,    ///< at each φ
  path_imbalance_out = 37,    ///< at each output phase
  dead_coupler = 38,
  stuck_theta = 39,
  stuck_phi = 40,
  stuck_out = 41,
  drift_theta = 42,
  drift_phi = 43,
  drift_out = 44,
};

/// Who asks. `site` is the physical core (fabrication) or operator and tile (noise); `trial` the fabricated
/// chip; `shot` the pass in time.
struct Draw {
  std::uint64_t seed = 0;
  Purpose purpose = Purpose::test;
  std::uint32_t trial = 0;
  std::uint32_t site = 0;
  std::uint32_t shot = 0;
};

/// A Draw hashed once into Philox key and counter; cheap to copy, valid on host and device.
struct DrawStream {
  r123::Philox4x32::key_type key;
  std::uint32_t c2, c3;
};

FRINGE_HD inline DrawStream stream_of(const Draw& d) {
  const r123::Philox4x32::ctr_type who{{d.trial, static_cast<std::uint32_t>(d.purpose), d.site, d.shot}};
  const r123::Philox4x32::key_type seed{
      {static_cast<std::uint32_t>(d.seed), static_cast<std::uint32_t>(d.seed >> 32)}};
  const r123::Philox4x32::ctr_type id = r123::Philox4x32()(who, seed);
  return {{{id[0], id[1]}}, id[2], id[3]};
}

/// Four independent 32-bit words: elements 4·block … 4·block+3.
FRINGE_HD inline r123::Philox4x32::ctr_type random_block(const DrawStream& s, std::uint64_t block) {
  const r123::Philox4x32::ctr_type counter{
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), s.c2, s.c3}};
  return r123::Philox4x32()(counter, s.key);
}

FRINGE_HD inline std::uint32_t random_bits(const DrawStream& s, std::uint64_t element) {
  return random_block(s, element / 4)[element % 4];
}

/// Uniform in (0, 1), 32 bits, never 0 or 1: (bits + ½)·2⁻³².
[[gnu::always_inline]] FRINGE_HD inline double uniform_from_bits(std::uint32_t bits) {
  return (static_cast<double>(bits) + 0.5) * 0x1p-32;
}

/// Natural logarithm of a positive normal float by exponent split and a degree-8 polynomial (Cephes logf,
/// S. Moshier, https://www.netlib.org/cephes/; relative error < 1e-7). Only + − ×, so bits agree everywhere.
/// In two steps, for loops over many numbers keep more of them in flight in short chains than in a long one.
struct LogArgument {
  float m, e;  ///< (1 + m)·2ᵉ, 1 + m in [√½, √2)
};
[[gnu::always_inline]] FRINGE_HD inline LogArgument log_argument(float x) {
  union {
    float f;
    std::uint32_t u;
  } v{x};
  int exponent = static_cast<int>(v.u >> 23) - 126;
  v.u = (v.u & 0x007fffffu) | 0x3f000000u;  // mantissa in [½, 1)
  const float m = v.f;
  const bool low = m < 0.70710678f;
  exponent -= low ? 1 : 0;
  return {(low ? m + m : m) - 1.0f, static_cast<float>(exponent)};
}
/// Float: a float or a vector of them.
template <class Float>
[[gnu::always_inline]] FRINGE_HD inline Float log_from_argument(Float m, Float e) {
  const Float z = m * m;
  Float p = 7.0376836292e-2f * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  Float y = p * m * z;
  y = y + e * -2.12194440e-4f;
  y = y - 0.5f * z;
  return m + y + e * 0.693359375f;
}
[[gnu::always_inline]] FRINGE_HD inline float log_exact_steps(float x) {
  const LogArgument a = log_argument(x);
  return log_from_argument(a.m, a.e);
}

/// Square root, correctly rounded on both compilers.
[[gnu::always_inline]] FRINGE_HD inline float sqrt_exact(float x) {
#if defined(__CUDA_ARCH__)
  return __fsqrt_rn(x);
#else
  return __builtin_sqrtf(x);
#endif
}

/// Standard normal by inversion, √2·erfinv(x), x = (bits + ½)·2⁻³¹ − 1, in the form and with the central
/// polynomial of M. Giles, "Approximating the erfinv function", GPU Computing Gems Jade (2011). Its
/// single-precision tail ends at 1 − |x| = 2⁻²⁴ (5.5 σ); the tail here is a minimax fit of erfinv(x)/x over w
/// in [5, 21.5], which reaches 2⁻³². |error| < 3e-6 up to the largest value, 6.34. In two steps, for loops
/// over many numbers keep more of them in flight in two short chains than in a long one.
struct NormalArgument {
  float x, w;  ///< w = −log(1 − x²)
};
/// x, and 1 − x² as normal_argument() takes the logarithm of.
struct NormalSquare {
  float x, square;
};
[[gnu::always_inline]] FRINGE_HD inline NormalSquare normal_square(std::uint32_t bits) {
  const bool negative = bits < 0x80000000u;
  // Distance from the nearer end of (0, 1), in units of 2⁻³²: exact in the tails, where it matters.
  const auto near = static_cast<std::int32_t>(negative ? bits : ~bits);
  const float tail = (static_cast<float>(near) + 0.5f) * 0x1p-31f;  // 1 − |x| in (0, 1]
  return {negative ? tail - 1.0f : 1.0f - tail, tail * (2.0f - tail)};
}
[[gnu::always_inline]] FRINGE_HD inline NormalArgument normal_argument(std::uint32_t bits) {
  const NormalSquare s = normal_square(bits);
  return {s.x, -log_exact_steps(s.square)};
}
/// t = w − 2.5 in the middle, where w < 5 (99.66 % of numbers); √w − 3 in the tails.
template <class Float>
[[gnu::always_inline]] FRINGE_HD inline Float normal_polynomial(Float x, Float t, bool central) {
  Float p =
      (central ? 3.43273939e-07f : -0.000110916051f) + (central ? 2.81022636e-08f : -2.13743497e-05f) * t;
  p = (central ? -3.5233877e-06f : 0.00114796683f) + p * t;
  p = (central ? -4.39150654e-06f : -0.00342893088f) + p * t;
  p = (central ? 0.00021858087f : 0.00581850111f) + p * t;
  p = (central ? -0.00125372503f : -0.0077046114f) + p * t;
  p = (central ? -0.00417768164f : 0.00942590181f) + p * t;
  p = (central ? 0.246640727f : 1.00168085f) + p * t;
  p = (central ? 1.50140941f : 2.83297729f) + p * t;
  return 1.41421356f * (p * x);
}
[[gnu::always_inline]] FRINGE_HD inline float normal_from_argument(float x, float w) {
  const bool central = w < 5.0f;
  return normal_polynomial(x, central ? w - 2.5f : sqrt_exact(w) - 3.0f, central);
}
FRINGE_HD inline float normal_from_bits(std::uint32_t bits) {
  const NormalArgument a = normal_argument(bits);
  return normal_from_argument(a.x, a.w);
}

FRINGE_HD inline float normal(const DrawStream& s, std::uint64_t element) {
  return normal_from_bits(random_bits(s, element));
}

/// out[i] = element first + i of the draw.
void fill_uniform(std::span<double> out, const Draw& draw, std::uint64_t first = 0);
void fill_normal(std::span<float> out, const Draw& draw, std::uint64_t first = 0);

}  // namespace fringe
