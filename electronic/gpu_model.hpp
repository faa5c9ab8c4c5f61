// Modelled hardware: a GPU board as roofline plus launch floor plus power, with the numerics of its formats
// emulated on the host. Compute and bandwidth are upper bounds (where a figure isn't published, the best for
// the GPU); launches cost what a V100's cost, one for each operator: nothing is fused.
//
// Time. A product, outer product, elementwise pass or update is one kernel, bound by its arithmetic or its
// bytes (S. Williams et al., "Roofline", CACM 52(4), 2009, doi:10.1145/1498765.1498785), as gpu_kernels.hpp
// has it. Elementwise work and updates run at the FP32 peak, beside products in FP64 on the FP64 lanes. The
// list is a chain of dependent kernels:
//   latency = submission + (kernels − 1)·launch gap + Σ kernel times.
// Runs that follow each other overlap across streams: busy times of launches, matrix unit, memory and digital
// work stand apart, and the busiest sets the interval.
//
// Parameters leave the upper bound: whole tiles and waves, with the traffic of a split inner dimension; the
// clock that the TDP sustains; what libraries and frameworks take besides (training_step.hpp has those that
// published training shows). L2's speed and energy per byte are those of the board's row of memory_systems().
//
// Power. Static power s = static_fraction·TDP burns for the whole run. With matrix unit, DRAM and L2 all at
// their limits the board draws its TDP:
//   TDP = s + peak·e_op + bandwidth·e_dram + L2 bandwidth·e_sram   gives the energy per operation e_op of the
//   format,
// at the boost clock, or at the one that the TDP sustains where that is assumed.
// So no single kernel draws more than the TDP. An FP64 operation is assumed to take at most (53/24)² of an
// FP32 one, as the area of a multiplier grows with the square of its significand: boards with a few FP64
// lanes draw less there.
#pragma once

#include <memory>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"
#include "electronic/gpu_kernels.hpp"

namespace fringe {

/// Energy per operation [J] that follows from the board's TDP (see above). Requires gpu.peak(format) > 0.
double energy_per_operation(const GpuSpec& gpu, Format format, const GpuModelParameters& parameters = {});

/// The board computing in `format`; throws Error where it doesn't support it or a parameter is out of range.
/// `gpu` must be a row of the catalogue or outlive the result, as must `cpu` (on the host) and `pool`.
///
/// forward: operands rounded to the format (weights at commit), FP32 sums. Int8 and FP8: one scale for each
/// row of W and each sample. Int8 has exact integer sums, so a sample's bits don't depend on its batch; other
/// formats sum in OpenBLAS's order. FP64: FP32 numbers, whose products and sums are FP64's, rounded once.
/// backward: rounded operands, FP32 sums and gradients; int8 and FP8 pass gradients through their rounding
/// (Y. Bengio et al., arXiv:1308.3432) in FP32. parameters() are FP32 master weights.
std::unique_ptr<Accelerator> make_gpu_model(const GpuSpec& gpu, Format format, Executor& cpu,
                                            ThreadPool& pool, const GpuModelParameters& parameters = {});

}  // namespace fringe
