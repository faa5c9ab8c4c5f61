// From a unitary to the phases of a universal mesh: its elements are nulled one by one with Givens rotations.
#pragma once

#include "photonics/phase_program.hpp"

namespace fringe {

// Both give phases with which the ideal mesh realises u[N×N], θ in [0, π], φ and out in [0, 2π), in the
// layout's order; ‖U′ − U‖_F stays below 1e-12·N. O(N³) time and O(N²) memory on the calling thread. Elements
// below 2.2e-16 count as zero: what is zero already leaves its coupler in the bar state (θ = π, φ = 0).
// Throws Error where u isn't square, N < 2, an element isn't finite, or u isn't unitary: no mesh comes closer
// than ‖U′ − U‖_F = 1e-9·N.

/// Layout "rectangular" (Clements et al., Optica 3, 1460 (2016)): the anti-diagonals below the main one are
/// nulled in turn from the right and from the left, then the diagonal that remains is moved to the output.
PhaseProgram decompose_rectangular(ConstComplexMatrix u);

/// Layout "triangular" (Reck et al., Phys. Rev. Lett. 73, 58 (1994)): rows are nulled from the right, the
/// last first.
PhaseProgram decompose_triangular(ConstComplexMatrix u);

}  // namespace fringe
