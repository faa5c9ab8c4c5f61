#include "photonics/decompose_kernel_impl.hpp"

namespace fringe {
const DecomposeKernels decompose_kernels_baseline = decompose_kernels<16>("baseline");
}
