#include "photonics/path_loss.hpp"

#include <limits>

namespace fringe {
namespace {

/// First and last column in which each mode is coupled.
struct Life {
  std::vector<std::size_t> first, last;
  bool live(std::size_t mode, std::size_t column) const {
    return first[mode] <= column && column <= last[mode];
  }
};

Life lives(const MeshLayout& layout, const std::vector<std::size_t>& columns) {
  Life life{std::vector<std::size_t>(layout.modes, std::numeric_limits<std::size_t>::max()),
            std::vector<std::size_t>(layout.modes, 0)};
  for (std::size_t k = 0; k < columns.size(); ++k)
    for (const std::size_t mode : {layout.couplers[k].upper, layout.couplers[k].lower}) {
      life.first[mode] = std::min(life.first[mode], columns[k]);
      life.last[mode] = std::max(life.last[mode], columns[k]);
    }
  return life;
}

}  // namespace

void add_path_loss(FabricatedMesh& chip, const MeshLayout& layout, const MeshGeometry& geometry,
                   const PathLoss& loss) {
  const std::vector<std::size_t> columns = columns_of(layout);
  const Life life = lives(layout, columns);
  std::vector<double> way(layout.modes, 0.0);  // since the last coupler
  std::vector<bool> coupled(layout.modes);
  for (std::size_t column = 0; column < layout.columns(); ++column) {
    const std::size_t begin = layout.column_start[column], end = layout.column_start[column + 1];
    coupled.assign(layout.modes, false);
    for (std::size_t k = begin; k < end; ++k)
      coupled[layout.couplers[k].upper] = coupled[layout.couplers[k].lower] = true;
    for (std::size_t mode = 0; mode < layout.modes; ++mode)
      way[mode] += loss.waveguide_db_per_m * geometry.column_pitch_m + (coupled[mode] ? 0 : loss.skip_db);
    for (std::size_t k = begin; k < end; ++k) {
      const auto [upper, lower] = layout.couplers[k];
      double detour = loss.waveguide_db_per_m * geometry.mode_pitch_m * (lower - upper - 1);
      for (std::size_t mode = upper + 1; mode < lower; ++mode) {
        if (!life.live(mode, column)) continue;
        detour += loss.crossing_db;
        if (!coupled[mode]) way[mode] += 2 * loss.crossing_db;
      }
      for (const auto& [mode, path] : {std::pair{upper, &chip.upper_path_db}, {lower, &chip.lower_path_db}}) {
        (*path)[k] += way[mode] + detour;
        way[mode] = 0;
      }
    }
  }
  for (std::size_t mode = 0; mode < layout.modes; ++mode) chip.out_path_db[mode] += way[mode];
}

}  // namespace fringe
