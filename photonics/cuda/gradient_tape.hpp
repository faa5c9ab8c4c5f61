// A mesh laid out for going back on rings of lanes (gradient_pass.hpp). Built on the host.
#pragma once

#include "photonics/cuda/gradient_pass.hpp"
#include "photonics/cuda/ring_tape.hpp"
#include "photonics/slope_weights.hpp"

namespace fringe::ring {

/// Of the layout alone: the coupler of each cell, −1: none.
std::vector<std::int32_t> couplers_at(const Map& map);

/// What GradientPass points to.
struct BackTape {
  std::vector<Quad> coefficients, screen;
};

/// Throws Error where sizes disagree with the layout, a coupler is not finite, or too little of a field is
/// left to go back from the output (least_reversible<float>).
BackTape back_tape_of(const MeshLayout& layout, const Map& map, const PhysicalMesh<double>& mesh);

/// Of each coupler of a mesh as fabricated.
std::vector<CouplerWeights> coupler_weights(const FabricatedMesh& fabricated);

}  // namespace fringe::ring
