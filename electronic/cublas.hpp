// Measured hardware: this machine's GPU through cuBLAS, timed with CUDA events on data that lies on the
// device.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "core/accelerator.hpp"

namespace fringe {

/// The format in which products read their operands. Sums are FP32, parameters, gradients and outputs too.
enum class CublasPrecision { fp32, tf32, bf16, fp16 };

/// Accelerator::name() of each precision, in the order of CublasPrecision.
inline constexpr std::array<std::string_view, 4> cublas_names{"cublas-fp32", "cublas-tf32", "cublas-bf16",
                                                              "cublas-fp16"};
inline std::string_view to_string(CublasPrecision p) noexcept { return cublas_names[static_cast<int>(p)]; }

/// The GPU as hardware under study. `cuda` must be the CUDA executor and outlive the result; all matrices and
/// batches lie in its memory. Throws Error where CUDA or libcublas is not available, saying why.
///
/// forward, backward: row-major [features × batch]; BF16 and FP16 operands are rounded to nearest on the
/// device (FP16 without loss scaling). realised() is the rounded weights; the rounding to
/// TF32 happens inside the matrix unit and is not seen there.
///
/// price: the whole list as one sequence on one stream; median and spread over repeats that fill at least 20
/// ms, after a warm-up until the medians of two such rounds agree within 2 %. Operands are random normals,
/// resident in the format of the products, as a network that keeps its activations in that format would have
/// them; nothing is copied, and what fits the caches stays there. A weight update also pays the rounding of
/// the new weights. An elementwise entry is one pass of ReLU over its elements, an update is SGD with
/// momentum up to 4 operations per weight and Adam above. Joules are the whole board's, memory and idle power
/// included (part mac), from NVML's counter over at least 0.3 s of the same work; energy_known is false where
/// there is none.
std::unique_ptr<Accelerator> make_cublas(CublasPrecision precision, Executor& cuda);

/// Of what make_cublas gave: whether joules are counted, and if not, why; clocks, temperature, watts and what
/// held the clocks back at the end of the last price.
std::string cublas_conditions(const Accelerator& hardware);

}  // namespace fringe
