// What a price needs to know of a core: of meshes, which the design's devices tell, and of published systems
// alike.
#pragma once

#include <cstddef>

#include "photonics/link_budget.hpp"
#include "photonics/photonic_design.hpp"

namespace fringe {

struct CoreFigures {
  std::size_t rows, inner;      ///< of the matrix W[rows×inner] that a core holds
  std::size_t wavelengths = 1;  ///< vectors that pass at once
  /// Light goes back through the same weights, for products with Wᵀ; where it doesn't, those take new ones.
  bool backwards = false;
  /// A homodyne array: it holds rows×inner results, along whose terms time runs, and no weights.
  bool holds_results = false;
  double settings = 0;                  ///< values uploaded for new weights
  double taps = 0;                      ///< readings of an in-situ pass
  double program_s = 0;                 ///< conversion and settling
  double flight_s = 0;                  ///< modulator to photodiode
  double decomposition_operations = 0;  ///< from weights to settings, on the digital unit
  double hold_w = 0;                    ///< of the settings, with those of a random matrix
  double mesh_area_m2 = 0;              ///< of its meshes
};

/// Of a mesh: each shifter has its own channel, so new phases take one conversion and the settling of the
/// shifter: one pole, from a full swing to half a step, rise time/2.2 · ln 2^(bits+1). The area is that of
/// columns, as long as their splitters, shifters and routing, times modes at the pitch of
/// design.mesh.geometry.
CoreFigures core_figures(const PhotonicDesign& design, const LinkBudget& budget);

}  // namespace fringe
