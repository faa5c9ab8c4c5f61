#include "photonics/trial_kernel_impl.hpp"

namespace fringe {
const TrialKernels trial_kernels_avx2{normals, matrices, defer_run, apply, phasors};
}  // namespace fringe
