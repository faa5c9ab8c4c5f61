#include "workloads/kernels.hpp"

#include "workloads/kernels_cpu.hpp"

namespace fringe {

std::span<const OperatorKernel> kernels_of(const Executor& executor) {
  if (!executor.on_host()) return kernels::kernels_cuda();
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    return kernels::kernels_avx512();
  if (__builtin_cpu_supports("avx2")) return kernels::kernels_avx2();
#endif
  return kernels::kernels_baseline();
}

bool has_kernel(Operator op) noexcept {
  const OperatorKernel& kernel = kernels::kernels_baseline()[static_cast<std::size_t>(op)];
  return row_of(op).kind == OperatorKind::source || op == Operator::dense ||
         op == Operator::softmax_cross_entropy || kernel.op == op;
}

}  // namespace fringe
