#include "photonics/mesh_kernel_reverse_impl.hpp"

namespace fringe {
const KernelSet mesh_kernels_avx512{
    "avx512", {propagate<float, 64>, reverse<float, 64>}, {propagate<double, 64>, reverse<double, 64>}};
}
