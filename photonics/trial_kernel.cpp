#include "photonics/trial_kernel.hpp"

namespace fringe {

const TrialKernels& trial_kernels() noexcept {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2) return trial_kernels_avx2;
#endif
  return trial_kernels_baseline;
}

}  // namespace fringe
