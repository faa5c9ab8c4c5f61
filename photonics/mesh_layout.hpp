// A mesh topology as data: which pairs of modes meet in which column. The crossing type is a separate choice.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "photonics/phase_program.hpp"

namespace fringe {

/// Two modes that meet in one Mach–Zehnder interferometer (MZI).
struct Coupler {
  std::uint32_t upper, lower;  ///< mode numbers, upper < lower
};

/// Couplers in the order in which light meets them; those of one column touch disjoint modes.
struct MeshLayout {
  std::size_t modes = 0;
  std::vector<Coupler> couplers;
  std::vector<std::uint32_t> column_start;  ///< columns()+1 offsets into couplers
  std::size_t dark_modes = 0;               ///< the last ones: no light enters them, none is read there

  std::size_t ports() const { return modes - dark_modes; }
  std::size_t columns() const { return column_start.empty() ? 0 : column_start.size() - 1; }
};

/// One row per topology.
struct Topology {
  std::string_view name;
  std::string_view description;
  std::string_view phase_placement;
  std::string_view source;                 ///< the paper it follows
  bool universal;                          ///< decompose() reaches every unitary
  MeshLayout (*build)(std::size_t ports);  ///< throws Error for ports < 2
  /// Of a unitary [ports×ports]; null where there is none. Where the mesh isn't universal it throws Error
  /// with the distance for a matrix out of reach.
  PhaseProgram (*decompose)(ConstComplexMatrix unitary);
};

/// Couplers in the order in which light meets them become columns, each coupler as early as light allows.
MeshLayout layout_of(std::size_t modes, std::vector<Coupler> couplers, std::size_t dark_modes = 0);

/// Columns of neighbouring pairs as in Clements et al. 2016, any number of them. Throws Error for modes < 2.
MeshLayout rectangular_layout(std::size_t modes, std::size_t columns);

std::span<const Topology> topologies() noexcept;
/// Throws Error, offering the nearest name.
const Topology& find_topology(std::string_view name);

}  // namespace fringe
