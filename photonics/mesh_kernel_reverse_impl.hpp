// Recording of fields and reverse propagation of adjoints along the record, with vector extensions; included
// by each instruction set's source file.
#pragma once

#include "photonics/mesh_kernel_impl.hpp"

namespace fringe {
namespace {

template <class Vec, class Real>
[[gnu::always_inline]] inline void matrix_row(Vec& yr, Vec& yi, const Real* t, Vec ar, Vec ai, Vec br,
                                              Vec bi) {
  // Zero starts the sum so that each statement has one way to be fused.
  yr = Vec{} + ar * t[0];
  yr = yr - ai * t[1];
  yr = yr + br * t[2];
  yr = yr - bi * t[3];
  yi = Vec{} + ai * t[0];
  yi = yi + ar * t[1];
  yi = yi + bi * t[2];
  yi = yi + br * t[3];
}

/// Sums of 64 bytes of lanes, halving: the same bits for every vector width.
template <class Real>
[[gnu::always_inline]] inline Real sum_lanes(Real* lanes) {
  for (unsigned width = 32 / sizeof(Real); width > 0; width /= 2)
    for (unsigned i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

/// Vector i of one plane of a mode or of a stored input.
template <class Vec, class Real>
[[gnu::always_inline]] inline Vec& at(Real* planes, unsigned plane, unsigned i) {
  return *reinterpret_cast<Vec*>(planes + plane * kernel_reverse_lanes + i);
}

template <class Real, unsigned Bytes>
void record(const ReverseTape<Real>& tape, Real* block) noexcept {
  using Vec = typename Simd<Real, Bytes>::Vec;
  for (std::size_t n = 0; n < tape.count; ++n) {
    const Real* t = tape.coefficients + 16 * n;
    Real* upper = block + 4 * kernel_reverse_lanes * tape.pairs[n].upper;
    Real* lower = block + 4 * kernel_reverse_lanes * tape.pairs[n].lower;
    Real* inputs = tape.inputs ? tape.inputs + 4 * kernel_reverse_lanes * n : nullptr;
    for (unsigned i = 0; i < kernel_reverse_lanes; i += Simd<Real, Bytes>::lanes) {
      const Vec x0r = at<Vec>(upper, 0, i), x0i = at<Vec>(upper, 1, i);
      const Vec x1r = at<Vec>(lower, 0, i), x1i = at<Vec>(lower, 1, i);
      if (inputs) {
        at<Vec>(inputs, 0, i) = x0r;
        at<Vec>(inputs, 1, i) = x0i;
        at<Vec>(inputs, 2, i) = x1r;
        at<Vec>(inputs, 3, i) = x1i;
      }
      matrix_row(at<Vec>(upper, 0, i), at<Vec>(upper, 1, i), t, x0r, x0i, x1r, x1i);
      matrix_row(at<Vec>(lower, 0, i), at<Vec>(lower, 1, i), t + 4, x0r, x0i, x1r, x1i);
    }
  }
}

template <class Real, unsigned Bytes, bool Front>
void reverse(const ReverseTape<Real>& tape, Real* block, Real* sums) noexcept {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr unsigned lanes = Simd<Real, Bytes>::lanes, group = 64 / sizeof(Real);
  constexpr unsigned used = Front ? 7 : 4;
  for (std::size_t n = tape.count; n-- > 0;) {
    const Real* matrix = tape.coefficients + 16 * n;
    const Real* adjoint = matrix + 8;
    Real* upper = block + 4 * kernel_reverse_lanes * tape.pairs[n].upper;
    Real* lower = block + 4 * kernel_reverse_lanes * tape.pairs[n].lower;
    alignas(64) Real partial[used][group];
    for (unsigned first = 0; first < group; first += lanes) {
      Vec im00{}, im11{}, re01{}, in00{}, in11{}, in01{}, in10{};
      for (unsigned i = first; i < kernel_reverse_lanes; i += group) {
        Vec y0r, y0i, y1r, y1i, h0r, h0i, h1r, h1i;
        Real* inputs = tape.inputs + 4 * kernel_reverse_lanes * n;
        const Vec x0r = at<Vec>(inputs, 0, i), x0i = at<Vec>(inputs, 1, i);
        const Vec x1r = at<Vec>(inputs, 2, i), x1i = at<Vec>(inputs, 3, i);
        matrix_row(y0r, y0i, matrix, x0r, x0i, x1r, x1i);
        matrix_row(y1r, y1i, matrix + 4, x0r, x0i, x1r, x1i);
        const Vec g0r = at<Vec>(upper, 2, i), g0i = at<Vec>(upper, 3, i);
        const Vec g1r = at<Vec>(lower, 2, i), g1i = at<Vec>(lower, 3, i);
        im00 = im00 + g0r * y0i;
        im00 = im00 - g0i * y0r;
        im11 = im11 + g1r * y1i;
        im11 = im11 - g1i * y1r;
        re01 = re01 + g1r * y0r;
        re01 = re01 + g1i * y0i;
        re01 = re01 - g0r * y1r;
        re01 = re01 - g0i * y1i;
        matrix_row(h0r, h0i, adjoint, g0r, g0i, g1r, g1i);
        matrix_row(h1r, h1i, adjoint + 4, g0r, g0i, g1r, g1i);
        in00 = in00 + h0r * x0i;
        in00 = in00 - h0i * x0r;
        if constexpr (Front) {
          in11 = in11 + h1r * x1i;
          in11 = in11 - h1i * x1r;
          in01 = in01 + h0r * x1r;
          in01 = in01 + h0i * x1i;
          in10 = in10 + h1r * x0r;
          in10 = in10 + h1i * x0i;
        }
        at<Vec>(upper, 2, i) = h0r;
        at<Vec>(upper, 3, i) = h0i;
        at<Vec>(lower, 2, i) = h1r;
        at<Vec>(lower, 3, i) = h1i;
      }
      const Vec sum[7] = {im00, im11, re01, in00, in11, in01, in10};
      for (unsigned s = 0; s < used; ++s) *reinterpret_cast<Vec*>(partial[s] + first) = sum[s];
    }
    for (unsigned s = 0; s < used; ++s) sums[kernel_sums * n + s] += sum_lanes(partial[s]);
  }
}

}  // namespace
}  // namespace fringe
