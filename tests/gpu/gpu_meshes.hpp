// Random meshes for the GPU's tests.
#pragma once

#include "core/units.hpp"
#include "photonics/physical_mesh.hpp"
#include "tests/gpu/gpu_fixture.hpp"

namespace fringe {

inline PhaseProgram random_program(const MeshLayout& layout, std::uint32_t site = 1) {
  const auto phases = [&](std::size_t count) {
    std::vector<double> x(count);
    fill_uniform(x, {5, Purpose::test, 0, site++});
    for (double& v : x) v *= 2 * pi;
    return x;
  };
  return {phases(layout.couplers.size()), phases(layout.couplers.size()), phases(layout.modes)};
}

inline PhysicalMesh<double> random_mesh(const MeshLayout& layout, std::uint32_t site = 1) {
  return realise<double>(layout, random_program(layout, site), ideal_fabrication(layout));
}

}  // namespace fringe
