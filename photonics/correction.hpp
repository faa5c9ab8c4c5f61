// Phases that make a chip with known errors do what the ideal mesh would do.
#pragma once

#include "photonics/physical_mesh.hpp"

namespace fringe {

/// What counts where a splitting ratio is out of reach (θ outside 2|α+β| … π−2|α−β|), so that some light must
/// go astray.
enum class CorrectionGoal {
  field,  ///< the complex field: stray light is put in phase with the wanted light, the least-squares choice
  /// The quadrature that balanced homodyne detection reads, for real matrices: stray light is turned so far
  /// out of phase that its real part is the wanted amplitude. What remains is imaginary everywhere and unseen
  /// to first order.
  quadrature,
};

/// Local error correction (Bandyopadhyay, Hamerly and Englund, Optica 8, 1247 (2021)): in the order in which
/// light meets them, each MZI with known α and β gets the θ that restores its splitting ratio and the φ that
/// restores its phases; what is left over on its outputs is passed on to the couplers behind and at last to
/// the phase screen. A ratio out of reach is met as nearly as possible, and its phases follow the goal. Known
/// phase errors are taken off what is asked; loss is left alone. Works for any layout; O(couplers). All
/// phases are in [0, 2π). Throws Error where sizes disagree with the layout.
PhaseProgram correct_locally(const MeshLayout& layout, const PhaseProgram& ideal, const FabricatedMesh& known,
                             CorrectionGoal goal = CorrectionGoal::field);

}  // namespace fringe
