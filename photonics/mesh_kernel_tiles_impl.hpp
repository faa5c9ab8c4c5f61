// Samples of a batch as tiles of the mesh kernel: a tile holds some vectors of samples, mode by mode, so that
// a coupler finds the real and imaginary parts of both its modes in whole registers. A user's rows are read
// and written in runs of a block's tiles, once each; full blocks take no test per vector, and of a large
// batch they come and go while another one is computed. Everything is local to the file that includes it.
#pragma once

#include "photonics/mesh_kernel.hpp"

namespace fringe {
namespace {

template <class Real, unsigned Bytes>
struct Simd {
  static constexpr unsigned lanes = Bytes / sizeof(Real);
  using Vec __attribute__((vector_size(Bytes))) = Real;
  using Unaligned __attribute__((vector_size(Bytes), aligned(sizeof(Real)), may_alias)) = Real;
  using Mask __attribute__((vector_size(Bytes))) = KernelMask<Real>;
};

/// One mode of a tile: `Vectors` of samples, which share the coefficients that are fetched for them.
template <class Real, unsigned Bytes, unsigned Vectors>
struct Row {
  static constexpr std::size_t samples = Vectors * Simd<Real, Bytes>::lanes;
  typename Simd<Real, Bytes>::Vec re[Vectors], im[Vectors];
};

/// Up to `lanes` samples of a plane; missing ones are zero.
template <class Real, unsigned Bytes>
[[gnu::always_inline]] inline typename Simd<Real, Bytes>::Vec load(const Real* p, std::size_t valid) {
  using S = Simd<Real, Bytes>;
  if (valid >= S::lanes) return *reinterpret_cast<const typename S::Unaligned*>(p);
  typename S::Vec v{};
  for (std::size_t i = 0; i < valid; ++i) v[i] = p[i];
  return v;
}

template <class Real, unsigned Bytes>
[[gnu::always_inline]] inline void store(Real* p, typename Simd<Real, Bytes>::Vec v, std::size_t valid) {
  using S = Simd<Real, Bytes>;
  if (valid >= S::lanes) {
    *reinterpret_cast<typename S::Unaligned*>(p) = v;
  } else {
    for (std::size_t i = 0; i < valid; ++i) p[i] = v[i];
  }
}

/// Samples [first, first + valid) of mode m to its rows in tiles. Whole: all tiles are full.
template <bool Whole, class Real, unsigned Bytes, unsigned Vectors>
[[gnu::always_inline]] inline void pack_mode(const KernelBatch<Real>& b, std::size_t modes, std::size_t m,
                                             std::size_t first, std::size_t valid,
                                             Row<Real, Bytes, Vectors>* x) {
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes;
  const Real *re = b.in_re + m * b.in_re_stride + first, *im = b.in_im + m * b.in_im_stride + first;
  for (std::size_t done = 0, i = m; done < valid; i += modes)
    for (unsigned v = 0; v < Vectors; ++v, done += lanes) {
      const std::size_t left = Whole ? lanes : done < valid ? valid - done : 0;
      x[i].re[v] = load<Real, Bytes>(re + done, left);
      x[i].im[v] = load<Real, Bytes>(im + done, left);
    }
}

/// All modes, row by row, so that no cache line is fetched twice.
template <bool Whole, class Real, unsigned Bytes, unsigned Vectors>
void pack(const KernelBatch<Real>& b, std::size_t modes, std::size_t first, std::size_t valid,
          Row<Real, Bytes, Vectors>* x) {
  for (std::size_t m = 0; m < modes; ++m) pack_mode<Whole>(b, modes, m, first, valid, x);
}

/// The same for samples without imaginary parts, or, without real ones, for basis vectors.
template <class Real, unsigned Bytes, unsigned Vectors>
void pack_real(const KernelBatch<Real>& b, std::size_t modes, std::size_t first, std::size_t valid,
               Row<Real, Bytes, Vectors>* x) {
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes;
  for (std::size_t m = 0; m < modes; ++m)
    for (std::size_t done = 0, i = m; done < valid; i += modes)
      for (unsigned v = 0; v < Vectors; ++v, done += lanes) {
        x[i].re[v] = x[i].im[v] = typename Simd<Real, Bytes>::Vec{};
        if (b.in_re)
          x[i].re[v] =
              load<Real, Bytes>(b.in_re + m * b.in_re_stride + first + done, done < valid ? valid - done : 0);
        else if (m - (first + done) < lanes)
          x[i].re[v][m - (first + done)] = 1;
      }
}

/// Rows of mode m to its samples, multiplied by D.
template <bool Whole, class Real, unsigned Bytes, unsigned Vectors>
[[gnu::always_inline]] inline void unpack_mode(const KernelTape<Real>& tape, const KernelBatch<Real>& b,
                                               std::size_t m, std::size_t first, std::size_t valid,
                                               const Row<Real, Bytes, Vectors>* x) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes;
  Real *re = b.out_re + m * b.out_re_stride + first, *im = b.out_im + m * b.out_im_stride + first;
  for (std::size_t done = 0, i = m; done < valid; i += tape.modes)
    for (unsigned v = 0; v < Vectors; ++v, done += lanes) {
      const std::size_t left = Whole ? lanes : done < valid ? valid - done : 0;
      // Zero starts the sum so that each statement has one way to be fused.
      const Vec zero{}, xr = x[i].re[v], xi = x[i].im[v];
      Vec yr = zero + xr * tape.out_re[m], yi = zero + xi * tape.out_re[m];
      yr = yr - xi * tape.out_im[m];
      yi = yi + xr * tape.out_im[m];
      store<Real, Bytes>(re + done, yr, left);
      store<Real, Bytes>(im + done, yi, left);
    }
}

/// All modes, from the last to the first: another thread writes the samples next to these, and what the
/// processor foresees along ascending rows are lines of its.
template <bool Whole, class Real, unsigned Bytes, unsigned Vectors>
void unpack(const KernelTape<Real>& tape, const KernelBatch<Real>& b, std::size_t first, std::size_t valid,
            const Row<Real, Bytes, Vectors>* x) {
  for (std::size_t m = tape.modes; m-- > 0;) unpack_mode<Whole>(tape, b, m, first, valid, x);
}

/// What is left to do mode by mode while other tiles are computed: results of a block leave and the next
/// samples enter in their place, both called for one mode ahead. Rows of a large batch come from the third
/// cache; all at once they would be waited for.
template <class Real, unsigned Bytes, unsigned Vectors>
struct Trade {
  static constexpr std::size_t block = kernel_block<Real>;
  const KernelTape<Real>& tape;
  const KernelBatch<Real>& b;
  Row<Real, Bytes, Vectors>* x;
  std::size_t mode;  ///< the next one
  std::size_t left, entering;
  bool leaves, enters;

  [[gnu::noinline]] void next() {
    if (leaves) unpack_mode<true>(tape, b, mode, left, block, x);
    if (enters) pack_mode<true>(b, tape.modes, mode, entering, block, x);
    if (++mode == tape.modes) return;
    for (std::size_t at = 0; at < block; at += 64 / sizeof(Real)) {
      if (leaves) {
        __builtin_prefetch(b.out_re + mode * b.out_re_stride + left + at, 1);
        __builtin_prefetch(b.out_im + mode * b.out_im_stride + left + at, 1);
      }
      if (enters) {
        __builtin_prefetch(b.in_re + mode * b.in_re_stride + entering + at);
        __builtin_prefetch(b.in_im + mode * b.in_im_stride + entering + at);
      }
    }
  }
};

}  // namespace
}  // namespace fringe
