// Products of row-major matrices through cuBLAS whose results are FP32, and the copies in which they read
// their operands. Shared by the hardware and its pricing; included by CUDA sources only.
//
// No matrix is ever transposed in memory: the column-major library reads a row-major matrix as its transpose,
// so operands and sizes change places and flags say the rest. FP32 and TF32 read operands where they lie,
// TF32 rounds inside the matrix unit; BF16 and FP16 take one element-wise pass to a copy of half the size,
// kept for the next call. Sums stay FP32 also where the library would reduce partial ones in less (math
// mode).
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <utility>

#include "core/cublas_library.cuh"
#include "core/cuda_support.cuh"
#include "core/tensor.hpp"
#include "electronic/cublas.hpp"
#include "electronic/cublas_format.cuh"

namespace fringe::cublas {

/// A row-major matrix in the format in which products read it; the distance of its rows in elements.
struct Operand {
  const void* data = nullptr;
  std::int64_t stride = 0;
};

/// FP32, TF32, BF16 and FP16. cuBLAS is column-major: a row-major matrix is its transpose there, so operands
/// and sizes change places.
class Gemm {
 public:
  explicit Gemm(CublasPrecision precision) : precision_(precision) {
    check(cublas_.create(&handle_), "create");
    check(cublas_.set_math_mode(handle_, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION), "math mode");
  }
  Gemm(const Gemm&) = delete;
  Gemm& operator=(const Gemm&) = delete;
  ~Gemm() { cublas_.destroy(handle_); }

  CublasPrecision precision() const { return precision_; }
  /// From here on products run there.
  void on(cudaStream_t stream) const { check(cublas_.set_stream(handle_, stream), "stream"); }

  /// y = W·x, or Wᵀ·x, for W[rows×cols].
  void product(Operand w, std::size_t rows, std::size_t cols, bool transposed, Operand x, Matrix y) const {
    if (transposed) std::swap(rows, cols);
    run(CUBLAS_OP_N, transposed ? CUBLAS_OP_T : CUBLAS_OP_N, y.cols, rows, cols, x, w, y, 0.0f);
  }
  /// dw = dy·xᵀ + beta·dw over a batch.
  void outer_product(Operand dy, Operand x, std::size_t batch, Matrix dw, float beta) const {
    run(CUBLAS_OP_T, CUBLAS_OP_N, dw.cols, dw.rows, batch, x, dy, dw, beta);
  }

 private:
  void run(cublasOperation_t op_a, cublasOperation_t op_b, std::size_t m, std::size_t n, std::size_t k,
           Operand a, Operand b, Matrix c, float beta) const {
    if (m == 0 || n == 0) return;
    const float one = 1.0f;
    const Types t = types_of(precision_);
    check(cublas_.gemm(handle_, op_a, op_b, static_cast<std::int64_t>(m), static_cast<std::int64_t>(n),
                       static_cast<std::int64_t>(k), &one, a.data, t.operand, a.stride, b.data, t.operand,
                       b.stride, &beta, c.data, t.result, static_cast<std::int64_t>(c.stride), t.compute,
                       CUBLAS_GEMM_DEFAULT),
          "gemm");
  }

  const Library& cublas_ = Library::get();
  CublasPrecision precision_;
  cublasHandle_t handle_ = nullptr;
};

template <class Format>
struct Round {
  ConstMatrix x;
  Format* out;
  __device__ void operator()(std::size_t i, std::size_t r, std::size_t c) const {
    out[i] = static_cast<Format>(x(r, c));
  }
};

/// A matrix in the format of the products: itself where that is FP32 (TF32 is rounded inside the matrix
/// unit), else a rounded copy whose memory is kept for the next one.
class Rounded {
 public:
  Operand operator()(CublasPrecision precision, Executor& executor, ConstMatrix x) {
    if (precision == CublasPrecision::fp32 || precision == CublasPrecision::tf32)
      return {x.data, static_cast<std::int64_t>(x.stride)};
    if (copy_.size() < x.rows * x.cols) copy_ = Buffer<std::uint16_t>(executor, x.rows * x.cols);
    if (precision == CublasPrecision::bf16)
      round<__nv_bfloat16>(x);
    else
      round<__half>(x);
    return {copy_.data(), static_cast<std::int64_t>(x.cols)};
  }

 private:
  template <class Format>
  void round(ConstMatrix x) {
    device::for_each(x.rows, x.cols, Round<Format>{x, reinterpret_cast<Format*>(copy_.data())},
                     "round operand");
  }
  Buffer<std::uint16_t> copy_;
};

}  // namespace fringe::cublas
