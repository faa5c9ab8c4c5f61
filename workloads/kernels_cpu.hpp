// The tables of kernels that this build holds.
#pragma once

#include <span>

#include "workloads/kernels.hpp"

namespace fringe::kernels {

std::span<const OperatorKernel> kernels_baseline();
std::span<const OperatorKernel> kernels_avx2();
std::span<const OperatorKernel> kernels_avx512();
/// Throws Error in a build without CUDA.
std::span<const OperatorKernel> kernels_cuda();

}  // namespace fringe::kernels
