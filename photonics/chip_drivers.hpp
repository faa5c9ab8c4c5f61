// What stands between the phases that a controller asks for and those that light meets.
#pragma once

#include <cstdint>
#include <optional>

#include "photonics/faults.hpp"
#include "photonics/imperfections.hpp"

namespace fringe {

/// Drivers, heaters and faults of one mesh; the default passes every phase unchanged.
struct ChipDrivers {
  int phase_bits = 0;
  PhaseDrive drive;
  ChipFaults faults;
  std::optional<CrosstalkMap> crosstalk;
  double phase_scale = 1;  ///< design wavelength over the laser's
};

/// Of the mesh that fabricate() makes for the same arguments. Throws Error where check() or CrosstalkMap
/// does.
ChipDrivers drivers_of(const MeshLayout& layout, const MeshImperfections& imperfections, std::uint64_t seed,
                       std::uint32_t trial, std::uint32_t site);

/// The phases that light meets for the phases asked, before the chip's static errors (those are part of
/// FabricatedMesh): driven, stuck where faulty, heated by each other, seen at the laser's wavelength. Without
/// imperfections it is `asked`, bit by bit. Throws Error where sizes disagree with the layout.
PhaseProgram held_by_chip(const ChipDrivers& drivers, const PhaseProgram& asked);

}  // namespace fringe
