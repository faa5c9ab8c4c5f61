#include "photonics/mesh_kernel_set_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_avx512{"avx512", kernels<float, 64>, kernels<double, 64>};
}
