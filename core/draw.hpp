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
#include "core/normal_table.hpp"

namespace fringe {

/// Version of the mapping from Draw to numbers; stands in every trace.
inline constexpr int random_scheme_version = 2;

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
  dropout = 45,           ///< which numbers a training pass drops
  converter_noise = 46,   ///< readings of a number system's converters
  ct_phantom = 48,        ///< ellipses of a generated CT phantom
  ct_photons = 49,        ///< photons that a ray of a CT scan is counted with
  arm_motion = 50,        ///< angles, speeds and accelerations of a generated robot arm
  arm_torque_noise = 51,  ///< noise of its measured torque
  arrivals = 52,          ///< times of requests
  weight_noise = 60,      ///< errors of weights while a network is trained
  output_noise = 61,      ///< errors of its products
  fresh_chip = 62,        ///< number of the chip that a training pass runs on
  validation_split = 63,  ///< order in which training samples are held back
  sweep_stratum = 80,     ///< order of an axis's equal shares over the points of a Latin hypercube
  sweep_place = 81,       ///< place of a point in its share of an axis
  sensitivity = 82,       ///< base samples of Sobol's indices
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

/// Square root, correctly rounded on both compilers.
[[gnu::always_inline]] FRINGE_HD inline float sqrt_exact(float x) {
#if defined(__CUDA_ARCH__)
  return __fsqrt_rn(x);
#else
  return __builtin_sqrtf(x);
#endif
}

/// The largest distance from an end, in steps of 2⁻³², that a float does not round up to ½.
inline constexpr std::int32_t normal_nearest = 0x7fffffbf;

/// Standard normal by inversion: z(p) of p = (bits + ½)·2⁻³², by a polynomial per octave of the distance from
/// the nearer end (normal_table.hpp). |error| < 1e-6 up to the largest value, 6.34; exactly odd about p = ½.
[[gnu::always_inline]] FRINGE_HD inline float normal_from_bits(std::uint32_t bits) {
  static constexpr NormalTable table = normal_table();
  auto near = static_cast<std::int32_t>(bits < 0x80000000u ? bits : ~bits);
  near = near < normal_nearest ? near : normal_nearest;
  union {
    float f;
    std::uint32_t u;
  } v{static_cast<float>(near) + 0.5f};
  const float* c = table.c[(v.u >> 23) - 126];
  v.u = (v.u & 0x007fffffu) | 0x3f800000u;
  const float t = v.f - 2.0f;
  float z = c[normal_terms - 1];
  for (int k = normal_terms - 2; k >= 0; --k) z = z * t + c[k];
  return bits < 0x80000000u ? z : -z;
}

FRINGE_HD inline float normal(const DrawStream& s, std::uint64_t element) {
  return normal_from_bits(random_bits(s, element));
}

/// out[i] = element first + i of the draw.
void fill_uniform(std::span<double> out, const DrawStream& stream, std::uint64_t first = 0);
void fill_normal(std::span<float> out, const DrawStream& stream, std::uint64_t first = 0);
inline void fill_uniform(std::span<double> out, const Draw& draw, std::uint64_t first = 0) {
  fill_uniform(out, stream_of(draw), first);
}
inline void fill_normal(std::span<float> out, const Draw& draw, std::uint64_t first = 0) {
  fill_normal(out, stream_of(draw), first);
}

}  // namespace fringe
