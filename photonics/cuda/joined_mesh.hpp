// One mesh behind another, with attenuators between them, as one mesh: a core W = U·Σ·Vᴴ passes a GPU in one
// launch, and so does a batch of such tiles (CudaMesh).
#pragma once

#include <span>

#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

/// Columns of `first`, then those of `second`, a column without couplers between them where the GPU's kernel
/// needs neighbours to be coupled in turns. Throws Error where their modes differ.
MeshLayout joined_layout(const MeshLayout& first, const MeshLayout& second);

/// second · diag(transmission) · first, for the layout joined of both. Costs nothing: the outputs of `first`
/// and the field transmission of each mode are part of the next coupler that the mode meets. Throws Error
/// where sizes disagree.
PhysicalMesh<double> joined_mesh(const MeshLayout& second_layout, const PhysicalMesh<double>& first,
                                 std::span<const double> transmission, const PhysicalMesh<double>& second);

}  // namespace fringe
