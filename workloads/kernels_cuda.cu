// The kernels of networks on the device: the host's formulas (kernels_*.hpp), launched with one thread for
// every site and column of the batch.
//
// Columns are contiguous, so the threads of a warp read and write neighbours. They meet in nothing but sums
// over a batch, which take a block per row: thread t adds columns t, t + 256, … in double, then a tree, an
// order of the sizes alone. There is one source of every formula: what isn't split among threads has the
// host's bits.
#include <cub/block/block_reduce.cuh>

#include "core/cuda_support.cuh"
#include "workloads/kernels_cpu.hpp"
#include "workloads/kernels_impl.hpp"

namespace fringe::kernels {

/// A thread has one column: there is nothing to turn.
struct NoTile {
  static constexpr int size = 0;
};

namespace {

template <class Op>
struct OneLane {
  Op op;
  __device__ void operator()(std::size_t, std::size_t site, std::size_t column) const {
    op.template run<1>(site, column);
  }
};

template <class Op>
struct OneRow {
  Op op;
  __device__ void operator()(std::size_t, std::size_t site, std::size_t column) const {
    op.template run<1, 1>(site, column);
  }
};

template <class Op>
struct OneColumn {
  Op op;
  __device__ void operator()(std::size_t, std::size_t site, std::size_t column) const {
    op.span(site, column, column + 1);
  }
};

constexpr int block_threads = 256;

// Thread t adds the columns t, t + 256, … of every outer in order, then a tree over the threads.
template <class Term>
__global__ void sum_rows(Term term, std::size_t outer, std::size_t count, float* out) {
  using Reduce = cub::BlockReduce<double, block_threads>;
  __shared__ typename Reduce::TempStorage storage;
  double part = 0;
  for (std::size_t o = 0; o < outer; ++o)
    for (std::size_t i = threadIdx.x; i < count; i += block_threads) part += term(blockIdx.x, o, i);
  const double sum = Reduce(storage).Sum(part);
  if (threadIdx.x == 0) out[blockIdx.x] = static_cast<float>(static_cast<double>(out[blockIdx.x]) + sum);
}

// The same of runs, one column long.
template <class Op>
__global__ void sum_runs(Op op, std::size_t outer, std::size_t columns, float* out) {
  using Reduce = cub::BlockReduce<double, block_threads>;
  __shared__ typename Reduce::TempStorage storage;
  double part = 0;
  for (std::size_t o = 0; o < outer; ++o)
    for (std::size_t i = threadIdx.x; i < columns; i += block_threads)
      op.runs(blockIdx.x, o, i, i + 1, [&](Index, const auto& term) { part += term(0); });
  const double sum = Reduce(storage).Sum(part);
  if (threadIdx.x == 0) out[blockIdx.x] = static_cast<float>(static_cast<double>(out[blockIdx.x]) + sum);
}

class CudaLaunch {
 public:
  explicit CudaLaunch(Executor&) {}

  template <int>
  using TileOf = NoTile;

  template <class Op>
  void each(std::size_t sites, std::size_t columns, const Op& op, std::size_t = 1) const {
    device::for_each(sites, columns, OneLane<Op>{op}, "operator");
  }

  template <class Op>
  void rows(std::size_t sites, std::size_t, std::size_t columns, const Op& op) const {
    device::for_each(sites, columns, OneRow<Op>{op}, "operator");
  }

  template <class Op>
  void spans(std::size_t sites, std::size_t columns, const Op& op, std::size_t = 1) const {
    device::for_each(sites, columns, OneColumn<Op>{op}, "operator");
  }

  template <class Term>
  void sums(std::size_t rows, std::size_t outer, std::size_t count, const Term& term, float* out) const {
    if (rows == 0 || outer * count == 0) return;
    sum_rows<<<static_cast<unsigned>(rows), block_threads>>>(term, outer, count, out);
    device::check(cudaGetLastError(), "sums");
  }

  template <class Op>
  void sums_of_runs(std::size_t rows, std::size_t outer, std::size_t columns, const Op& op,
                    float* out) const {
    if (rows == 0 || outer * columns == 0) return;
    sum_runs<<<static_cast<unsigned>(rows), block_threads>>>(op, outer, columns, out);
    device::check(cudaGetLastError(), "sums");
  }
};

}  // namespace

std::span<const OperatorKernel> kernels_cuda() {
  static const auto rows = table<CudaLaunch>();
  return rows;
}

}  // namespace fringe::kernels
