// Readings of one tile on a block of samples, from light to the sum in one go: the product with the tile's
// matrix stays in registers while noise is drawn, added and quantised, and only the scaled result is added to
// memory. Nothing else passes through memory but the light, the matrix and a few normals. Each instruction
// set has its own object. Products are fused where the processor can; noise, steps and sums are single
// operations, as those of output_channels.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/draw.hpp"

namespace fringe {

/// sum[i, b] += (gain·scale[b])·ADC(y + noise) with y = Re(A·x) of output i and sample b. Rows of x and sum
/// and scale have room for `samples` rounded up to kernel_product_samples.
struct TileReading {
  std::size_t rows, cols, samples;
  const float *re, *im;      ///< A[rows × cols], row-major
  const float *x_re, *x_im;  ///< [cols × samples]; x_im null: 0
  std::size_t x_stride;

  const float* intensity;  ///< ε per sample, a normal times its spread; null: none. y ← (1 + ε)·y + leak·ε
  const float* leak;       ///< per row

  float noise_sigma;  ///< 0: none
  /// Above 0: the spread is √(noise_variance + signal_share·|A·x|²) instead.
  float noise_variance, signal_share;
  DrawStream noise;  ///< normals of row i: elements from 4·(noise_block + i·2³⁰) on
  std::uint64_t noise_block;

  float range, step;  ///< as Quantiser; step 0: none

  float gain;
  const float* scale;
  float* sum;
  std::size_t sum_stride;
};

using ReadingKernel = void (*)(const TileReading& reading) noexcept;

void read_tile_baseline(const TileReading& reading) noexcept;
void read_tile_avx2(const TileReading& reading) noexcept;
void read_tile_avx512(const TileReading& reading) noexcept;

/// The widest that this processor runs; its products have the bits of mesh_kernels()'.
ReadingKernel reading_kernel() noexcept;

}  // namespace fringe
