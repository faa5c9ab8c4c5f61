// A mesh on a ring of lanes: what one lane of a GPU's warp does in one column.
//
// A lane holds eight modes of V vectors in registers: four uppers f and four lowers s of the column's
// couplers. As in mesh_kernel_ring_impl.hpp every column is the same,
//   y₀ = f + B∘s,  y₁ = s + C∘f;   f ← y₁,  s ← y₀ turned by one place,
// so that one number per vector and column leaves for the lane before: two shuffles against 32 multiply-adds.
// Nothing is moved inside a lane: the places turn instead, and stand as they began after `period` columns,
// which are unrolled with constant indices. A coefficient of 16 bytes, read once from shared memory, serves V
// vectors. Fused multiply-adds are explicit, so a host runs the same numbers bit by bit.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>

#include "core/host_device.hpp"

namespace fringe::ring {

inline constexpr int pairs = 4;   ///< of modes in a lane
inline constexpr int period = 8;  ///< columns until the places are back

template <class Real>
struct alignas(16) QuadOf {
  Real v[4];
};
using Quad = QuadOf<float>;

/// a·b + c, rounded once.
FRINGE_HD inline float fused(float a, float b, float c) { return fmaf(a, b, c); }
FRINGE_HD inline double fused(double a, double b, double c) { return fma(a, b, c); }

/// re[h][i][v]: half h begins as f (0) or s (1) of place i.
template <int V, class Real = float>
struct Lane {
  Real re[2][pairs][V], im[2][pairs][V];
};

/// step<0>(), step<1>(), …
template <int Count, class Step>
FRINGE_HD inline void unroll(Step&& step) {
  [&]<int... I>(std::integer_sequence<int, I...>) { (step.template operator()<I>(), ...); }
  (std::make_integer_sequence<int, Count>{});
}

/// Diagonals are deferred (compiled_mesh.hpp): {B, C}, eight multiply-adds per coupler and vector.
struct Deferred {
  static constexpr std::uint32_t quads = 1;
  static constexpr bool rescales =
      true;  ///< diagonals that left their range are brought back between periods

  template <int V, class Real>
  FRINGE_HD static void couple(const QuadOf<Real>* k, std::uint32_t, Real (&xr)[V], Real (&xi)[V],
                               Real (&yr)[V], Real (&yi)[V]) {
    const QuadOf<Real> c = *k;
    for (int v = 0; v < V; ++v) {
      const Real ar = xr[v], ai = xi[v], br = yr[v], bi = yi[v];
      xr[v] = fused(-bi, c.v[1], fused(br, c.v[0], ar));
      xi[v] = fused(br, c.v[1], fused(bi, c.v[0], ai));
      yr[v] = fused(-ai, c.v[3], fused(ar, c.v[2], br));
      yi[v] = fused(ar, c.v[3], fused(ai, c.v[2], bi));
    }
  }
};

/// A row {Re t₀, Im t₀, Re t₁, Im t₁} of a matrix times (a, b).
template <class Real>
FRINGE_HD inline void row_times(const QuadOf<Real>& t, Real ar, Real ai, Real br, Real bi, Real& re,
                                Real& im) {
  re = fused(-bi, t.v[3], fused(br, t.v[2], fused(-ai, t.v[1], ar * t.v[0])));
  im = fused(br, t.v[3], fused(bi, t.v[2], fused(ar, t.v[1], ai * t.v[0])));
}

/// The coupler's own matrix, {T₀₀, T₀₁} and, `stride` behind, {T₁₀, T₁₁}: sixteen, and any matrix goes.
struct Full {
  static constexpr std::uint32_t quads = 2;
  static constexpr bool rescales = false;

  template <int V, class Real>
  FRINGE_HD static void couple(const QuadOf<Real>* k, std::uint32_t stride, Real (&xr)[V], Real (&xi)[V],
                               Real (&yr)[V], Real (&yi)[V]) {
    const QuadOf<Real> a = k[0], b = k[stride];
    for (int v = 0; v < V; ++v) {
      const Real ar = xr[v], ai = xi[v], br = yr[v], bi = yi[v];
      row_times(a, ar, ai, br, bi, xr[v], xi[v]);
      row_times(b, ar, ai, br, bi, yr[v], yi[v]);
    }
  }
};

/// Column c of a period: f is in half c mod 2. Its y₀ of the first place, which the lane before waits for, is
/// left in leaving_half(c), leaving_slot(c).
constexpr FRINGE_HD int leaving_half(int c) { return c & 1; }
constexpr FRINGE_HD int leaving_slot(int c) { return (c >> 1) & (pairs - 1); }

/// Where f and s of coupler i stand in their halves.
constexpr FRINGE_HD int upper_slot(int c, int i) { return (i + (c >> 1)) & (pairs - 1); }
constexpr FRINGE_HD int lower_slot(int c, int i) { return (i + ((c + 1) >> 1)) & (pairs - 1); }

/// coefficients: of the column and this lane, [quads][pairs][lanes], so that neighbours read side by side.
template <class Form, int C, int V, class Real>
FRINGE_HD inline void pass_column(Lane<V, Real>& x, const QuadOf<Real>* coefficients, std::uint32_t lanes) {
  constexpr int h = leaving_half(C);
  unroll<pairs>([&]<int i>() {
    constexpr int f = upper_slot(C, i), s = lower_slot(C, i);
    Form::couple(coefficients + i * lanes, pairs * lanes, x.re[h][f], x.im[h][f], x.re[1 - h][s],
                 x.im[1 - h][s]);
  });
}

}  // namespace fringe::ring
