// What a compiled mesh tells its kernels: plain data only, because each kernel is compiled for its own
// instruction set and must share no inline function with the rest of the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace fringe {

/// Sweeps of couplers that pass through the registers together.
inline constexpr unsigned kernel_fused = 4;

/// A run over neighbouring rows from `row` downwards.
/// pairs: `count` couplers of arbitrary rows, from `row` in the list of pairs.
/// sweep: `count` couplers of one sweep.
/// wave: kernel_fused sweeps, sweep j one row behind sweep j − 1, for `count` positions; before them a head
/// in which the sweeps start one after the other, behind them a tail in which they end. At an edge of the
/// mesh the first sweep starts and ends first (position i turns j ≤ i, then j > i), elsewhere the last one (j
/// ≥ P−1−i, then j < P−1−i), i = 0 … P−2.
struct KernelStep {
  enum Kind : std::uint8_t { pairs, sweep, wave } kind;
  bool head_at_edge, tail_at_edge;
  std::uint32_t row, count;
};

/// Steps [step_begin, step_end), all with or all without swapped couplers, after rescaling rows.
struct KernelGroup {
  std::uint32_t step_begin, step_end;
  std::uint32_t rescale_begin, rescale_end;
  bool swaps;
};

struct KernelPair {
  std::uint32_t upper, lower;
};

/// All bits set: the coupler's rows trade places first.
template <class Real>
using KernelMask = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;

template <class Real>
struct KernelRescale {
  std::uint32_t row;
  Real factor;
};

template <class Real>
struct KernelTape {
  std::size_t modes;
  const KernelGroup* groups;
  std::size_t group_count;
  const KernelStep* steps;
  const KernelPair* pairs;
  const Real* coefficients;  ///< {Re B, Im B, Re C, Im C} per slot, in traversal order
  const KernelMask<Real>* swaps;
  const KernelRescale<Real>* rescales;
  const Real* out_re;  ///< per mode
  const Real* out_im;
};

/// Samples [begin, end) of a batch; in_im may be null. Without in_re, sample b is the basis vector of mode b.
template <class Real>
struct KernelBatch {
  const Real* in_re;
  const Real* in_im;
  Real* out_re;
  Real* out_im;
  std::size_t in_re_stride, in_im_stride, out_re_stride, out_im_stride;
  std::size_t begin, end;
};

/// Samples that pass a mesh together, at most.
template <class Real>
inline constexpr std::size_t kernel_block = 512 / sizeof(Real);
/// Scratch memory of one kernel call [Reals], aligned to 64 bytes: two blocks.
template <class Real>
constexpr std::size_t kernel_scratch(std::size_t modes) {
  return 2 * 2 * kernel_block<Real> * modes;
}

template <class Real>
using Kernel = void (*)(const KernelTape<Real>& tape, const KernelBatch<Real>& batch, Real* scratch) noexcept;

/// Ahead of a column, every field is multiplied by its factor: 2·length of them from `first`, f before s.
struct RingRescale {
  std::size_t column, first;
};

/// A ring form (ring_form.hpp). Reals are aligned to 64 bytes.
template <class Real>
struct RingTape {
  std::size_t modes;
  std::size_t length;  ///< of f and of s; a multiple of 64 bytes
  std::size_t columns;
  const Real* coefficients;  ///< of each column: Re B, Im B, Re C, Im C of 64 bytes of places, then the next
  const RingRescale* rescales;
  const RingRescale* rescales_end;
  const Real* factors;
  const std::uint32_t* enter;  ///< place of each mode's real part in the planes {Re f, Im f, Re s, Im s}
  const std::uint32_t* leave;
  const Real* out_re;  ///< per place, as the fields leave
  const Real* out_im;
};

/// scratch: 4·length Reals, aligned to 64 bytes.
template <class Real>
using RingKernel = void (*)(const RingTape<Real>& tape, const KernelBatch<Real>& batch,
                            Real* scratch) noexcept;

/// y[rows × samples] ← sign·A·x, added to y where `add` is set; A[rows × cols], x[cols × samples]. Reads and
/// writes whole pairs of vectors: rows of x and y have room for `samples` rounded up to
/// kernel_product_samples.
template <class Real>
struct KernelProduct {
  std::size_t rows, cols, samples;
  const Real* a;
  const Real* x;
  Real* y;
  std::size_t x_stride, y_stride;
  Real sign;
  bool add;
};
inline constexpr std::size_t kernel_product_samples = 32;

template <class Real>
using ProductKernel = void (*)(const KernelProduct<Real>& product) noexcept;

/// One coupler on the way back (reverse_form.hpp). Rows trade places ahead of its turn where `swaps`; behind
/// it, where `rescales`, y and g of its upper and then of its lower mode are multiplied by 2^shift.
struct GradientStep {
  std::uint32_t upper, lower;
  std::uint32_t coupler;  ///< whose sums these are
  std::uint8_t swaps, rescales;
  std::int8_t shift[4];  ///< of y and g of the upper mode, of y and g of the lower one
};

/// Steps [begin, end) that a kernel takes together, up the mesh along one diagonal or, by turns, along two:
/// each lower row of a diagonal is the upper one of the coupler before, and the upper row of the second
/// diagonal's coupler is the lower one of the first's.
struct GradientRun {
  std::uint32_t begin, end, diagonals;
};
/// Couplers of a diagonal, at most.
inline constexpr std::size_t kernel_gradient_run = 8;

/// A reverse form (reverse_form.hpp). Steps are in an order in which light going backwards may meet them.
template <class Real>
struct GradientTape {
  std::size_t modes, couplers;
  const GradientStep* steps;
  const GradientRun* runs;  ///< one behind the other
  std::size_t run_count;
  const Real* coefficients;  ///< {Re B, Im B, Re C, Im C} of each step for y, then for g
  const Real* in;            ///< {Re, Im} per mode: what g is multiplied by at the input
};

/// Samples [begin, end) of a batch. g_in may be g, or null where it is not wanted.
template <class Real>
struct GradientBatch {
  const Real *y_re, *y_im, *g_re, *g_im;
  Real *g_in_re, *g_in_im;
  std::size_t y_re_stride, y_im_stride, g_re_stride, g_im_stride, g_in_re_stride, g_in_im_stride;
  std::size_t begin, end;
};

/// Samples of a tile; the scratch memory has four Reals per sample of a tile and mode, aligned to 64 bytes.
template <class Real>
inline constexpr std::size_t kernel_gradient_lanes = 512 / sizeof(Real);

/// Sums over samples, which are set: {Re, Im} of Σ y₀ḡ₁ and Σ y₁ḡ₀ of the rows at each coupler's outputs,
/// then those of Σ yḡ of each mode at the mesh's output and two that are unused.
inline constexpr std::size_t kernel_gradient_sums = 4;

/// Takes y and g at the mesh's output to its input.
template <class Real>
using GradientKernel = void (*)(const GradientTape<Real>& tape, const GradientBatch<Real>& batch,
                                Real* scratch, Real* sums) noexcept;

/// sums[row][column] += Σ y ḡ over all samples, {Re, Im} of row y and column g, for rows [row_begin, row_end)
/// and all columns. Both are padded to whole blocks, kernel_outer_modes(modes) of them: row_begin and row_end
/// are multiples of 4, and what is beyond the modes is zero.
template <class Real>
struct KernelOuter {
  std::size_t modes, samples;
  const Real *y_re, *y_im, *g_re, *g_im;
  std::size_t y_re_stride, y_im_stride, g_re_stride, g_im_stride;
  std::size_t row_begin, row_end;
  double* sums;
};
constexpr std::size_t kernel_outer_modes(std::size_t modes) { return (modes + 3) / 4 * 4; }
/// Samples of a tile.
template <class Real>
inline constexpr std::size_t kernel_outer_lanes = 1024 / sizeof(Real);

/// scratch: two Reals per sample of a tile for each of these rows and for each mode, padded; aligned to 64
/// bytes.
template <class Real>
using OuterKernel = void (*)(const KernelOuter<Real>& product, Real* scratch) noexcept;

/// Samples of one block of reverse propagation: planes {Re y, Im y, Re g, Im g} per mode, this long, aligned
/// to 64 bytes.
inline constexpr std::size_t kernel_reverse_lanes = 32;
/// Sums of one coupler over the block's samples, which are added to:
///   Σ Im(ḡ₀y₀), Σ Im(ḡ₁y₁), Σ Re(ḡ₁y₀ − ḡ₀y₁) at its outputs, Σ Im(ḡ₀x₀) at its upper input
/// and, where a front splitter mixes the inputs, Σ Im(ḡ₁x₁), Σ Re(ḡ₀x₁), Σ Re(ḡ₁x₀); one is unused.
inline constexpr std::size_t kernel_sums = 8;

/// Couplers in the order in which light meets them; each has 16 coefficients, row-major, {Re, Im} each: a 2×2
/// and its adjoint.
template <class Real>
struct ReverseTape {
  const KernelPair* pairs;
  std::size_t count;
  const Real* coefficients;
  Real*
      inputs;  ///< {Re x₀, Im x₀, Re x₁, Im x₁} per coupler, kernel_reverse_lanes each; null where not stored
};

/// The block's fields pass couplers 0 … count−1, whose inputs are stored where tape.inputs isn't null; the
/// first 2×2 is the coupler's.
template <class Real>
using RecordKernel = void (*)(const ReverseTape<Real>& tape, Real* block) noexcept;

/// Takes the block's adjoints g from the outputs to the inputs of all couplers, whose inputs are stored; the
/// first 2×2 is the coupler's, and the block's fields are left alone.
template <class Real>
using ReverseKernel = void (*)(const ReverseTape<Real>& tape, Real* block, Real* sums) noexcept;

template <class Real>
struct KernelsOf {
  Kernel<Real> propagate;
  RingKernel<Real> ring;
  std::size_t ring_samples;  ///< up to which the ring is the faster one
  ProductKernel<Real> product;
  RecordKernel<Real> record;
  ReverseKernel<Real> reverse[2];  ///< [front splitter]
  GradientKernel<Real> gradient;
  OuterKernel<Real> outer;
};

struct KernelSet {
  const char* isa;
  KernelsOf<float> single;
  KernelsOf<double> dual;
};

extern const KernelSet mesh_kernels_baseline;
extern const KernelSet mesh_kernels_avx2;
extern const KernelSet mesh_kernels_avx512;

/// The sets that this processor runs, widest last.
struct KernelSets {
  const KernelSet* set[3];
  std::size_t count;
};
KernelSets available_mesh_kernels() noexcept;

/// The widest one.
const KernelSet& mesh_kernels() noexcept;

template <class Real>
const KernelsOf<Real>& kernels_of(const KernelSet& set) noexcept;
template <>
const KernelsOf<float>& kernels_of<float>(const KernelSet& set) noexcept;
template <>
const KernelsOf<double>& kernels_of<double>(const KernelSet& set) noexcept;

}  // namespace fringe
