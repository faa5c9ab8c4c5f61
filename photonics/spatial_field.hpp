// Random numbers that are alike where they are near: variations of a process over a chip.
#pragma once

#include <span>
#include <vector>

#include "core/draw.hpp"
#include "photonics/mesh_geometry.hpp"

namespace fringe {

/// Shortest correlation length other than 0 [m].
inline constexpr double shortest_correlation_m = 1e-8;

/// Standard normals at the given positions with correlation exp(−2d²/ℓ²) at distance d, the kernel of
/// layout-aware circuit simulators (Ansys INTERCONNECT, "Monte Carlo analysis with spatial correlations"; Lu
/// et al., Opt. Express 25, 9712 (2017)): white noise on a grid of ℓ/4, seen through a Gaussian window
/// (process convolution; Higdon, "Space and space-time modeling using process convolutions" (2002)). The
/// kernel is met within 1e-7, the variance exactly. ℓ = 0: independent numbers; ℓ = ∞: one number. A number
/// depends on the draw, its position over ℓ, and nothing else; O(positions), at most 400 draws each, and
/// fewer where positions of equal x follow each other by rising y. Throws Error for ℓ below
/// shortest_correlation_m that isn't 0.
std::vector<double> gaussian_field(std::span<const ChipPosition> positions, double length_m,
                                   const Draw& draw);

}  // namespace fringe
