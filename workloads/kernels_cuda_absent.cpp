#include "core/error.hpp"
#include "workloads/kernels_cpu.hpp"

namespace fringe::kernels {

std::span<const OperatorKernel> kernels_cuda() { throw Error("no CUDA kernels: " + cuda_status().reason); }

}  // namespace fringe::kernels
