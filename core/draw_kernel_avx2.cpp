#include "core/draw_kernel_impl.hpp"

namespace fringe {
const DrawKernels draw_kernels_avx2 = draw_kernels_of<32>;
}
