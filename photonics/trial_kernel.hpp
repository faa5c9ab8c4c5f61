// Eight or sixteen chips of one program at a time, a chip per lane: their draws, their couplers' matrices,
// and from those either the coefficients of the deferred diagonal (compiled_mesh.hpp) or a batch's fields.
// Couplers come in the order of their layout, four to a block of random numbers, so nothing is shuffled on
// the way from the counter to the coefficient.
//
// A crossing of any table row, lossless but for what both modes lose, is a phase times a unitary of
// determinant 1:
//   T = G · [[p, q], [−q̄, p̄]],  p = e^{iφ/2}(cos Σ cos θ/2 + i cos Δ sin θ/2),
//   q = e^{−iφ/2}(sin Δ sin θ/2 + i sin Σ cos θ/2),  |G|² = transmission,
// with Σ, Δ the sum and difference of its output and input splitters' angles (times a front splitter, where
// there is one). So B = q p̄ D₁ D̄₀/(|p|²|D₀|²) and C = −(conjugate of the numerator)/(|p|²|D₁|²).
//
// All in single precision. D is rounded as it goes, but B and C are made from the rounded D: the error of a
// coupler is a few roundings of its own matrix and isn't carried on to the next.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/draw.hpp"

namespace fringe {

/// Chips in the lanes; a chip's numbers are the same in either.
inline constexpr std::size_t trial_lanes = 8, trial_lanes_wide = 16;
/// Couplers per call: a multiple of four.
inline constexpr std::size_t trial_run = 16;

/// A number per coupler of a run and lane.
template <std::size_t Lanes>
using TrialCells = float[trial_run * Lanes];

/// A draw of each lane's trial: Philox from its third round on, for what comes before hangs on the stream but
/// for one product. Lanes 0, 2, 4 … and 1, 3, 5 … apart; numbers of 32 bits in places of 64, whose upper
/// halves hold anything.
template <std::size_t Lanes>
struct TrialStream {
  using Half = std::uint64_t[Lanes / 2];
  alignas(64) Half key0[8][2];  ///< of each round
  Half key1[8][2], x0[2], x2[2], x3[2], first_x2[2];
};

/// What the trials of a program share. An error is a spread times a normal number, at most 6.34 of them.
struct TrialStrengths {
  float splitter_sigma, half_phase_sigma;
  float cos_sum, sin_sum, cos_difference, sin_difference;  ///< of the nominal Σ and Δ
  float cos_front, sin_front;                              ///< of the nominal front angle
  bool front, push_pull;
  bool small;              ///< no sum of two errors exceeds π/4, nor does one of half a phase
  float loss, loss_sigma;  ///< −log₂ of the field's transmission
};

/// Cosine and sine of half the phases asked.
struct TrialPhases {
  float theta_cos, theta_sin, phi_cos, phi_sin;
};

template <std::size_t Lanes>
struct TrialNormals {
  alignas(64) TrialCells<Lanes> alpha, beta, gamma, theta, phi, loss;  ///< those of strength 0 are not read
};

/// p, q and G of a run of couplers.
template <std::size_t Lanes>
struct TrialMatrices {
  alignas(64) TrialCells<Lanes> p_re, p_im, q_re, q_im, g_re, g_im;
};

/// A complex number per lane.
template <std::size_t Lanes>
struct TrialField {
  alignas(4 * Lanes) float re[Lanes], im[Lanes];
};

/// Where a coupler stands: its modes, its set of coefficients and its group in the kernel's order.
struct TrialPlace {
  std::uint32_t upper, lower, slot, group;
  bool upper_enters, lower_enters;  ///< first coupler of its group on that mode
};

/// Ahead of a group a mode's D was brought near 2⁵⁶; its fields are to be multiplied by `undo`.
template <std::size_t Lanes>
struct TrialRescale {
  std::uint32_t row, group;
  alignas(4 * Lanes) float undo[Lanes];
};

/// Rows of a coupler trade places first in these lanes, a bit each.
struct TrialSwap {
  std::uint32_t slot, group, lanes;
};

/// |p|² below which rows trade places first.
inline constexpr float trial_swap_norm = 0x1p-24f;
/// Smallest |p D|² of a lane for which nothing over- or underflows.
inline constexpr float trial_least_norm = 0x1p-100f;

/// The deferred diagonals of all lanes, as far as the couplers so far have brought them.
template <std::size_t Lanes>
struct TrialDiagonals {
  TrialField<Lanes>* d;  ///< per mode
  float floor;           ///< |D|² below which a mode that enters a group is rescaled
  float* coefficients;   ///< {Re B, Im B, Re C, Im C} of each slot; a lane's begin `stride` after the last's
  std::size_t stride;
  TrialSwap* swaps;               ///< room for one per coupler
  TrialRescale<Lanes>* rescales;  ///< room for two per coupler
  std::size_t swap_count, rescale_count;
  alignas(4 * Lanes) float least[Lanes];  ///< smallest |p D|² so far: a lane below trial_least_norm failed
};

/// The functions of one instruction set.
template <std::size_t Lanes>
struct TrialKernels {
  /// Lane l: `first`, but for its trial first.trial + l.
  void (*start)(const Draw& first, TrialStream<Lanes>& out) noexcept;
  /// Elements 4·block … 4·block + trial_run − 1 of each lane's draw.
  void (*normals)(const TrialStream<Lanes>& stream, std::uint32_t block, TrialCells<Lanes>& out) noexcept;
  /// phases: of the run's couplers.
  void (*matrices)(const TrialStrengths& strengths, const TrialPhases* phases,
                   const TrialNormals<Lanes>& normals, TrialMatrices<Lanes>& out) noexcept;
  /// Couplers [begin, end) of a run, whose first is places[0].
  void (*defer)(const TrialMatrices<Lanes>& matrices, const TrialPlace* places, std::size_t begin,
                std::size_t end, TrialDiagonals<Lanes>& diagonals) noexcept;
  /// `samples` fields per mode pass couplers [begin, end) of a run.
  void (*apply)(const TrialMatrices<Lanes>& matrices, const TrialPlace* places, std::size_t begin,
                std::size_t end, TrialField<Lanes>* fields, std::size_t samples) noexcept;
  /// e^{iσ·normal}.
  void (*phasors)(float sigma, const TrialCells<Lanes>& normals, TrialCells<Lanes>& re,
                  TrialCells<Lanes>& im) noexcept;
};
extern const TrialKernels<trial_lanes> trial_kernels_baseline, trial_kernels_avx2, trial_kernels_avx512;
extern const TrialKernels<trial_lanes_wide> trial_kernels_baseline_wide, trial_kernels_avx512_wide;

/// Those of so many lanes that this processor runs fastest.
template <std::size_t Lanes>
const TrialKernels<Lanes>& trial_kernels() noexcept;
template <>
const TrialKernels<trial_lanes>& trial_kernels() noexcept;
template <>
const TrialKernels<trial_lanes_wide>& trial_kernels() noexcept;
/// Whether one register holds trial_lanes_wide of them.
bool wide_trials() noexcept;

}  // namespace fringe
