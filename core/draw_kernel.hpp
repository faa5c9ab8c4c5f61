// Many numbers of one draw at once. Each instruction set has its own object, and draw.cpp picks one as the
// program runs; all give the bits of draw.hpp's functions for single elements.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/draw.hpp"

namespace fringe {

/// Elements per chunk.
inline constexpr std::size_t draw_chunk = 32;

struct DrawKernels {
  /// Elements of `chunks` chunks from 4·block on.
  void (*words)(const DrawStream& stream, std::uint64_t block, std::size_t chunks,
                std::uint32_t* out) noexcept;
  void (*normals)(const DrawStream& stream, std::uint64_t block, std::size_t chunks, float* out) noexcept;
};
extern const DrawKernels draw_kernels_baseline;
extern const DrawKernels draw_kernels_avx2;
extern const DrawKernels draw_kernels_avx512;

/// The widest that this processor runs.
const DrawKernels& draw_kernels() noexcept;

}  // namespace fringe
