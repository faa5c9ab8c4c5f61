// Σ y g^† over a batch, with vector extensions; included by each instruction set's source file. Samples are
// lanes: a tile of y and g is packed, and of each block of rows of y and two of g all products stay in
// registers while its samples pass.
#pragma once

#include "photonics/mesh_kernel_gradient_impl.hpp"

namespace fringe {
namespace {

/// Rows of y in a block: four of them and two of g fill 32 registers, two fill 16.
template <unsigned Bytes>
constexpr std::size_t outer_rows = Bytes == 64 ? 4 : 2;

/// Samples [first, end) of `modes` rows of a plane, at most a tile of them, become every other plane of `to`;
/// what is missing of a tile, and of `rows` rows, is zero.
template <class Real>
void pack_tile(const Real* plane, std::size_t stride, std::size_t modes, std::size_t rows, std::size_t first,
               std::size_t end, Real* to) {
  constexpr std::size_t lanes = kernel_outer_lanes<Real>;
  const std::size_t valid = end - first < lanes ? end - first : lanes;
  for (std::size_t m = 0; m < rows; ++m, to += 2 * lanes) {
    const std::size_t count = m < modes ? valid : 0;
    for (std::size_t b = 0; b < count; ++b) to[b] = plane[m * stride + first + b];
    for (std::size_t b = count; b < lanes; ++b) to[b] = 0;
  }
}

/// Adds the products of a block of rows of y with two rows of g; a row is {Re, Im} of a tile.
template <class Real, unsigned Bytes>
[[gnu::always_inline]] inline void outer_block(const Real* y, const Real* g, double* sums,
                                               std::size_t stride) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t rows = outer_rows<Bytes>, parts = 64 / Bytes;
  constexpr std::size_t plane = kernel_outer_lanes<Real> / Simd<Real, Bytes>::lanes;
  const auto* const from_y = reinterpret_cast<const Vec*>(y);
  const auto* const from_g = reinterpret_cast<const Vec*>(g);
  Vec sum[rows][4][parts];
  for (std::size_t part = 0; part < parts; ++part) {
    Vec s[rows][4] = {};
    for (std::size_t v = part; v < plane; v += parts) {
      const Vec g0r = from_g[v], g0i = from_g[plane + v], g1r = from_g[2 * plane + v],
                g1i = from_g[3 * plane + v];
      for (std::size_t r = 0; r < rows; ++r) {
        const Vec yr = from_y[2 * r * plane + v], yi = from_y[(2 * r + 1) * plane + v];
        s[r][0] = s[r][0] + yr * g0r;
        s[r][1] = s[r][1] + yi * g0r;
        s[r][2] = s[r][2] + yr * g1r;
        s[r][3] = s[r][3] + yi * g1r;
        s[r][0] = s[r][0] + yi * g0i;
        s[r][1] = s[r][1] - yr * g0i;
        s[r][2] = s[r][2] + yi * g1i;
        s[r][3] = s[r][3] - yr * g1i;
      }
    }
    for (std::size_t r = 0; r < rows; ++r)
      for (unsigned i = 0; i < 4; ++i) sum[r][i][part] = s[r][i];
  }
  for (std::size_t r = 0; r < rows; ++r) add_lanes<Real, Bytes>(sum[r], sums + r * stride, sums + r * stride);
}

template <class Real, unsigned Bytes>
void outer(const KernelOuter<Real>& p, Real* scratch) noexcept {
  constexpr std::size_t lanes = kernel_outer_lanes<Real>;
  const std::size_t padded = kernel_outer_modes(p.modes), stride = 2 * padded;
  Real *const y = scratch, *const g = scratch + 2 * lanes * (p.row_end - p.row_begin);
  for (std::size_t first = 0; first < p.samples; first += lanes) {
    const std::size_t rows = p.row_end - p.row_begin,
                      here = p.row_end < p.modes ? rows : p.modes - p.row_begin;
    pack_tile(p.y_re + p.row_begin * p.y_re_stride, p.y_re_stride, here, rows, first, p.samples, y);
    pack_tile(p.y_im + p.row_begin * p.y_im_stride, p.y_im_stride, here, rows, first, p.samples, y + lanes);
    pack_tile(p.g_re, p.g_re_stride, p.modes, padded, first, p.samples, g);
    pack_tile(p.g_im, p.g_im_stride, p.modes, padded, first, p.samples, g + lanes);
    for (std::size_t row = 0; row < rows; row += outer_rows<Bytes>)
      for (std::size_t column = 0; column < padded; column += 2)
        outer_block<Real, Bytes>(y + 2 * lanes * row, g + 2 * lanes * column,
                                 p.sums + (p.row_begin + row) * stride + 2 * column, stride);
  }
}

}  // namespace
}  // namespace fringe
