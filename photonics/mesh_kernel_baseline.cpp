#include "photonics/mesh_kernel_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_baseline{"baseline", propagate<float, 16, 1>, propagate<double, 16, 1>};
}
