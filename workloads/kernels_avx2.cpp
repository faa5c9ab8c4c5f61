#include "workloads/kernels_cpu.hpp"
#include "workloads/kernels_impl.hpp"
#include "workloads/kernels_launch_cpu.hpp"

namespace fringe::kernels {
std::span<const OperatorKernel> kernels_avx2() {
  static const auto rows = table<CpuLaunch<32>>();
  return rows;
}
}  // namespace fringe::kernels
