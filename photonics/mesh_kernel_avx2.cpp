#include "photonics/mesh_kernel_reverse_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_avx2{
    "avx2+fma", {propagate<float, 32>, reverse<float, 32>}, {propagate<double, 32>, reverse<double, 32>}};
}
