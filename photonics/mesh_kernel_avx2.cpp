#include "photonics/mesh_kernel_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_avx2{"avx2+fma", propagate<float, 32, 1>, propagate<double, 32, 1>};
}
