// Eight chips of one program at a time, a chip per lane: their draws, their couplers' matrices, and from
// those either the coefficients of the deferred diagonal (compiled_mesh.hpp) or a batch's fields. Couplers
// come in the order of their layout, four to a block of random numbers, so nothing is shuffled on the way
// from the counter to the coefficient.
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

namespace fringe {

inline constexpr std::size_t trial_lanes = 8;
/// Couplers per call: a multiple of four.
inline constexpr std::size_t trial_run = 16;
inline constexpr std::size_t trial_cells = trial_run * trial_lanes;

/// A number per coupler of a run and lane.
using TrialCells = float[trial_cells];

/// DrawStream of each lane's trial.
struct TrialStream {
  alignas(32) std::uint32_t key0[trial_lanes], key1[trial_lanes], c2[trial_lanes], c3[trial_lanes];
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

struct TrialNormals {
  alignas(64) TrialCells alpha, beta, gamma, theta, phi, loss;  ///< those of strength 0 are not read
};

/// p, q and G of a run of couplers.
struct TrialMatrices {
  alignas(64) TrialCells p_re, p_im, q_re, q_im, g_re, g_im;
};

/// A complex number per lane.
struct TrialField {
  alignas(32) float re[trial_lanes], im[trial_lanes];
};

/// Where a coupler stands: its modes, its set of coefficients and its group in the kernel's order.
struct TrialPlace {
  std::uint32_t upper, lower, slot, group;
  bool upper_enters, lower_enters;  ///< first coupler of its group on that mode
};

/// Ahead of a group a mode's D was brought near 2⁵⁶; its fields are to be multiplied by `undo`.
struct TrialRescale {
  std::uint32_t row, group;
  alignas(32) float undo[trial_lanes];
};

/// |p|² below which rows trade places first.
inline constexpr float trial_swap_norm = 0x1p-24f;
/// Smallest |p D|² of a lane for which nothing over- or underflows.
inline constexpr float trial_least_norm = 0x1p-100f;

/// The deferred diagonals of all lanes, as far as the couplers so far have brought them.
struct TrialDiagonals {
  TrialField* d;        ///< per mode
  float floor;          ///< |D|² below which a mode that enters a group is rescaled
  float* coefficients;  ///< {Re B, Im B, Re C, Im C} of each slot; a lane's begin `stride` after the last's
  std::size_t stride;
  std::int32_t* swaps;     ///< per slot, stride / 4; null: a lane that needs a swap fails
  TrialRescale* rescales;  ///< room for two per coupler
  std::size_t rescale_count;
  alignas(32) float least[trial_lanes];  ///< smallest |p D|² so far: a lane below trial_least_norm failed
};

/// The functions of one instruction set.
struct TrialKernels {
  /// Elements 4·block … 4·block + trial_run − 1 of each lane's draw.
  void (*normals)(const TrialStream& stream, std::uint32_t block, TrialCells& out) noexcept;
  /// phases: of the run's couplers.
  void (*matrices)(const TrialStrengths& strengths, const TrialPhases* phases, const TrialNormals& normals,
                   TrialMatrices& out) noexcept;
  /// The first `count` couplers of a run.
  void (*defer)(const TrialMatrices& matrices, const TrialPlace* places, std::size_t count,
                TrialDiagonals& diagonals) noexcept;
  /// `samples` fields per mode pass the first `count` couplers of a run.
  void (*apply)(const TrialMatrices& matrices, const TrialPlace* places, std::size_t count,
                TrialField* fields, std::size_t samples) noexcept;
  /// e^{iσ·normal}.
  void (*phasors)(float sigma, const TrialCells& normals, TrialCells& re, TrialCells& im) noexcept;
};
extern const TrialKernels trial_kernels_baseline;
extern const TrialKernels trial_kernels_avx2;

/// The widest that this processor runs.
const TrialKernels& trial_kernels() noexcept;

}  // namespace fringe
