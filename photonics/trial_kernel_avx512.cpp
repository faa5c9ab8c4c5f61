#include "photonics/trial_kernel_impl.hpp"

namespace fringe {
const TrialKernels<trial_lanes> trial_kernels_avx512 = trial_kernels_of<trial_lanes>;
const TrialKernels<trial_lanes_wide> trial_kernels_avx512_wide = trial_kernels_of<trial_lanes_wide>;
}  // namespace fringe
