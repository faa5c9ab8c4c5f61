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

/// Rows from `row` on of A·x for two vectors of samples.
template <unsigned Bytes, std::size_t Rows>
[[gnu::always_inline]] inline void product_of(const TileReading& t, const float* a, const float* x,
                                              std::size_t row, Readings<Bytes> (&sum)[Rows][2]) {
  constexpr std::size_t lanes = Bytes / 4;
  for (std::size_t i = 0; i < Rows; ++i) sum[i][0] = sum[i][1] = Readings<Bytes>{};
  a += row * t.cols;
  for (std::size_t k = 0; k < t.cols; ++k, ++a, x += t.x_stride) {
    const Readings<Bytes> x0 = load<Bytes>(x), x1 = load<Bytes>(x + lanes);
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
  constexpr std::size_t lanes = Bytes / 4, together = Bytes == 64 ? 6 : 3;
  constexpr std::size_t part = Rows < together ? Rows : together, rest = Rows - part;
  alignas(64) std::uint32_t bits[part * 2 * lanes];
  std::uint64_t blocks[part];
  for (std::size_t i = 0; i < part; ++i)
    blocks[i] = t.noise_block + (static_cast<std::uint64_t>(row + i) << 30) + b / 4;
  counter_words<Bytes, part>(t.noise, keys, blocks, bits);
  for (std::size_t half = 0; half < 2; ++half)
    normals_of<Bytes, part>(bits + half * part * lanes, out + half * part * lanes);
  if constexpr (rest > 0) noise_of<Bytes, rest>(t, keys, row + part, b, out + part * 2 * lanes);
}

template <unsigned Bytes, std::size_t Rows>
void read_rows(const TileReading& t, const PhiloxKeys<typename DrawLanes<Bytes>::Words>& keys,
               std::size_t row, std::size_t b) noexcept {
  using Vec = Readings<Bytes>;
  constexpr std::size_t lanes = Bytes / 4;
  Vec y[Rows][2];
  product_of<Bytes, Rows>(t, t.re, t.x_re + b, row, y);
  if (t.x_im) {
    Vec other[Rows][2];
    product_of<Bytes, Rows>(t, t.im, t.x_im + b, row, other);
    for (std::size_t i = 0; i < Rows; ++i)
      for (std::size_t half = 0; half < 2; ++half) y[i][half] -= other[i][half];
  }
  alignas(64) float normals[Rows * 2 * lanes];
  if (t.noise_sigma > 0) noise_of<Bytes, Rows>(t, keys, row, b, normals);
  const Vec none{}, rounder = none + 12582912.0f;  // 1.5·2²³, as quantise()
  const float inverse = t.step > 0 ? 1 / t.step : 0.0f;
  const Vec last = (t.range * inverse + rounder) - rounder;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::size_t at = b + half * lanes;
    const Vec scale = t.gain * load<Bytes>(t.scale + at);
    const Vec epsilon = t.intensity ? load<Bytes>(t.intensity + at) : none;
    for (std::size_t i = 0; i < Rows; ++i) {
      Vec value = y[i][half];
      if (t.intensity) value = (1.0f + epsilon) * value + t.leak[row + i] * epsilon;
      if (t.noise_sigma > 0) value += t.noise_sigma * load<Bytes>(normals + (2 * i + half) * lanes);
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

template <unsigned Bytes>
[[gnu::always_inline]] inline void read_tile(const TileReading& t) {
  constexpr std::size_t rows = 6, samples = Bytes / 2;
  const PhiloxKeys<typename DrawLanes<Bytes>::Words> keys(t.noise);
  for (std::size_t b = 0; b < t.samples; b += samples) {
    std::size_t row = 0;
    for (; row + rows <= t.rows; row += rows) read_rows<Bytes, rows>(t, keys, row, b);
    for (; row + 4 <= t.rows; row += 4) read_rows<Bytes, 4>(t, keys, row, b);
    for (; row < t.rows; ++row) read_rows<Bytes, 1>(t, keys, row, b);
  }
}

}  // namespace
}  // namespace fringe
