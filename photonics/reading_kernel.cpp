#include "photonics/reading_kernel.hpp"

#include "photonics/mesh_kernel.hpp"

namespace fringe {

ReadingKernel reading_kernel() noexcept {
#if defined(__x86_64__)
  if (&mesh_kernels() == &mesh_kernels_avx512) return read_tile_avx512;
  if (&mesh_kernels() == &mesh_kernels_avx2) return read_tile_avx2;
#endif
  return read_tile_baseline;
}

}  // namespace fringe
