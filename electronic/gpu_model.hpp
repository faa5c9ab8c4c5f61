// Modelled hardware: a GPU board as roofline plus launch floor plus power, with the numerics of its formats
// emulated on the host. Compute and bandwidth are upper bounds (where a figure isn't published, the best for
// the GPU); launches cost what a V100's cost, one for each operator: nothing is fused.
//
// Time. A product, outer product, elementwise pass or update is one kernel and takes the longer of
//   operations / (peak · compute_fraction)   and   bytes / (bandwidth · bandwidth_fraction)
// (S. Williams et al., "Roofline", CACM 52(4), 2009, doi:10.1145/1498765.1498785). Bytes are
// Work::bytes, the operands once, of which Work::off_chip_bytes come from DRAM always; a product of two
// activations has no weights to keep, all of it counts among the other operands. They are in the format of the
// products; gradients and updates in FP32 (P. Micikevicius et al.,
// arXiv:1710.03740). Elementwise work and updates run at the FP32 peak. The list is a chain of dependent
// kernels:
//   latency = submission + (kernels − 1)·launch gap + Σ kernel times.
// Runs that follow each other overlap across streams: busy times of launches, matrix unit, memory and digital
// work stand apart, and the busiest sets the interval.
//
// Two parameters leave the upper bound: whole tiles and waves, with the traffic of a split inner dimension,
// and the clock that the TDP sustains.
//
// Memory. Weights lie in device memory. Half of L2 keeps the weights if all weights of the list fit into it,
// else each use reads them from DRAM; the other half keeps a kernel's other operands if they fit, else they
// come from DRAM. L2 speed and energy per byte are those of the board's row of memory_systems(); DRAM bytes
// pass through L2, which is therefore never slower than DRAM.
//
// Power. Static power s = static_fraction·TDP burns for the whole run. With matrix unit, DRAM and L2 all at
// their limits the board draws its TDP:
//   TDP = s + peak·e_op + bandwidth·e_dram + L2 bandwidth·e_sram   gives the energy per operation e_op of the
//   format.
// So no single kernel draws more than the TDP.
#pragma once

#include <memory>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"
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
  /// At the clock that the board's TDP sustains (training_step.hpp); false: at its boost clock, an upper
  /// bound.
  bool sustained_clock = false;
  /// Power that doesn't depend on the work, as part of the TDP: a parameter of this model, not a published
  /// figure, [0, 0.5]. Boards with a context but no work were seen at 26 to 66 W above bare idle (S. S.
  /// Vadari, arXiv:2605.23918).
  double static_fraction = static_power_fraction;
};

/// Energy per operation [J] that follows from the board's TDP (see above). Requires gpu.peak(format) > 0.
double energy_per_operation(const GpuSpec& gpu, Format format, const GpuModelParameters& parameters = {});

/// The board computing in `format`; throws Error where it doesn't support it or a parameter is out of range.
/// `gpu` must be a row of the catalogue or outlive the result, as must `cpu` (on the host) and `pool`.
///
/// forward: operands rounded to the format (weights at commit), FP32 sums. Int8: one scale for each row of W
/// and each sample, exact integer sums, so a sample's bits don't depend on its batch; other formats sum in
/// OpenBLAS's order. backward: rounded operands, FP32 sums and gradients; int8 passes gradients through its
/// rounding (Y. Bengio et al., arXiv:1308.3432) in FP32. parameters() are FP32 master weights.
std::unique_ptr<Accelerator> make_gpu_model(const GpuSpec& gpu, Format format, Executor& cpu,
                                            ThreadPool& pool, const GpuModelParameters& parameters = {});

}  // namespace fringe
