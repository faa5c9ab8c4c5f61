// Products whose operands are copied first: FP64, and FP8 and INT8 with a scale for each vector along the
// summed index. Included by CUDA sources only.
//
// The 8-bit products of cuBLASLt take both operands with the summed index contiguous and sizes in multiples
// of 16, so a copy is due anyway: one pass finds each vector's largest number (a thread per column, a block
// per row: neighbours read neighbours either way), a second scales, rounds, turns and pads. The result takes
// one pass more, in which the two scales of an element are multiplied in. These passes are linear in the
// sizes of operands and result, the product is not. Memory of copies is kept for the next call.
#pragma once

#include <cuda_fp8.h>

#include <cub/block/block_reduce.cuh>

#include "electronic/cublas_gemm.cuh"

namespace fringe::cublas {

/// The largest number of a format, to which the largest of a vector is scaled.
template <class Format>
inline constexpr float most = 1.0f;
template <>
inline constexpr float most<__nv_fp8_e4m3> = 448.0f;
template <>
inline constexpr float most<__nv_fp8_e5m2> = 57344.0f;
template <>
inline constexpr float most<std::int8_t> = 127.0f;

/// As quantise_rows() has it.
FRINGE_HD inline float scale_for(float largest, float most_of_format) {
  return largest > 0.0f ? fmaxf(largest / most_of_format, 0x1p-126f) : 1.0f;
}
template <class Format>
FRINGE_HD Format code_for(float x, float scale) {
  if constexpr (std::is_same_v<Format, std::int8_t>)
    return static_cast<std::int8_t>(fminf(fmaxf(nearbyintf(x / scale), -127.0f), 127.0f));
  else if constexpr (std::is_same_v<Format, double> || std::is_same_v<Format, float>)
    return x;
  else
    return Format(x / scale);  // to nearest, what is too large to the largest
}

/// Scales of the columns, one thread each: neighbours read neighbours.
template <class Format>
struct ColumnScale {
  ConstMatrix x;
  float* scales;
  __device__ void operator()(std::size_t c) const {
    float largest = 0;
    for (std::size_t r = 0; r < x.rows; ++r) largest = fmaxf(largest, fabsf(x(r, c)));
    scales[c] = scale_for(largest, most<Format>);
  }
};

constexpr int scale_threads = 256;
/// Scales of the rows, one block each.
template <class Format>
__global__ void row_scales(ConstMatrix x, float* scales) {
  using Reduce = cub::BlockReduce<float, scale_threads>;
  __shared__ typename Reduce::TempStorage storage;
  float largest = 0;
  for (std::size_t c = threadIdx.x; c < x.cols; c += scale_threads)
    largest = fmaxf(largest, fabsf(x(blockIdx.x, c)));
  largest = Reduce(storage).Reduce(largest, [](float a, float b) { return fmaxf(a, b); });
  if (threadIdx.x == 0) scales[blockIdx.x] = scale_for(largest, most<Format>);
}

/// Element k of vector v; nothing but zeros beyond x.
template <class Format>
struct Pack {
  ConstMatrix x;
  bool columns;
  const float* scales;  ///< null: 1
  Format* out;
  FRINGE_HD void operator()(std::size_t i, std::size_t v, std::size_t k) const {
    const bool there = columns ? v < x.cols && k < x.rows : v < x.rows && k < x.cols;
    const float value = !there ? 0.0f : columns ? x(k, v) : x(v, k);
    out[i] = code_for<Format>(value, there && scales ? scales[v] : 1.0f);
  }
};

/// The rows or columns of a matrix as vectors of a format, padded, one behind the other. Memory is kept for
/// the next ones.
struct Packed {
  Buffer<std::byte> codes;
  Buffer<float> scales;
  std::size_t vectors = 0, length = 0;  ///< without padding

  void operator()(const Types& t, cudaDataType_t format, Executor& executor, ConstMatrix x, bool columns) {
    vectors = columns ? x.cols : x.rows;
    length = columns ? x.rows : x.cols;
    const std::size_t bytes = t.padded(vectors) * t.padded(length) * t.bytes;
    if (codes.size() < bytes) codes = Buffer<std::byte>(executor, bytes);
    if (scales.size() < vectors) scales = Buffer<float>(executor, vectors);
    switch (format) {
      case CUDA_R_64F:
        return pack<double>(t, x, columns, nullptr);
      case CUDA_R_8F_E5M2:
        return scale_and_pack<__nv_fp8_e5m2>(t, x, columns);
      case CUDA_R_8F_E4M3:
        return scale_and_pack<__nv_fp8_e4m3>(t, x, columns);
      default:
        return scale_and_pack<std::int8_t>(t, x, columns);
    }
  }

 private:
  template <class Format>
  void scale_and_pack(const Types& t, ConstMatrix x, bool columns) {
    if (vectors == 0) return;
    if (columns) {
      device::for_each(vectors, ColumnScale<Format>{x, scales.data()}, "scales");
    } else {
      row_scales<Format>
          <<<static_cast<unsigned>(vectors), scale_threads, 0, device::current_stream>>>(x, scales.data());
      device::check(cudaGetLastError(), "scales");
    }
    pack<Format>(t, x, columns, scales.data());
  }
  template <class Format>
  void pack(const Types& t, ConstMatrix x, bool columns, const float* by) {
    device::for_each(t.padded(vectors), t.padded(length),
                     Pack<Format>{x, columns, by, reinterpret_cast<Format*>(codes.data())}, "pack operand");
  }
};

/// out(r, c) = (out(r, c) +) d(r, c)·(scale of r · scale of c).
template <class Result>
struct Unpack {
  const Result* d;
  std::size_t stride;
  const float *row_scales, *column_scales;  ///< null: 1
  bool add;
  Matrix out;
  FRINGE_HD void operator()(std::size_t, std::size_t r, std::size_t c) const {
    const float value = static_cast<float>(d[r * stride + c]);
    const float scaled = row_scales ? value * (row_scales[r] * column_scales[c]) : value;
    out(r, c) = add ? out(r, c) + scaled : scaled;
  }
};

inline void unpack(const Types& t, const void* d, std::size_t stride, const float* row_scales,
                   const float* column_scales, bool add, Matrix out) {
  const auto from = [&](auto* results) {
    device::for_each(
        out.rows, out.cols,
        Unpack<std::remove_cvref_t<decltype(*results)>>{results, stride, row_scales, column_scales, add, out},
        "unpack result");
  };
  if (t.result == CUDA_R_64F)
    from(static_cast<const double*>(d));
  else if (t.result == CUDA_R_32I)
    from(static_cast<const std::int32_t*>(d));
  else
    from(static_cast<const float*>(d));
}

/// out[rows×columns] (+)= rowsᵀ·columns of packed vectors of one length.
class PackedProduct {
 public:
  /// Throws Error where the GPU or its library has no such products.
  PackedProduct(CublasPrecision precision, Executor& executor)
      : precision_(precision),
        types_(types_of(precision)),
        executor_(executor),
        lt_(executor, nullptr, Lt::Choice::first) {
    Packed probe;
    Tensor zeros(executor, 16, 16);
    executor.fill(zeros.view(), 0.0f);
    probe(types_, types_.operand, executor, std::as_const(zeros).view(), false);
    (*this)(probe, types_.operand, probe, types_.operand, zeros.view(), false);
  }

  const Types& types() const { return types_; }
  Executor& executor() const { return executor_; }

  void operator()(const Packed& rows, cudaDataType_t row_format, const Packed& columns,
                  cudaDataType_t column_format, Matrix out, bool add) {
    if (out.rows == 0 || out.cols == 0) return;
    const LtProduct p =
        product_of_vectors(types_, column_format, row_format, out.cols, out.rows, rows.length);
    const std::size_t bytes = static_cast<std::size_t>(p.m * p.n) * types_.result_bytes;
    if (result_.size() < bytes) result_ = Buffer<std::byte>(executor_, bytes);
    if (!lt_.run(p, columns.codes.data(), rows.codes.data(), result_.data()))
      throw Error(std::string(to_string(precision_)) + ": " + cuda_status().device +
                  " or its library has no such products" +
                  (precision_ == CublasPrecision::fp8 ? "; boards from Ada and Hopper on have" : ""));
    const bool scaled = types_.eight_bits;
    unpack(types_, result_.data(), static_cast<std::size_t>(p.ldd), scaled ? rows.scales.data() : nullptr,
           scaled ? columns.scales.data() : nullptr, add, out);
  }

 private:
  CublasPrecision precision_;
  Types types_;
  Executor& executor_;
  Lt lt_;
  Buffer<std::byte> result_;
};

}  // namespace fringe::cublas
