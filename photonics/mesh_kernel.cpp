#include "photonics/mesh_kernel.hpp"

namespace fringe {

const KernelSet& mesh_kernels() noexcept {
#if defined(__x86_64__)
  static const KernelSet& best =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") ? mesh_kernels_avx512
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")       ? mesh_kernels_avx2
                                                                              : mesh_kernels_baseline;
  return best;
#else
  return mesh_kernels_baseline;
#endif
}

}  // namespace fringe
