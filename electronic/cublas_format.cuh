// Number formats as the libraries name them, and how an entry of a list of work lies in memory as a product
// of cuBLASLt. Host code, so that a test can compute the products that it describes without a GPU; included
// by CUDA sources only.
#pragma once

#include <library_types.h>

#include <algorithm>

#include "core/work.hpp"
#include "electronic/cublas.hpp"
#include "electronic/cublaslt.cuh"

namespace fringe::cublas {

struct Types {
  cudaDataType_t operand, slope;  ///< of weights and activations; of ∂loss/∂output
  cudaDataType_t result;
  cublasComputeType_t compute;
  cudaDataType_t scale;
  std::size_t bytes, result_bytes;  ///< of a number
  /// 8-bit products take sizes that are multiples of 16, and both operands with the summed index contiguous.
  bool eight_bits;
  /// Numerics go by copies of the operands, through cuBLASLt; else cuBLAS writes FP32 where it is wanted.
  bool packed() const { return eight_bits || result == CUDA_R_64F; }
  std::size_t padded(std::size_t size) const { return eight_bits ? (size + 15) / 16 * 16 : size; }
};

inline Types types_of(CublasPrecision precision) {
  switch (precision) {
    case CublasPrecision::fp64:
      return {CUDA_R_64F, CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F, CUDA_R_64F, 8, 8, false};
    case CublasPrecision::tf32:
      return {CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F, 4, 4, false};
    case CublasPrecision::bf16:
      return {CUDA_R_16BF, CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, 2, 4, false};
    case CublasPrecision::fp16:
      return {CUDA_R_16F, CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, 2, 4, false};
    case CublasPrecision::fp8:
      return {CUDA_R_8F_E4M3, CUDA_R_8F_E5M2, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, 1, 4, true};
    case CublasPrecision::int8:
      return {CUDA_R_8I, CUDA_R_8I, CUDA_R_32I, CUBLAS_COMPUTE_32I, CUDA_R_32I, 1, 4, true};
    case CublasPrecision::fp32:
      break;
  }
  return {CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, 4, 4, false};
}

/// D[m×n] = Aᵀ·B of operands whose summed index is contiguous, D column by column.
inline LtProduct product_of_vectors(const Types& t, cudaDataType_t a, cudaDataType_t b, std::size_t m,
                                    std::size_t n, std::size_t k) {
  const auto padded = [&](std::size_t size) { return static_cast<std::int64_t>(t.padded(size)); };
  return {.a = a,
          .b = b,
          .d = t.result,
          .compute = t.compute,
          .scale = t.scale,
          .op_a = CUBLAS_OP_T,
          .op_b = CUBLAS_OP_N,
          .m = padded(m),
          .n = padded(n),
          .k = padded(k),
          .lda = padded(k),
          .ldb = padded(k),
          .ldd = padded(m)};
}

/// A product or outer product of a list, on batches that lie sample by sample: column-major there is W itself
/// transposed, x and y as they are, so that a bias can be added. Groups lie one behind the other.
///   product          A is W, B is x, D is y
///   with Wᵀ          A is W, in 8 bits Wᵀ row by row; B is dy, D is dx
///   outer product    A is x, B is dy, in 8 bits both feature by feature; D is dW row by row
inline LtProduct lt_product(const Work& item, const Types& t) {
  const bool outer = item.kind == Work::Kind::outer_product, slopes = outer || item.transposed;
  LtProduct p = outer ? product_of_vectors(t, t.operand, t.slope, item.inner, item.rows, item.columns)
                : item.transposed
                    ? product_of_vectors(t, t.operand, t.slope, item.inner, item.columns, item.rows)
                    : product_of_vectors(t, t.operand, t.operand, item.rows, item.columns, item.inner);
  if (slopes && !t.eight_bits) {
    p.op_a = CUBLAS_OP_N;
    p.lda = p.m;
    if (outer) {
      p.op_b = CUBLAS_OP_T;
      p.ldb = p.n;
    }
  }
  if (item.groups > 1) {
    p.batch = static_cast<std::int64_t>(item.groups);
    p.distance_a = p.m * p.k;
    p.distance_b = p.n * p.k;
    p.distance_d = p.m * p.n;
  }
  return p;
}

/// Numbers that the entry's operands and result take, the largest of the three.
inline std::size_t largest_operand(const Work& item, const Types& t) {
  if (item.macs() == 0) return item.rows * item.columns;
  const LtProduct p = lt_product(item, t);
  return item.groups * static_cast<std::size_t>(std::max({p.m * p.k, p.n * p.k, p.m * p.n}));
}

}  // namespace fringe::cublas
