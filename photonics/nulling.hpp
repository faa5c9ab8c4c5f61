// Self-configuration by nulling: couplers are set one by one so that light which must not reach a place
// doesn't.
#pragma once

#include <vector>

#include "photonics/measurement.hpp"

namespace fringe {

/// The element X[row, column] of the unitary that is left is made zero by one coupler: one that stands ahead
/// of all that are left (modes column, column+1), or one behind them (modes row−1, row).
struct NullStep {
  std::size_t coupler;
  bool behind;
  std::size_t row, column;
};

/// The order in which couplers are set, that of decompose_triangular() or decompose_rectangular(). Throws
/// Error for a layout that is neither.
std::vector<NullStep> null_steps(const MeshLayout& layout);

/// What nulling leads to on a chip of known errors, by mathematics alone: the elimination of a unitary
/// u[N×N], each rotation realised as well as its coupler can, what is left carried on, so that couplers still
/// to be set make up for it: E² = (4/9)N²σ⁴ for spread σ of the plain MZI's splitters, N³σ² ≫ 1 and Nσ² < .03
/// (R. Hamerly, S. Bandyopadhyay and D. Englund, Phys. Rev. Applied 18, 024018 and 024019 (2022)). Triangular
/// and rectangular layouts, any crossing type, O(N³); where a crossing has a front splitter, couplers behind
/// are realised after the elimination, so that what they leave isn't carried on. Loss is left alone. Throws
/// Error where sizes disagree, and where decompose() would.
PhaseProgram null_known(const MeshLayout& layout, ConstComplexMatrix u, const FabricatedMesh& known);

/// All couplers as near to the cross state as power readings bring them, whatever the static phase errors:
/// input by input, outermost first, the power that reaches the output where all cross states would send it is
/// made largest, coupler by coupler along the way, from three values of each phase (the order of access of
/// Bandyopadhyay et al., Nat. Photonics 18, 1335 (2024)). Light that strays in couplers of other ways
/// competes with the way's own until that is bright, so a way is gone again until no phase moves by .3 rad
/// (10 times at most; with phases anywhere and σ = .02 once leaves N = 16 unfound; up to N = 24 was found).
/// Any layout whose cross states send each input to one output. The program is set on the chip.
PhaseProgram seek_cross_states(ChipUnderTest& chip);

/// Nulling on a chip of unknown errors with light from its inputs and homodyne detection of the fields at its
/// outputs, nothing inside (the method of Phys. Rev. Applied 18, 024019). All couplers start in the cross
/// state that they would have without errors, or where `seek_cross` as seek_cross_states() leaves them:
/// needed where static phase errors exceed about 1 rad, as light else hardly passes couplers that aren't set
/// yet. For each one an input w and an output vector v of the *ideal* decomposition are chosen between which
/// there must be no light once the coupler is set, and no way around it; ⟨v|M|w⟩ at two θ times two φ gives
/// all its values, and the phases where it is least, θ counted from the cross state in [0, π]. Phases ahead
/// of the couplers behind, and of the outputs, come from ⟨v|M|w⟩ that must be 1. Where a crossing has a front
/// splitter, couplers behind are set once more in light order, as no phases can be moved through them. As w
/// and v belong to the ideal decomposition, light that earlier couplers let astray is part of what each null
/// weighs: a miss is made up for only in part. E² = 0.555(16)·N²σ⁴ was measured, the same with the best
/// output phases, halfway between null_known()'s 4/9 and the 2/3 of local correction. The published 4/9 needs
/// readings where the couplers stand: of a rectangular mesh, detectors along its diagonal (Hamerly et al.,
/// arXiv:2106.04363). Returns the program, which is set on the chip. Layouts and errors as null_known().
PhaseProgram null_measured(ChipUnderTest& chip, ConstComplexMatrix u, bool seek_cross = false);

}  // namespace fringe
