// What the project's CUDA sources share: error checks, element-wise launches and draws on the device.
// Everything runs on the default stream unless an OnStream says otherwise, so work of executors, cuBLAS and
// kernels is ordered by itself.
//
// Element-wise launches are CUB's: one thread per element, the grid and the elements of a thread as the chip
// likes them, the batch fastest, so that a warp's accesses are one stretch of memory. An extent's index is
// parted into row and column by multiplication with constants of the launch, not by division. Draws are pure
// functions of their element, so a thread needs no state and no neighbour: four numbers of one Philox block.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <cub/device/device_for.cuh>
#include <cuda/std/mdspan>
#include <string>
#include <utility>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/view.hpp"

namespace fringe::device {

/// Throws Error "cuda: WHAT: reason" unless the call succeeded; clears an error that isn't sticky.
inline void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();
  throw Error(std::string("cuda: ") + what + ": " + cudaGetErrorString(status));
}

/// Where this thread's element-wise launches go.
inline thread_local cudaStream_t current_stream = nullptr;
/// Sends them to another stream as long as it lives, such as one that is being captured, which the default
/// stream can't be.
class OnStream {
 public:
  explicit OnStream(cudaStream_t stream) : outer_(std::exchange(current_stream, stream)) {}
  OnStream(const OnStream&) = delete;
  OnStream& operator=(const OnStream&) = delete;
  ~OnStream() { current_stream = outer_; }

 private:
  cudaStream_t outer_;
};

/// op(i) for i in [0, count), one thread each.
template <class Op>
void for_each(std::size_t count, Op op, const char* what) {
  if (count) check(cub::DeviceFor::Bulk(count, op, current_stream), what);
}

/// op(index, r, c) for each element of a rows×cols matrix, c fastest.
template <class Op>
void for_each(std::size_t rows, std::size_t cols, Op op, const char* what) {
  if (rows == 0 || cols == 0) return;
  check(
      cub::DeviceFor::ForEachInExtents(::cuda::std::dextents<std::size_t, 2>(rows, cols), op, current_stream),
      what);
}

/// One Philox block: elements 4·block … 4·block+3 of a draw.
struct NormalBlock {
  DrawStream stream;
  float* out;
  std::size_t count;
  __device__ void operator()(std::size_t block) const {
    const auto words = random_block(stream, block);
    for (std::size_t lane = 0; lane < 4 && 4 * block + lane < count; ++lane)
      out[4 * block + lane] = normal_from_bits(words[lane]);
  }
};

/// out[i] = element i of the draw, in device memory: the bits of fill_normal on the host.
inline void fill_normal(float* out, std::size_t count, const Draw& draw) {
  for_each((count + 3) / 4, NormalBlock{stream_of(draw), out, count}, "fill_normal");
}

}  // namespace fringe::device
