#include "core/draw_kernel_impl.hpp"

namespace fringe {
const DrawKernels draw_kernels_baseline = draw_kernels_of<16>;
}
