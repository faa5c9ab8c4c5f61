// The kernel of reading_kernel.hpp, written once; each instruction set's source file includes it under its
// own flags. A few rows by two vectors of samples stay in registers. A vector of Philox counters gives the
// normals of just one row of them, so the rows' chains of rounds run side by side. Samples are the outer
// loop: their light stays in the first cache while the matrix passes.
#pragma once

#include "core/draw_lanes_impl.hpp"
#include "photonics/reading_kernel.hpp"

namespace fringe {
namespace {

template <unsigned Bytes>
using Readings = typename DrawLanes<Bytes>::Floats;

template <unsigned Bytes>
[[gnu::always_inline]] inline Readings<Bytes> load(const float* p) {
  using Unaligned __attribute__((vector_size(Bytes), aligned(4), may_alias)) = float;
  return *reinterpret_cast<const Unaligned*>(p);
}

template <unsigned Bytes>
[[gnu::always_inline]] inline void store(float* p, const Readings<Bytes>& v) {
  using Unaligned __attribute__((vector_size(Bytes), aligned(4), may_alias)) = float;
  *reinterpret_cast<Unaligned*>(p) = v;
}

/// a·b + c, one rounding where the processor has the instruction.
template <unsigned Bytes>
[[gnu::always_inline]] inline Readings<Bytes> multiply_add(const Readings<Bytes>& a, float b,
                                                           const Readings<Bytes>& c) {
#if defined(__AVX512F__)
  if constexpr (Bytes == 64) return (Readings<Bytes>)_mm512_fmadd_ps((__m512)a, _mm512_set1_ps(b), (__m512)c);
#endif
#if defined(__FMA__)
  if constexpr (Bytes == 32) return (Readings<Bytes>)_mm256_fmadd_ps((__m256)a, _mm256_set1_ps(b), (__m256)c);
#endif
  return a * b + c;
}

[[gnu::always_inline]] inline Readings<16> root(const Readings<16>& v) {
#if defined(__x86_64__)
  return (Readings<16>)_mm_sqrt_ps((__m128)v);
#else
  return {sqrt_exact(v[0]), sqrt_exact(v[1]), sqrt_exact(v[2]), sqrt_exact(v[3])};
#endif
}
#if defined(__AVX2__)
[[gnu::always_inline]] inline Readings<32> root(const Readings<32>& v) {
  return (Readings<32>)_mm256_sqrt_ps((__m256)v);
}
#endif
#if defined(__AVX512F__)
[[gnu::always_inline]] inline Readings<64> root(const Readings<64>& v) {
  return (Readings<64>)_mm512_maskz_sqrt_ps(0xffff, (__m512)v);
}
#endif

/// Rows from `row` on of A·x for two vectors of samples.
template <unsigned Bytes, std::size_t Rows>
[[gnu::always_inline]] inline void product_of(const TileReading& t, const float* a, const float* x,
                                              std::size_t row, Readings<Bytes> (&sum)[Rows][2]) {
  constexpr std::size_t lanes = Bytes / 4;
#pragma GCC unroll 6
  for (std::size_t i = 0; i < Rows; ++i) sum[i][0] = sum[i][1] = Readings<Bytes>{};
  a += row * t.cols;
#pragma GCC unroll 2
  for (std::size_t k = 0; k < t.cols; ++k, ++a, x += t.x_stride) {
    const Readings<Bytes> x0 = load<Bytes>(x), x1 = load<Bytes>(x + lanes);
#pragma GCC unroll 6
    for (std::size_t i = 0; i < Rows; ++i) {
      const float value = a[i * t.cols];
      sum[i][0] = multiply_add<Bytes>(x0, value, sum[i][0]);
      sum[i][1] = multiply_add<Bytes>(x1, value, sum[i][1]);
    }
  }
}

/// Normals of rows from `row` on, two vectors of samples from b on.
template <unsigned Bytes, std::size_t Rows>
[[gnu::always_inline]] inline void noise_of(const TileReading& t,
                                            const PhiloxKeys<typename DrawLanes<Bytes>::Words>& keys,
                                            std::size_t row, std::size_t b, float* out) {
  constexpr std::size_t half = Rows * Bytes / 4;
  alignas(64) std::uint32_t bits[2 * half];
  std::uint64_t blocks[Rows];
  for (std::size_t i = 0; i < Rows; ++i)
    blocks[i] = t.noise_block + (static_cast<std::uint64_t>(row + i) << 30) + b / 4;
  counter_words<Bytes, Rows>(t.noise, keys, blocks, bits);
  normals_of<Bytes, Rows>(bits, out);
  normals_of<Bytes, Rows>(bits + half, out + half);
}

/// y += sign·(A·x) of more.
template <unsigned Bytes, std::size_t Rows>
[[gnu::always_inline]] inline void add_product(const TileReading& t, const float* a, const float* x,
                                               std::size_t row, float sign, Readings<Bytes> (&y)[Rows][2]) {
  Readings<Bytes> more[Rows][2];
  product_of<Bytes, Rows>(t, a, x, row, more);
#pragma GCC unroll 6
  for (std::size_t i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) y[i][half] += sign * more[i][half];
}

/// Im: whether noise depends on the imaginary part.
template <unsigned Bytes, std::size_t Rows, bool Im>
void read_rows(const TileReading& t, const PhiloxKeys<typename DrawLanes<Bytes>::Words>& keys,
               std::size_t row, std::size_t b) noexcept {
  using Vec = Readings<Bytes>;
  constexpr std::size_t lanes = Bytes / 4;
  // Ahead of the products, which need not wait for the end of its long chains.
  const bool noisy = Im || t.noise_sigma > 0;
  alignas(64) float normals[Rows * 2 * lanes];
  if (noisy) noise_of<Bytes, Rows>(t, keys, row, b, normals);
  Vec y[Rows][2], im[Im ? Rows : 1][2];
  product_of<Bytes, Rows>(t, t.re, t.x_re + b, row, y);
  if (t.x_im) add_product<Bytes, Rows>(t, t.im, t.x_im + b, row, -1, y);
  if constexpr (Im) {
    product_of<Bytes, Rows>(t, t.im, t.x_re + b, row, im);
    if (t.x_im) add_product<Bytes, Rows>(t, t.re, t.x_im + b, row, 1, im);
  }
  const Vec none{}, rounder = none + 12582912.0f;  // 1.5·2²³, as quantise()
  const float inverse = t.step > 0 ? 1 / t.step : 0.0f;
  const Vec last = (t.range * inverse + rounder) - rounder;
#pragma GCC unroll 2
  for (std::size_t half = 0; half < 2; ++half) {
    const std::size_t at = b + half * lanes;
    const Vec scale = t.gain * load<Bytes>(t.scale + at);
    const Vec epsilon = t.intensity ? load<Bytes>(t.intensity + at) : none;
#pragma GCC unroll 6
    for (std::size_t i = 0; i < Rows; ++i) {
      Vec value = y[i][half], sigma = none + t.noise_sigma;
      if (t.intensity) value = (1.0f + epsilon) * value + t.leak[row + i] * epsilon;
      if constexpr (Im) {
        const Vec imaginary = t.intensity ? (1.0f + epsilon) * im[i][half] : im[i][half];
        sigma = root(t.noise_variance + t.signal_share * (value * value + imaginary * imaginary));
      }
      if (noisy) value += sigma * load<Bytes>(normals + (2 * i + half) * lanes);
      if (t.step > 0) {
        Vec code = value * inverse;
        code = code > last ? last : code;
        code = code < -last ? -last : code;
        value = ((code + rounder) - rounder) * t.step;
      }
      float* sum = t.sum + (row + i) * t.sum_stride + at;
      store<Bytes>(sum, load<Bytes>(sum) + scale * value);
    }
  }
}

template <unsigned Bytes, bool Im>
[[gnu::always_inline]] inline void read_all(const TileReading& t) {
  constexpr std::size_t rows = 6, samples = Bytes / 2;
  const PhiloxKeys<typename DrawLanes<Bytes>::Words> keys(t.noise);
  for (std::size_t b = 0; b < t.samples; b += samples) {
    std::size_t row = 0;
    for (; row + rows <= t.rows; row += rows) read_rows<Bytes, rows, Im>(t, keys, row, b);
    for (; row + 4 <= t.rows; row += 4) read_rows<Bytes, 4, Im>(t, keys, row, b);
    for (; row < t.rows; ++row) read_rows<Bytes, 1, Im>(t, keys, row, b);
  }
}

template <unsigned Bytes>
void read_tile(const TileReading& t) {
  if (t.signal_share > 0)
    read_all<Bytes, true>(t);
  else
    read_all<Bytes, false>(t);
}

}  // namespace
}  // namespace fringe
