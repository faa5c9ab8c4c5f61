// Products as GPUs compute them: the result is cut into tiles, a multiprocessor computes one tile at a time,
// and a last tile or a last wave that isn't full takes as long as a full one (NVIDIA, Matrix Multiplication
// Background User's Guide: tile and wave quantization).
//
// A tile of r×c takes, for each step along the inner dimension, the longer of
//   r·c / width             cycles of arithmetic (multiply-adds a multiprocessor issues in a cycle), and
//   (r + c)·bytes / 128     cycles of reading its operands from shared memory, 128 bytes a cycle (CUDA C++
//                           Programming Guide, shared memory: 32 banks of 4 bytes),
// so small tiles fill waves better but reuse less. Splitting the inner dimension among s multiprocessors
// gives s times the tiles, and partial sums in FP32 that are written and read again. Of all tiles and splits
// the fastest counts, partial sums at the board's bandwidth included.
#pragma once

#include <cstddef>
#include <span>

#include "electronic/gpu_catalogue.hpp"

namespace fringe {

struct Tile {
  std::size_t rows, columns;
};
/// The usual tiles of matrix libraries, largest first.
std::span<const Tile> tile_table() noexcept;

struct TiledProduct {
  Tile tile;
  std::size_t split;     ///< parts of the inner dimension
  double waves;          ///< whole
  double seconds;        ///< of arithmetic, at the boost clock; without partial sums
  double partial_bytes;  ///< partial sums, written and read; 0 where split is 1
};

/// Y[m×n] = A[m×k]·B[k×n], all at least 1. Requires gpu.peak(format) > 0 and tiles.
TiledProduct tiled_product(const GpuSpec& gpu, Format format, std::size_t m, std::size_t n, std::size_t k,
                           std::span<const Tile> tiles = tile_table()) noexcept;

}  // namespace fringe
