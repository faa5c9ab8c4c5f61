#include "photonics/mesh_kernel.hpp"

namespace fringe {

KernelSets available_mesh_kernels() noexcept {
  KernelSets sets{{&mesh_kernels_baseline}, 1};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    sets.set[sets.count++] = &mesh_kernels_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
      sets.set[sets.count++] = &mesh_kernels_avx512;
  }
#endif
  return sets;
}

const KernelSet& mesh_kernels() noexcept {
  static const KernelSets sets = available_mesh_kernels();
  return *sets.set[sets.count - 1];
}

template <>
const KernelsOf<float>& kernels_of<float>(const KernelSet& set) noexcept {
  return set.single;
}

template <>
const KernelsOf<double>& kernels_of<double>(const KernelSet& set) noexcept {
  return set.dual;
}

}  // namespace fringe
