// What the decompositions ask of their kernels: plain data only, because each kernel is compiled for its own
// instruction set and must share no inline function with the rest of the program.
//
// A tile is eight rows or columns of the matrix, one per lane; its lines cross them, 16 doubles each (eight
// real parts, eight imaginary ones). A sweep takes a pair of lines after the other, downwards: pair l is the
// lines l, l + 1, and what it leaves on line l it carries to pair l − 1. The lines are kept without their
// scales, as in W. M. Gentleman, J. Inst. Maths Applics 12, 329 (1973): a rotation then costs eight
// multiply-adds and no square root, and scales are multiplied in when they have grown small.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fringe {

inline constexpr std::ptrdiff_t sweep_lanes = 8;
/// Sweeps that pass through the registers together.
inline constexpr std::ptrdiff_t sweeps_fused = 4;
inline constexpr std::ptrdiff_t line_doubles = 2 * sweep_lanes;

/// One pair of lines: carried += t·line, line −= s·carried, both from the old values; where `swapped`, the
/// two trade places first.
struct LineRotation {
  double t_re, t_im, s_re, s_im;
  std::int64_t swapped;
};

/// What the phases of a rotation follow from. The element to null and its partner are n and p.
struct NulledPair {
  double partner_square, nulled_square;  ///< |p|² : |n|²; 1 : 0 for a bar state, 0 : 1 for a cross state
  double re, im;   ///< a positive multiple of −p·n*; 0 where one of them is negligible
  double swapped;  ///< 1 or 0
};

/// Squared scales of the lines and of the lanes that cross them.
struct LineScales {
  double* line;
  const double* lane;
};

/// Sweep j = 0 … sweeps_fused−1 turns pairs high[j], …, low[j]; its rotation of pair l is
/// rotation[sweeps_fused·(sweeps_fused − 1 − j + l) + j], so that what is used together lies together.
struct Sweeps {
  LineRotation* rotation;
  std::ptrdiff_t high[sweeps_fused], low[sweeps_fused];
};

struct DecomposeKernels {
  const char* isa;
  /// All sweeps, in order.
  void (*apply)(double* tile, const Sweeps& sweeps) noexcept;
  /// Sweep j, whose pair high − x nulls lane x of line high − x. The tile's lanes are first … first+7: pairs
  /// above high − first are known, the next eight are found. `found` is by pair.
  void (*null_antidiagonal)(double* tile, const Sweeps& sweeps, std::ptrdiff_t j, std::ptrdiff_t first,
                            LineScales scales, NulledPair* found) noexcept;
  /// Sweep j, which nulls the lines above low[j] of one lane of the tile.
  void (*null_lane)(double* tile, const Sweeps& sweeps, std::ptrdiff_t j, std::ptrdiff_t lane,
                    LineScales scales, NulledPair* found) noexcept;
  /// Lines 8i … 8i+7 of `to` are the lanes of 8×8 block i of `from`, `count` blocks; blocks of a matrix of
  /// tiles lie `stride` doubles apart.
  void (*transpose)(const double* from, std::ptrdiff_t from_stride, double* to, std::ptrdiff_t to_stride,
                    std::ptrdiff_t count) noexcept;
};

extern const DecomposeKernels decompose_kernels_baseline;
extern const DecomposeKernels decompose_kernels_avx2;
extern const DecomposeKernels decompose_kernels_avx512;

/// The sets that this processor runs, widest last.
struct DecomposeKernelSets {
  const DecomposeKernels* set[3];
  std::size_t count;
};
DecomposeKernelSets available_decompose_kernels() noexcept;

/// The widest one.
const DecomposeKernels& decompose_kernels() noexcept;

}  // namespace fringe
