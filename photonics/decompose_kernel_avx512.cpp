#include "photonics/decompose_kernel_impl.hpp"

namespace fringe {
const DecomposeKernels decompose_kernels_avx512 = sweep_kernels<64>("avx512");
}
