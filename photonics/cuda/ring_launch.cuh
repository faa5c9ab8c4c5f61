// Launches of the ring kernel: which instance, how many threads, how much shared memory.
//
// A kernel exists per form (deferred, full), vectors of a lane (eight, in double four; one for batches below
// four), ring (in one warp or over several) and precision; no branch of these is left inside. Registers
// decide the rest: a lane of eight vectors holds 128 numbers of fields, so blocks are bounded to what leaves
// it 255 registers, eight warps on a processor. Blocks grow as long as every processor still has one: the
// more rings share a block, the fewer times the same coefficients come from the second cache. Shared memory
// holds two stages of coefficients and, for long rings, the edges of warps.
#pragma once

#include <algorithm>

#include "core/cuda_support.cuh"
#include "photonics/cuda/device_block.cuh"

namespace fringe::ring {

/// Threads of a block. Rings in one warp: small blocks. Longer ones: one block to a processor, so that all
/// its rings share the coefficients that arrive.
template <bool Wide>
inline constexpr std::uint32_t block_threads = (Wide ? wide_warps : 4) * warp;

/// Blocks that a processor has registers for. With all its vectors a lane needs more than the 168 of twelve
/// warps: eight have 255 each and spill next to nothing, and with so many independent multiply-adds two warps
/// keep a scheduler busy.
template <int V, bool Wide>
inline constexpr int blocks_per_processor = Wide     ? 1
                                            : V == 1 ? 4
                                                     : 2;

template <class Form, int V, bool Wide, class Real>
__global__ void __launch_bounds__(block_threads<Wide>, (blocks_per_processor<V, Wide>))
    ring_kernel(const __grid_constant__ PassOf<Real> pass) {
  extern __shared__ Quad shared[];
  DeviceBlock<V, Wide, Real> block(reinterpret_cast<QuadOf<Real>*>(shared),
                                   stage_columns * Form::quads * pairs * pass.lanes, pass.lanes);
  run<Form>(block, pass);
}

/// Grid, threads and shared memory of a launch of `rows` times a batch.
struct LaunchShape {
  dim3 grid;
  std::uint32_t threads;
  std::size_t shared_bytes;
};

template <class Form, int V, bool Wide, class Real>
LaunchShape launch_shape(const PassOf<Real>& pass, std::uint32_t rows) {
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
  while (threads + unit <= block_threads<Wide> && blocks(threads) * rows > static_cast<unsigned>(processors))
    threads += unit;
  const std::size_t stages = 2 * stage_columns * Form::quads * pairs * pass.lanes * sizeof(QuadOf<Real>),
                    edges = Wide ? 2 * (threads / warp) * 2 * V * sizeof(Real) : 0;
  return {dim3(static_cast<unsigned>(blocks(threads)), rows), threads, stages + edges};
}

template <class Argument>
void start(void (*kernel)(Argument), const LaunchShape& shape, const Argument& argument,
           cudaStream_t stream) {
  device::check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     static_cast<int>(shape.shared_bytes)),
                "mesh: shared memory");
  kernel<<<shape.grid, shape.threads, shape.shared_bytes, stream>>>(argument);
  device::check(cudaGetLastError(), "mesh");
}

/// f<V, Wide>(): eight vectors of a lane, four in double precision, or one where a batch would leave most of
/// them empty.
template <class Real, class F>
void with_vectors(const PassOf<Real>& pass, const F& f) {
  constexpr int many = 32 / sizeof(Real);
  const bool few = pass.in.re.cols < 4;
  if (pass.lanes > warp) return few ? f.template operator()<1, true>() : f.template operator()<many, true>();
  few ? f.template operator()<1, false>() : f.template operator()<many, false>();
}

/// One launch, or as many as the grid's limit makes of so many meshes.
template <class Form, class Real>
void launch(const PassOf<Real>& pass, std::uint32_t meshes, cudaStream_t stream) {
  for (std::uint32_t first = 0; first < meshes; first += most_meshes) {
    const std::uint32_t count = std::min(meshes - first, most_meshes);
    const PassOf<Real> part = part_of<Form>(pass, first, count);
    with_vectors(part, [&]<int V, bool Wide>() {
      start<PassOf<Real>>(ring_kernel<Form, V, Wide, Real>, launch_shape<Form, V, Wide>(part, count), part,
                          stream);
    });
  }
}

}  // namespace fringe::ring
