// What bounds each kernel of a list on a board, and how long it then takes. gpu_model.hpp prices a list with
// it, sim/gpu_training.hpp holds it against published training.
//
// A kernel takes the longest of
//   its arithmetic: on FP32 lanes operations/(peak·compute_fraction), of 3×3 windows a quarter of them with
//     winograd; on tensor cores operations/(peak·compute_fraction) +
//     tensor_issue·operations/(2·multiprocessors· 128·clock), as tensor cores wait for what the four
//     schedulers of a multiprocessor, 32 lanes each, feed them;
//   its bytes/(bandwidth·bandwidth_fraction);
//   host_s for each operator that it stands for: a framework that issues them one by one.
// Winograd's F(4×4, 3×3) takes 36 multiplications where the window takes 144 (A. Lavin, S. Gray,
// arXiv:1509.09308). A window of 3×3 at unit stride over an image of its result's size is known by each input
// being used nine times.
//
// Bytes. Work::bytes, the operands once, of which Work::off_chip_bytes come from DRAM always; a product of
// two activations has no weights to keep, all of it counts among the other operands. They are in the format
// of the products; gradients and updates in FP32 (P. Micikevicius et al., arXiv:1710.03740). Weights lie in
// device memory. Half of L2 keeps the weights if all weights of the list fit into it, else each use reads
// them from DRAM; the other half keeps a kernel's other operands if they fit, else they come from DRAM. DRAM
// bytes pass through L2, which is therefore never slower than DRAM.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "core/cost.hpp"
#include "core/work.hpp"
#include "electronic/gpu_catalogue.hpp"

namespace fringe {

/// What no datasheet states.
struct GpuModelParameters {
  double compute_fraction = 1.0;    ///< attainable part of the peak, (0, 1]; 1: upper bound
  double bandwidth_fraction = 1.0;  ///< attainable part of the bandwidth, (0, 1]; 1: upper bound
  /// Submission and synchronisation of a list [s], at most 1, and the smaller gap between kernels of a stream
  /// [s]. Measured on a V100 with kernels of 2.9 µs: 9.6 µs each when synchronised, 3.8 µs each when queued
  /// (A. Gray, "Getting started with CUDA Graphs", NVIDIA technical blog, 2019).
  double submission_s = 9.6e-6 - 2.9e-6;
  double launch_gap_s = 3.8e-6 - 2.9e-6;
  /// Products in whole tiles and whole waves of them (gpu_tiles.hpp); false: at peak, an upper bound.
  bool whole_tiles = false;
  /// At the clock that the board's TDP sustains (training_step.hpp), which may be above the boost clock that
  /// its maker promises; false: at the boost clock.
  bool sustained_clock = false;
  /// Power that doesn't depend on the work, as part of the TDP: a parameter of this model, not a published
  /// figure, [0, 0.5]. Boards with a context but no work were seen at 26 to 66 W above bare idle (S. S.
  /// Vadari, arXiv:2605.23918).
  double static_fraction = static_power_fraction;
  double tensor_issue = 0;  ///< issue slots of a lane that a tensor operation takes, >= 0
  bool winograd = false;    ///< FP32 lanes compute windows of 3×3 by Winograd's transform
  double host_s = 0;        ///< for a framework to issue one operator [s], [0, 1]
};

/// What a kernel takes at full rate, whatever part of it is attained.
struct KernelTimes {
  double compute_s = 0;  ///< at peak; in whole tiles and at the sustained clock where that is asked for
  double issue_s = 0;    ///< were each tensor operation to take an issue slot; 0 off tensor cores
  double memory_s = 0;   ///< the longer of DRAM and L2
  double issues = 1;     ///< operators
  bool product = false;
  bool window3x3 = false;  ///< a product of 3×3 windows, on FP32 lanes
};

/// And what its energy follows from.
struct KernelBounds {
  KernelTimes times;
  double operations = 0;  ///< two for a multiply-accumulate
  double dram_bytes = 0, sram_bytes = 0;
};

/// Reads whole_tiles and sustained_clock alone. Requires gpu.peak(format) > 0.
std::vector<KernelBounds> kernel_bounds(const GpuSpec& gpu, Format format, std::span<const Work> work,
                                        const GpuModelParameters& parameters);

/// Seconds of arithmetic, and of the kernel, without the gap before it.
inline double compute_seconds(const KernelTimes& k, const GpuModelParameters& p) noexcept {
  constexpr double winograd_gain = 144.0 / 36;
  const double gain = p.winograd && k.window3x3 ? winograd_gain : 1;
  return k.compute_s / (gain * p.compute_fraction) + p.tensor_issue * k.issue_s;
}
inline double kernel_seconds(const KernelTimes& k, const GpuModelParameters& p) noexcept {
  return std::max({compute_seconds(k, p), k.memory_s / p.bandwidth_fraction, k.issues * p.host_s});
}

/// What DRAM delivers passes through L2, so L2 is no slower.
double l2_bytes_per_s(const GpuSpec& gpu);
/// Boards without tensor cores compute 16-bit operands on their FP32 lanes, most boards FP64 on its own.
bool on_tensor_cores(const GpuSpec& gpu, Format format) noexcept;

}  // namespace fringe
