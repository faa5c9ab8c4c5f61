// Which row of the table a layout is.
#pragma once

#include "photonics/mesh_layout.hpp"

namespace fringe {

bool same_layout(const MeshLayout& a, const MeshLayout& b);

/// The first topology that builds this layout; null where none does.
const Topology* topology_of(const MeshLayout& layout);

}  // namespace fringe
