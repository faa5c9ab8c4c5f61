#include "photonics/mesh_kernel_set_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_baseline{"baseline", kernels<float, 16>, kernels<double, 16>};
}
