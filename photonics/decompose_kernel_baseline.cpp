#include "photonics/decompose_kernel_impl.hpp"

namespace fringe {
const DecomposeKernels decompose_kernels_baseline = sweep_kernels<16>("baseline");
}
