// A block of the GPU as ring_pass.hpp needs it: each thread is a lane, its fields lie in registers.
//
// Three things make it fast. A turn of the ring is a warp shuffle of the one number that leaves a lane per
// vector; a ring longer than a warp hands its edge through shared memory with a barrier of that ring's own
// warps, not the block's. Coefficients arrive by asynchronous copies in the buffer that is not being read
// (sm_80's cp.async, past the registers), with one barrier per stage. And all indices of a lane's places are
// constants of the unrolled period, so that nothing is moved inside a lane. Loops of a few turns are kept
// rolled: the period's code has to stay in the instruction cache.
#pragma once

#include <cuda_pipeline_primitives.h>

#include "photonics/cuda/ring_pass.hpp"

namespace fringe::ring {

/// Rings longer than a warp are Wide: the first lane of each warp hands its number on through shared memory.
template <int V, bool Wide, class Real = float>
class DeviceBlock {
 public:
  static constexpr int vectors = V;

  /// shared: two stages of stage_quads, two sets of sums_quads, then, where Wide, 4·V numbers per warp.
  __device__ DeviceBlock(QuadOf<Real>* shared, std::uint32_t stage_quads, std::uint32_t lanes,
                         std::uint32_t sums_quads = 0)
      : shared_(shared),
        stage_quads_(stage_quads),
        sums_quads_(sums_quads),
        span_(ring_span(lanes)),
        rings_(rings_of_block(blockDim.x, lanes)),
        thread_(thread_of(threadIdx.x, lanes)) {}

  __device__ std::uint32_t mesh() const { return blockIdx.y; }
  __device__ std::uint32_t number() const { return blockIdx.x; }
  __device__ std::uint32_t rings() const { return rings_; }
  __device__ std::uint32_t first_ring() const { return blockIdx.x * rings_; }
  template <class F>
  __device__ void each(const F& f) {
    f(thread_, x_);
  }
  __device__ QuadOf<Real>* stage(std::uint32_t buffer) const { return shared_ + buffer * stage_quads_; }
  __device__ QuadOf<Real>* sums(std::uint32_t buffer) const {
    return shared_ + 2 * stage_quads_ + buffer * sums_quads_;
  }
  // Loops of a few turns in each of a period's columns: unrolled they would fill the instruction cache.
  template <class F>
  __device__ void other_rings(const F& f) const {
#pragma unroll 1
    for (std::uint32_t ring = 1; ring < rings_; ++ring) f(ring);
  }
  template <class F>
  __device__ void cells(std::uint32_t count, const F& f) const {
#pragma unroll 1
    for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) f(i);
  }
  __device__ void copy(std::uint32_t buffer, const QuadOf<Real>* from, std::uint32_t count) const {
#pragma unroll 1
    for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x)
      for (std::size_t part = 0; part < sizeof(QuadOf<Real>); part += sizeof(Quad))
        __pipeline_memcpy_async(reinterpret_cast<char*>(stage(buffer) + i) + part,
                                reinterpret_cast<const char*>(from + i) + part, sizeof(Quad));
    __pipeline_commit();
  }
  __device__ void arrive() const {
    __pipeline_wait_prior(0);
    __syncthreads();
  }

  template <int C>
  __device__ void turn() {
    move<C>(thread_.next, threadIdx.x % warp == 0);
  }
  template <int C>
  __device__ void turn_back() {
    move<C>(thread_.previous, thread_.next / warp != threadIdx.x / warp);
  }

 private:
  /// The leaving number of column C comes from thread `from`; threads that `hand_on` theirs to another warp
  /// are one per warp.
  template <int C>
  __device__ void move(std::uint32_t from, bool hand_on) {
    constexpr int h = leaving_half(C), i = leaving_slot(C);
    if constexpr (Wide) {
      // Two sets in turns: one barrier keeps readers of a column ahead of writers of the next but one.
      Real* const edges = reinterpret_cast<Real*>(sums(2)) + C % 2 * (blockDim.x / warp) * 2 * V;
      if (hand_on)
        for (int v = 0; v < V; ++v) {
          edges[threadIdx.x / warp * 2 * V + v] = x_.re[h][i][v];
          edges[threadIdx.x / warp * 2 * V + V + v] = x_.im[h][i][v];
        }
      asm volatile("bar.sync %0, %1;" ::"r"(1 + threadIdx.x / span_), "r"(span_) : "memory");
      shuffle(x_.re[h][i], from);
      shuffle(x_.im[h][i], from);
      if (from / warp != threadIdx.x / warp)
        for (int v = 0; v < V; ++v) {
          x_.re[h][i][v] = edges[from / warp * 2 * V + v];
          x_.im[h][i][v] = edges[from / warp * 2 * V + V + v];
        }
    } else {
      shuffle(x_.re[h][i], from);
      shuffle(x_.im[h][i], from);
    }
  }
  __device__ void shuffle(Real (&x)[V], std::uint32_t from) const {
    for (int v = 0; v < V; ++v) x[v] = __shfl_sync(~0u, x[v], static_cast<int>(from % warp));
  }

  QuadOf<Real>* shared_;
  std::uint32_t stage_quads_, sums_quads_, span_, rings_;
  Thread thread_;
  Lane<V, Real> x_;
};

}  // namespace fringe::ring
