// Measured hardware: this machine's GPU through cuBLAS, timed with CUDA events on data that lies on the
// device.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "core/accelerator.hpp"

namespace fringe {

/// The format in which products read their operands. Sums are FP32 (FP64 where the operands are, integers of
/// 32 bits for INT8); parameters, gradients and outputs FP32.
///   fp8  E4M3 for weights and activations, E5M2 for slopes (P. Micikevicius et al., arXiv:2209.05433)
///   int8 symmetric, as quantise_rows() and quantise_columns() have it; has no backward pass
/// Operands of both are scaled by the largest magnitude of each vector along the index that is summed over: a
/// row of W, a sample of a batch. So a sample's result doesn't depend on the batch that it is in.
enum class CublasPrecision { fp64, fp32, tf32, bf16, fp16, fp8, int8 };

/// Accelerator::name() of each precision, in the order of CublasPrecision.
inline constexpr std::array<std::string_view, 7> cublas_names{
    "cublas-fp64", "cublas-fp32", "cublas-tf32", "cublas-bf16", "cublas-fp16", "cublas-fp8", "cublas-int8"};
inline std::string_view to_string(CublasPrecision p) noexcept { return cublas_names[static_cast<int>(p)]; }
/// Whether it has a backward pass.
inline bool trains(CublasPrecision p) noexcept { return p != CublasPrecision::int8; }

/// How a priced list runs.
struct CublasRuns {
  bool captured = true;  ///< as one CUDA graph, captured once and launched whole; else call by call
  /// No operand in a cache at first: ahead of each run, untimed, twice the size of the second cache is read.
  /// What the list itself leaves there stays. Joules aren't counted then.
  bool cold = false;
};

/// The GPU as hardware under study. `cuda` must be the CUDA executor and outlive the result; all matrices and
/// batches lie in its memory. Throws Error where CUDA or libcublas is not available, saying why.
///
/// forward, backward: row-major [features × batch]; BF16 and FP16 operands are rounded to nearest on the
/// device (FP16 without loss scaling). backward throws Error in INT8. realised() is the rounded
/// weights; the rounding to TF32 happens inside the matrix unit and is not seen there.
///
/// price: the whole list as one sequence on one stream; median and spread over repeats that fill at least 20
/// ms, after a warm-up until the medians of two such rounds agree within 2 %. Operands are random normals,
/// resident in the format of the products, as a network that keeps its activations in that format would have
/// them; nothing is copied, and unless `runs.cold` what fits the caches stays there. Sizes that 8-bit
/// products don't take are rounded up to multiples of 16, which costs what it costs. A weight update also
/// pays the rounding of the new weights. An elementwise entry is one FP32 pass of ReLU over its elements, an
/// update is SGD with momentum up to 11 operations per weight and Adam above. Joules are the whole board's,
/// memory and idle power included (part mac), from NVML's counter over at least 0.3 s of the same work;
/// energy_known is false where there is none.
///
/// Throws Error where the GPU or its library has no products of this precision.
std::unique_ptr<Accelerator> make_cublas(CublasPrecision precision, Executor& cuda, CublasRuns runs = {});

/// Of what make_cublas gave: whether joules are counted, and if not, why; what launching call by call would
/// cost the last list, or why it was not captured; what it attained of the board's published peak and of what
/// a copy on it moves, measured once; clocks, temperature, watts and what held the clocks back
/// at the end of the last price.
std::string cublas_conditions(const Accelerator& hardware);

}  // namespace fringe
