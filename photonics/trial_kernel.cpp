#include "photonics/trial_kernel.hpp"

namespace fringe {

bool wide_trials() noexcept {
#if defined(__x86_64__)
  static const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                             __builtin_cpu_supports("avx512vl");
  return avx512;
#else
  return false;
#endif
}

template <>
const TrialKernels<trial_lanes>& trial_kernels() noexcept {
#if defined(__x86_64__)
  if (wide_trials()) return trial_kernels_avx512;
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2) return trial_kernels_avx2;
#endif
  return trial_kernels_baseline;
}

template <>
const TrialKernels<trial_lanes_wide>& trial_kernels() noexcept {
#if defined(__x86_64__)
  if (wide_trials()) return trial_kernels_avx512_wide;
#endif
  return trial_kernels_baseline_wide;
}

}  // namespace fringe
