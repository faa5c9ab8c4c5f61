#include "photonics/mesh_geometry.hpp"

namespace fringe {

std::vector<std::size_t> columns_of(const MeshLayout& layout) {
  std::vector<std::size_t> columns(layout.couplers.size());
  for (std::size_t column = 0; column < layout.columns(); ++column)
    for (std::size_t k = layout.column_start[column]; k < layout.column_start[column + 1]; ++k)
      columns[k] = column;
  return columns;
}

std::vector<ChipPosition> coupler_positions(const MeshLayout& layout, const MeshGeometry& geometry) {
  const std::vector<std::size_t> columns = columns_of(layout);
  std::vector<ChipPosition> positions(layout.couplers.size());
  for (std::size_t k = 0; k < positions.size(); ++k) {
    const auto [upper, lower] = layout.couplers[k];
    positions[k] = {(static_cast<double>(columns[k]) + 0.5) * geometry.column_pitch_m,
                    (upper + lower) / 2.0 * geometry.mode_pitch_m};
  }
  return positions;
}

}  // namespace fringe
