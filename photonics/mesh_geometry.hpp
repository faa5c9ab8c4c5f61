// Where couplers and phase shifters stand on the chip: columns along x, modes along y.
#pragma once

#include <vector>

#include "photonics/mesh_layout.hpp"

namespace fringe {

/// Lengths are choices of a design. The defaults: a column of two 16 µm splitters, two 61.6 µm heaters and
/// 100 µm of routing, as in the realistic preset; modes between the gaps of 5 and 15 µm over which crosstalk
/// was measured (ThermalCrosstalk) and the 127 µm of fibre arrays.
struct MeshGeometry {
  double column_pitch_m = 255.2e-6;  ///< from column to column, > 0
  double mode_pitch_m = 25e-6;       ///< from mode to mode, > 0

  bool operator==(const MeshGeometry&) const = default;
};

struct ChipPosition {
  double x_m, y_m;
};

/// The column of each coupler.
std::vector<std::size_t> columns_of(const MeshLayout& layout);

/// The middle of each coupler: half a column in, halfway between its modes.
std::vector<ChipPosition> coupler_positions(const MeshLayout& layout, const MeshGeometry& geometry);

}  // namespace fringe
