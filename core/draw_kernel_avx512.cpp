#include "core/draw_kernel_impl.hpp"

namespace fringe {
const DrawKernels draw_kernels_avx512 = draw_kernels_of<64>;
}
