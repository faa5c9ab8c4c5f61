// Loss between the couplers: every mode pays for its way, also where it meets nobody.
#pragma once

#include "photonics/mesh_geometry.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

struct PathLoss {
  double waveguide_db_per_m = 0;
  double crossing_db = 0;  ///< per waveguide crossing outside the couplers
  double skip_db = 0;      ///< per column in which a mode meets no coupler: of a dummy there, or 0
};

/// Adds to the chip's upper, lower and out paths. A mode passes every column on its length. Where a coupler
/// joins modes that aren't neighbours, each of them goes half the rows between to the other and back, and
/// crosses the live ones there once on average; a live mode in between that isn't coupled in the column is
/// crossed twice. A mode is live from its first to its last coupler.
void add_path_loss(FabricatedMesh& chip, const MeshLayout& layout, const MeshGeometry& geometry,
                   const PathLoss& loss);

}  // namespace fringe
