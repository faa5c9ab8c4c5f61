// The order in which light going backwards may meet the couplers of a layout.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {

/// Numbers of the couplers, each behind all that light meets after it. Of neighbouring modes: along diagonals
/// up the mesh, two diagonals by turns, in blocks of few diagonals and modes, so that the rows of a block
/// stay in the nearest cache.
std::vector<std::uint32_t> reverse_order(const MeshLayout& layout);

/// Steps as runs, which they follow one behind the other.
std::vector<GradientRun> reverse_runs(std::span<const GradientStep> steps);

}  // namespace fringe
