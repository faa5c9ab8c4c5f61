#include "photonics/trial_kernel.hpp"

namespace fringe {

template <>
const TrialKernels<trial_lanes>& trial_kernels() noexcept {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2) return trial_kernels_avx2;
#endif
  return trial_kernels_baseline;
}

template <>
const TrialKernels<trial_lanes_wide>& trial_kernels() noexcept {
#if defined(__x86_64__)
  if (wide_trials()) return trial_kernels_avx512;
#endif
  return trial_kernels_baseline_wide;
}

bool wide_trials() noexcept {
#if defined(__x86_64__)
  static const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
  return avx512;
#else
  return false;
#endif
}

}  // namespace fringe
