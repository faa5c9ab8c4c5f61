// What the reverse passes of a mesh share, on the CPU and on the GPU: how the slopes of a coupler's phases
// follow from sums over samples, and how much of a field a mesh leaves.
#pragma once

#include <vector>

#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

/// How the slopes of each coupler's phases follow from M behind and ahead of it:
///   ∂L/∂θ = θ₀ Im M₀₀ + θ₁ Im M₁₁ + θ₂ Re(M₀₁ − M₁₀) at its outputs,
///   ∂L/∂φ = φ₀ Im M₀₀ + φ₁ Im M₁₁ + φ₂ Re M₁₀ + φ₃ Re M₀₁ at its inputs;
/// φ is empty without a front splitter: ∂L/∂φ = −Im M₀₀.
struct SlopeWeights {
  std::vector<double> theta[3];
  std::vector<double> phi[4];

  bool front() const { return !phi[0].empty(); }
  /// Of a mesh as fabricated; memory is reused.
  void set(const FabricatedMesh& fabricated);
};

/// The least that the mesh may leave of a field: the product of its columns' smallest singular values, or an
/// output's factor where that is smaller.
double least_field_transmission(const MeshLayout& layout, const PhysicalMesh<double>& mesh);

/// Below it fields are not recomputed from the output: a quarter of the digits may be lost on the way back.
template <class Real>
inline constexpr double least_reversible = sizeof(Real) == 4 ? 0x1p-6 : 0x1p-13;

}  // namespace fringe
