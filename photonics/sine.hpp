// Sine, cosine and arcsine of floats from single IEEE additions, multiplications and one square root, so that
// bits agree everywhere. Range reduction and polynomials of Cephes sinf, cosf and asinf (S. Moshier,
// https://www.netlib.org/cephes/).
#pragma once

#include "core/draw.hpp"

namespace fringe {

struct SineCosine {
  float sine, cosine;
};

/// |x| ≤ π/4; absolute error < 1e-7.
[[gnu::always_inline]] FRINGE_HD inline SineCosine sine_cosine_small(float r) noexcept {
  const float z = r * r;
  return {((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r,
          ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z -
              0.5f * z + 1.0f};
}

/// |x| ≤ 1000 rad; absolute error < 2e-7.
[[gnu::always_inline]] FRINGE_HD inline SineCosine sine_cosine(float x) noexcept {
  constexpr float rounder = 12582912.0f;  // 1.5·2²³: adding and subtracting it rounds to a whole number
  const float quarter = (x * 0.636619772f + rounder) - rounder;
  const float r =
      ((x - quarter * 1.5703125f) - quarter * 4.83751297e-4f) - quarter * 7.54978995489e-8f;  // |r| ≤ π/4
  const auto [s, c] = sine_cosine_small(r);
  const int turn = static_cast<int>(quarter) & 3;
  const float sine = (turn & 1) != 0 ? c : s, cosine = (turn & 1) != 0 ? s : c;
  return {(turn & 2) != 0 ? -sine : sine, turn == 1 || turn == 2 ? -cosine : cosine};
}

/// Outside −1 … 1 the value at the nearer end; absolute error < 3e-7.
[[gnu::always_inline]] inline float arcsine(float x) noexcept {
  const bool negative = x < 0;
  float a = negative ? -x : x;
  a = a > 1.0f ? 1.0f : a;
  const bool outer = a > 0.5f;
  const float z = outer ? 0.5f * (1.0f - a) : a * a;
  const float b = outer ? sqrt_exact(z) : a;
  const float p =
      ((((4.2163199048e-2f * z + 2.4181311049e-2f) * z + 4.5470025998e-2f) * z + 7.4953002686e-2f) * z +
       1.6666752422e-1f) *
          z * b +
      b;
  const float y = outer ? 1.57079633f - (p + p) : p;
  return negative ? -y : y;
}

}  // namespace fringe
