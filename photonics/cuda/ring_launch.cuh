// Launches of the ring kernel: which instance, how many threads, how much shared memory.
#pragma once

#include <algorithm>

#include "core/cuda_support.cuh"
#include "photonics/cuda/device_block.cuh"

namespace fringe::ring {

/// Threads of a block. Rings in one warp: small blocks. Longer ones: one block to a processor, so that all
/// its rings share the coefficients that arrive.
template <bool Wide>
inline constexpr std::uint32_t block_threads = Wide ? 12 * warp : 4 * warp;

/// Blocks that a processor has registers for. Eight vectors need more than the 168 of twelve warps: eight
/// warps have 255 each and spill none, and with that many independent multiply-adds two warps keep a
/// scheduler busy. Rings of several warps stay at twelve: with fewer of them the second cache would deliver
/// more coefficients per multiply-add than it can.
template <int V, bool Wide>
inline constexpr int blocks_per_processor = Wide     ? 1
                                            : V == 1 ? 4
                                                     : 2;

template <class Form, int V, bool Wide>
__global__ void __launch_bounds__(block_threads<Wide>, (blocks_per_processor<V, Wide>))
    ring_kernel(const __grid_constant__ Pass pass) {
  extern __shared__ Quad shared[];
  DeviceBlock<V, Wide> block(shared, stage_columns * Form::quads * pairs * pass.lanes, pass.lanes);
  run<Form>(block, pass);
}

template <class Form, int V, bool Wide>
void launch(const Pass& pass, std::uint32_t meshes, cudaStream_t stream) {
  int device = 0, processors = 1;
  device::check(cudaGetDevice(&device), "mesh");
  device::check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "mesh");
  // Large blocks share coefficients, but not before every processor has one.
  const std::size_t rings = (pass.in.re.cols + V - 1) / V;
  const std::uint32_t unit = Wide ? ring_span(pass.lanes) : warp;
  const auto blocks = [&](std::uint32_t of) {
    const std::uint32_t block = rings_of_block(of, pass.lanes);
    return (rings + block - 1) / block;
  };
  std::uint32_t threads = unit;
  while (threads + unit <= block_threads<Wide> &&
         blocks(threads) * meshes > static_cast<unsigned>(processors))
    threads += unit;
  const std::size_t stages = 2 * stage_columns * Form::quads * pairs * pass.lanes * sizeof(Quad),
                    edges = Wide ? 2 * (threads / warp) * 2 * V * sizeof(float) : 0;
  device::check(cudaFuncSetAttribute(ring_kernel<Form, V, Wide>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     static_cast<int>(stages + edges)),
                "mesh: shared memory");
  const dim3 grid(static_cast<unsigned>(blocks(threads)), meshes);
  ring_kernel<Form, V, Wide><<<grid, threads, stages + edges, stream>>>(pass);
  device::check(cudaGetLastError(), "mesh");
}

/// Vectors of a lane: eight, or one where a batch would leave most of them empty.
template <class Form>
void launch(const Pass& pass, std::uint32_t meshes, cudaStream_t stream) {
  const bool few = pass.in.re.cols < 4;
  if (pass.lanes > warp)
    return few ? launch<Form, 1, true>(pass, meshes, stream) : launch<Form, 8, true>(pass, meshes, stream);
  few ? launch<Form, 1, false>(pass, meshes, stream) : launch<Form, 8, false>(pass, meshes, stream);
}

}  // namespace fringe::ring
