// A tile's realised matrix on a block of samples: y ← [y +] sign·A·x, real. Six rows by two vectors of
// samples stay in registers while k runs; each entry of A is loaded once for both.
#pragma once

#include "photonics/mesh_kernel_impl.hpp"

namespace fringe {
namespace {

template <class Real, unsigned Bytes, std::size_t Rows>
[[gnu::always_inline]] inline void product_rows(const KernelProduct<Real>& p, std::size_t row) {
  using S = Simd<Real, Bytes>;
  using Vec = typename S::Vec;
  for (std::size_t b = 0; b < p.samples; b += 2 * S::lanes) {
    Vec sum[Rows][2] = {};
    for (std::size_t k = 0; k < p.cols; ++k) {
      const Vec x0 = *reinterpret_cast<const typename S::Unaligned*>(p.x + k * p.x_stride + b);
      const Vec x1 = *reinterpret_cast<const typename S::Unaligned*>(p.x + k * p.x_stride + b + S::lanes);
      for (std::size_t i = 0; i < Rows; ++i) {
        const Real a = p.a[(row + i) * p.cols + k];
        sum[i][0] = sum[i][0] + x0 * a;
        sum[i][1] = sum[i][1] + x1 * a;
      }
    }
    for (std::size_t i = 0; i < Rows; ++i)
      for (std::size_t half = 0; half < 2; ++half) {
        auto* y =
            reinterpret_cast<typename S::Unaligned*>(p.y + (row + i) * p.y_stride + b + half * S::lanes);
        *y = p.add ? *y + sum[i][half] * p.sign : sum[i][half] * p.sign;
      }
  }
}

template <class Real, unsigned Bytes>
void product(const KernelProduct<Real>& p) noexcept {
  std::size_t row = 0;
  for (; row + 6 <= p.rows; row += 6) product_rows<Real, Bytes, 6>(p, row);
  for (; row + 4 <= p.rows; row += 4) product_rows<Real, Bytes, 4>(p, row);
  for (; row < p.rows; ++row) product_rows<Real, Bytes, 1>(p, row);
}

}  // namespace
}  // namespace fringe
