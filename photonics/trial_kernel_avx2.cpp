#include "photonics/trial_kernel_impl.hpp"

namespace fringe {
const TrialKernels<trial_lanes> trial_kernels_avx2 = trial_kernels_of<trial_lanes>;
}
