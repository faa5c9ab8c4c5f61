#include "photonics/decompose_kernel_impl.hpp"

namespace fringe {
const DecomposeKernels decompose_kernels_avx2 = sweep_kernels<32>("avx2+fma");
}
