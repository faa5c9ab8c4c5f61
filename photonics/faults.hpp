// What doesn't work on a chip: couplers that pass no light, phase shifters that hold what they please.
#pragma once

#include <cstdint>
#include <vector>

#include "photonics/physical_mesh.hpp"

namespace fringe {

struct StuckPhase {
  std::uint32_t shifter;  ///< coupler, or mode for an output phase
  double phase_rad;       ///< what it holds

  bool operator==(const StuckPhase&) const = default;
};

struct ChipFaults {
  std::vector<std::uint32_t> dead_couplers;  ///< both modes lose all light there
  std::vector<StuckPhase> theta, phi, out;

  bool operator==(const ChipFaults&) const = default;
};

/// Each coupler is dead and each shifter is stuck with the given probability, [0, 1], independently; a stuck
/// one holds a phase drawn from [0, 2π). A fault of a mesh stays where it is when probabilities grow.
ChipFaults draw_faults(const MeshLayout& layout, double dead_probability, double stuck_probability,
                       std::uint64_t seed, std::uint32_t trial, std::uint32_t site);

/// The program with the stuck phases in the place of what was asked; the chip with infinite loss at its dead
/// couplers. Throw Error for a coupler or mode that isn't there.
PhaseProgram apply_faults(PhaseProgram program, const ChipFaults& faults);
FabricatedMesh apply_faults(FabricatedMesh chip, const ChipFaults& faults);

}  // namespace fringe
