#include "photonics/mesh_kernel_set_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_avx2{"avx2+fma", kernels<float, 32>, kernels<double, 32>};
}
