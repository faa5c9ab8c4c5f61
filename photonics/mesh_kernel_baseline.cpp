#include "photonics/mesh_kernel_reverse_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_baseline{
    "baseline", {propagate<float, 16>, reverse<float, 16>}, {propagate<double, 16>, reverse<double, 16>}};
}
