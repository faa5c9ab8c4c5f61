// Reverse propagation of fields and adjoints, with vector extensions; included by each instruction set's
// source file.
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
[[gnu::always_inline]] inline double sum_lanes(Real* lanes) {
  for (unsigned width = 32 / sizeof(Real); width > 0; width /= 2)
    for (unsigned i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

template <class Real, unsigned Bytes>
void reverse(const ReverseTape<Real>& tape, Real* block, double* sums) noexcept {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr unsigned lanes = Simd<Real, Bytes>::lanes, group = 64 / sizeof(Real);
  for (std::size_t n = tape.count; n-- > 0;) {
    const Real* inverse = tape.coefficients + 16 * n;
    const Real* adjoint = inverse + 8;
    Real* upper = block + 4 * kernel_reverse_lanes * tape.pairs[n].upper;
    Real* lower = block + 4 * kernel_reverse_lanes * tape.pairs[n].lower;
    alignas(64) Real partial[4][group];
    for (unsigned first = 0; first < group; first += lanes) {
      Vec im00{}, im11{}, re01{}, in00{};
      for (unsigned i = first; i < kernel_reverse_lanes; i += group) {
        const auto at = [i](Real* mode, unsigned plane) -> Vec& {
          return *reinterpret_cast<Vec*>(mode + plane * kernel_reverse_lanes + i);
        };
        const Vec y0r = at(upper, 0), y0i = at(upper, 1), g0r = at(upper, 2), g0i = at(upper, 3);
        const Vec y1r = at(lower, 0), y1i = at(lower, 1), g1r = at(lower, 2), g1i = at(lower, 3);
        im00 = im00 + g0r * y0i;
        im00 = im00 - g0i * y0r;
        im11 = im11 + g1r * y1i;
        im11 = im11 - g1i * y1r;
        re01 = re01 + g1r * y0r;
        re01 = re01 + g1i * y0i;
        re01 = re01 - g0r * y1r;
        re01 = re01 - g0i * y1i;
        Vec xr, xi, hr, hi;
        matrix_row(xr, xi, inverse, y0r, y0i, y1r, y1i);
        matrix_row(hr, hi, adjoint, g0r, g0i, g1r, g1i);
        in00 = in00 + hr * xi;
        in00 = in00 - hi * xr;
        at(upper, 0) = xr;
        at(upper, 1) = xi;
        at(upper, 2) = hr;
        at(upper, 3) = hi;
        matrix_row(xr, xi, inverse + 4, y0r, y0i, y1r, y1i);
        matrix_row(hr, hi, adjoint + 4, g0r, g0i, g1r, g1i);
        at(lower, 0) = xr;
        at(lower, 1) = xi;
        at(lower, 2) = hr;
        at(lower, 3) = hi;
      }
      *reinterpret_cast<Vec*>(partial[0] + first) = im00;
      *reinterpret_cast<Vec*>(partial[1] + first) = im11;
      *reinterpret_cast<Vec*>(partial[2] + first) = re01;
      *reinterpret_cast<Vec*>(partial[3] + first) = in00;
    }
    for (unsigned s = 0; s < 4; ++s) sums[4 * n + s] += sum_lanes(partial[s]);
  }
}

}  // namespace
}  // namespace fringe
