// Exponential, logarithm, hyperbolic tangent, error function and the logistic function of floats, from single
// IEEE additions, multiplications and divisions without a branch: compilers turn loops over them into
// vectors, and bits agree on every compiler, instruction set and device (contraction off), which libm's do
// not.
//
// Largest error over every seventh float, measured against libm in double (tests/core/elementary_test.cpp),
// in units in the last place of the exact value: exp 0.97, log 0.84, tanh 1.33, erf 1.51, logistic 1.97 (over
// every float). NaN gives NaN, and infinities give the limits. Polynomials are minimax fits of the ranges
// given (Lawson's iteration on Chebyshev nodes); ranges are reduced as W. Cody and W. Waite do, Software
// Manual for the Elementary Functions, 1980.
//
// exp, sine and cosine in double serve tables of angles.
#pragma once

#include <cstdint>

#include "core/host_device.hpp"

namespace fringe::elementary {

FRINGE_INLINE std::uint32_t bits_of(float x) noexcept {
  union {
    float f;
    std::uint32_t u;
  } v{x};
  return v.u;
}
FRINGE_INLINE float float_of(std::uint32_t bits) noexcept {
  union {
    std::uint32_t u;
    float f;
  } v{bits};
  return v.f;
}
FRINGE_INLINE float magnitude(float x) noexcept { return float_of(bits_of(x) & 0x7fffffffu); }
FRINGE_INLINE float with_sign_of(float x, float sign) noexcept {
  return float_of(bits_of(x) | (bits_of(sign) & 0x80000000u));
}

/// eˣ; subnormal results are rounded once more.
FRINGE_INLINE float exp(float x) noexcept {
  // e^-104 is 0 and e^89 infinite. Comparisons are false of a NaN, which so passes.
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  constexpr float rounder = 12582912.0f;  // 1.5·2²³: its last bits count
  const float shifted = x * 1.44269504f + rounder;
  const float n = shifted - rounder;
  // ln 2 in two parts, the first of 12 bits: n times it is exact.
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;  // |r| ≤ ln 2 / 2
  const float p = ((((1.97902977e-4f * r + 1.39447034e-3f) * r + 8.33349768e-3f) * r + 4.16662954e-2f) * r +
                   0.166666657f) *
                      r +
                  0.5f;
  const float y = (p * (r * r) + r) + 1.0f;
  const auto power = static_cast<std::int32_t>(bits_of(shifted) - bits_of(rounder));
  const std::int32_t half = power >> 1;
  const auto two_to = [](std::int32_t k) { return float_of(static_cast<std::uint32_t>(k + 127) << 23); };
  return y * two_to(half) * two_to(power - half);
}

/// ln x: −∞ of 0, NaN of what is below.
FRINGE_INLINE float log(float x) noexcept {
  const bool tiny = x < 0x1p-126f;
  const float scaled = tiny ? x * 0x1p23f : x;
  // x = 2^e·m with m in [√½, √2): what lies above √½'s bits, shifted to begin there.
  const std::uint32_t from_root = bits_of(scaled) - 0x3f3504f3u;
  const auto e = static_cast<float>(static_cast<std::int32_t>(from_root) >> 23) - (tiny ? 23.0f : 0.0f);
  const float f = float_of((from_root & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  const float z = f * f;
  float p = 6.74773082e-2f;
  p = p * f - 0.116775155f;
  p = p * f + 0.118886970f;
  p = p * f - 0.124053404f;
  p = p * f + 0.142194524f;
  p = p * f - 0.166680053f;
  p = p * f + 0.200021237f;
  p = p * f - 0.250000089f;
  p = p * f + 0.333333135f;
  const float low = p * (f * z) + e * -2.12194440e-4f - 0.5f * z;
  const float y = (low + f) + e * 0.693359375f;
  const float infinity = float_of(0x7f800000u);
  const float special = x == 0.0f ? -infinity : x < 0.0f ? float_of(0x7fc00000u) : x;
  return x > 0.0f && x < infinity ? y : special;
}

FRINGE_INLINE float tanh(float x) noexcept {
  const float a = magnitude(x), z = a * a;
  const float p =
      (((-5.71704516e-3f * z + 2.06505880e-2f) * z - 5.37434965e-2f) * z + 0.133314908f) * z - 0.333332837f;
  const float near = a * (z * p) + a;                   // a < 0.625
  const float far = 1.0f - 2.0f / (exp(a + a) + 1.0f);  // 1 − 2/∞ at last
  return with_sign_of(a < 0.625f ? near : far, x);
}

FRINGE_INLINE float erf(float x) noexcept {
  const float a = magnitude(x), z = a * a;
  float p = 7.88912294e-5f;
  p = p * z - 8.02084222e-4f;
  p = p * z + 5.18953567e-3f;
  p = p * z - 2.68544443e-2f;
  p = p * z + 0.112836003f;
  p = p * z - 0.376126260f;
  p = p * z + 0.128379166f;
  const float near = a * p + a;  // a < 1
  // 1 − exp(ln erfc a); from 4 on it is 1.
  const float t = a > 4.0f ? 4.0f : a;
  float q = 1.85574027e-4f;
  q = q * t - 2.93960748e-3f;
  q = q * t + 2.18053181e-2f;
  q = q * t - 0.103037372f;
  q = q * t - 0.638225675f;
  q = q * t - 1.12704003f;
  q = q * t - 3.53719312e-4f;
  return with_sign_of(a < 1.0f ? near : 1.0f - exp(q), x);
}

/// 1/(1 + e⁻ˣ)
FRINGE_INLINE float logistic(float x) noexcept {
  const float e = exp(-magnitude(x)), one = 1.0f + e;
  const float y = (x < 0.0f ? e : 1.0f) / one;
  // What the sum lost counts where the quotient begins a binade below e: y·(1 − lost/(1 + e)).
  const float lost = e - (one - 1.0f);
  return x < 0.0f ? y - y * lost * (1.0f - y) : y;
}

/// eˣ in double for |x| ≤ 700; Taylor's series on |r| ≤ ln 2/2, whose first term left out is 4e-18.
FRINGE_INLINE double exp(double x) noexcept {
  constexpr double rounder = 0x1.8p52;
  const double n = (x * 1.4426950408889634 + rounder) - rounder;
  const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
  double sum = 1;
  for (int k = 13; k > 0; --k) sum = 1 + sum * (r / k);
  union {
    std::int64_t i;
    double d;
  } power{(static_cast<std::int64_t>(n) + 1023) << 52};
  return sum * power.d;
}

struct Turn {
  double sine, cosine;
};
/// Of an angle in radian, 0 ≤ x ≤ 2²⁰; absolute error < 1e-12 with the ends of Taylor's series below 1e-17.
FRINGE_INLINE Turn sine_cosine(double x) noexcept {
  constexpr double rounder = 0x1.8p52;
  const double quarter = (x * 0.63661977236758134 + rounder) - rounder;
  // π/2 in two parts, the first of 33 bits.
  const double r = (x - quarter * 0x1.921fb544p0) - quarter * 0x1.0b4611a626331p-34;
  const double z = r * r;
  double sine = 1, cosine = 1;
  for (int k = 17; k > 1; k -= 2) sine = 1 - sine * (z / (k * (k - 1)));
  for (int k = 18; k > 1; k -= 2) cosine = 1 - cosine * (z / (k * (k - 1)));
  sine *= r;
  const int turn = static_cast<int>(static_cast<std::int64_t>(quarter) & 3);
  const double s = (turn & 1) != 0 ? cosine : sine, c = (turn & 1) != 0 ? sine : cosine;
  return {(turn & 2) != 0 ? -s : s, turn == 1 || turn == 2 ? -c : c};
}

}  // namespace fringe::elementary
