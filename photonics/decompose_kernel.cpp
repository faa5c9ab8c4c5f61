#include "photonics/decompose_kernel.hpp"

#include "photonics/mesh_kernel.hpp"

namespace fringe {

DecomposeKernelSets available_decompose_kernels() noexcept {
  DecomposeKernelSets sets{{&decompose_kernels_baseline}, 1};
#if defined(__x86_64__)
  const std::size_t count = available_mesh_kernels().count;
  if (count > 1) sets.set[sets.count++] = &decompose_kernels_avx2;
  if (count > 2) sets.set[sets.count++] = &decompose_kernels_avx512;
#endif
  return sets;
}

const DecomposeKernels& decompose_kernels() noexcept {
  static const DecomposeKernelSets sets = available_decompose_kernels();
  return *sets.set[sets.count - 1];
}

}  // namespace fringe
