#include <algorithm>
#include <array>
#include <string>

#include "core/error.hpp"
#include "photonics/decompose.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {
namespace {

void require_two_modes(std::size_t modes) {
  if (modes < 2)
    throw Error("a mesh of " + std::to_string(modes) + " modes has no coupler; modes must be at least 2");
}

/// Appends a column of neighbouring pairs whose upper modes are first, first+2, … ≤ last.
void add_column(MeshLayout& layout, std::size_t first, std::size_t last) {
  for (std::size_t mode = first; mode <= last; mode += 2)
    layout.couplers.push_back({static_cast<std::uint32_t>(mode), static_cast<std::uint32_t>(mode + 1)});
  layout.column_start.push_back(static_cast<std::uint32_t>(layout.couplers.size()));
}

MeshLayout build_rectangular(std::size_t modes) {
  require_two_modes(modes);
  MeshLayout layout{modes, {}, {0}};
  const std::size_t columns = modes == 2 ? 1 : modes;
  for (std::size_t column = 0; column < columns; ++column) add_column(layout, column % 2, modes - 2);
  return layout;
}

MeshLayout build_triangular(std::size_t modes) {
  require_two_modes(modes);
  MeshLayout layout{modes, {}, {0}};
  for (std::size_t column = 0; column < 2 * modes - 3; ++column)
    add_column(layout, column % 2, std::min(column, 2 * (modes - 2) - column));
  return layout;
}

constexpr std::string_view placement =
    "phi on the upper input, theta on the upper arm, phase screen at the output";

constexpr std::array table{
    Topology{"rectangular", "N columns, every path equally deep", placement,
             "Clements et al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460", true, build_rectangular,
             decompose_rectangular},
    Topology{"triangular", "2N-3 columns, one diagonal of couplers per row of the unitary", placement,
             "Reck et al., Phys. Rev. Lett. 73, 58 (1994), doi:10.1103/PhysRevLett.73.58", true,
             build_triangular, decompose_triangular},
};

}  // namespace

std::span<const Topology> topologies() noexcept { return table; }

const Topology& find_topology(std::string_view name) { return find_row("mesh topology", name, table); }

}  // namespace fringe
