// What the controller of a photonic system asks of one tile's core: for a part of a matrix, and at random.
#pragma once

#include "photonics/photonic_accelerator.hpp"
#include "photonics/photonic_tile.hpp"

namespace fringe {

/// program_core() of the weights with a gain of 1. A plain chip is taken for the ideal one of its crossing
/// type; setup.corrected takes the tile's splitters as calibration finds them and corrects its meshes
/// locally: for the quadrature that is read where the meshes are real ones, else for the field. Cores whose θ
/// alone is driven have no correction (orthogonal_mesh.hpp).
CoreProgram program_for_chip(const PhotonicSetup& setup, const MeshLayout& layout,
                             MatrixView<const double> weights, const PhotonicTile& tile);

/// Haar-random meshes from the draw and, for a second one, that of the next site; orthogonal ones where θ
/// alone is driven. Open attenuators and a gain of 1.
CoreProgram random_program(const PhotonicSetup& setup, const MeshLayout& layout, const Draw& draw);

}  // namespace fringe
