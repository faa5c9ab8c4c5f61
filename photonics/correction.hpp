// Phases that make a chip with known errors do what the ideal mesh would do.
#pragma once

#include <span>

#include "photonics/physical_mesh.hpp"

namespace fringe {

/// Local error correction (Bandyopadhyay, Hamerly and Englund, Optica 8, 1247 (2021)): in the order in which
/// light meets them, each coupler with known errors gets the phases of solve() in crossing.hpp; what is left
/// over on its outputs is passed on to the couplers behind and at last to the phase screen. `ideal` is a
/// program of plain MZIs; the chip may have any crossing type, so that with ideal_fabrication(layout,
/// crossing) as `known` this translates a program for another type. Known phase errors are taken off what is
/// asked; loss is left alone. Works for any layout; O(couplers). All phases are in [0, 2π). Throws Error
/// where sizes disagree with the layout.
PhaseProgram correct_locally(const MeshLayout& layout, const PhaseProgram& ideal, const FabricatedMesh& known,
                             CorrectionGoal goal = CorrectionGoal::field);

/// The same for any unitary 2×2s, one per coupler, with phases out_rad[modes] behind them; dark_phi_rad is
/// the φ of couplers whose target has a dark element that leaves it free.
PhaseProgram program_blocks(const MeshLayout& layout, std::span<const Matrix2> blocks,
                            std::span<const double> out_rad, std::span<const double> dark_phi_rad,
                            const FabricatedMesh& known, CorrectionGoal goal = CorrectionGoal::field);

}  // namespace fringe
