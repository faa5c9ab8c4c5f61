// From a unitary to the phases of a universal mesh: its elements are nulled one by one with Givens rotations.
#pragma once

#include "photonics/mesh_layout.hpp"

namespace fringe {

// All give phases with which the ideal mesh realises u[N×N], θ in [0, π], φ and out in [0, 2π), in the
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

/// Layout "diamond": the triangle of decompose_triangular() that stands on its apex, the rest in the bar
/// state. The phase screen of the dark modes stays 0.
PhaseProgram decompose_diamond(ConstComplexMatrix u);

/// Layout "redundant-rectangular": decompose_rectangular(), then bar states.
PhaseProgram decompose_redundant(ConstComplexMatrix u);

/// Layout "cascaded-trees" (Miller, Photonics Research 1, 1 (2013)): tree k gathers row k in mode k.
PhaseProgram decompose_cascaded_trees(ConstComplexMatrix u);

/// Layout "butterfly", N a power of two: the last stage's 2×2s follow from the halves of two rows, which must
/// be parallel; what is left are two butterflies of half the size (Le et al., ICASSP 2022, arXiv:2110.01230).
/// Throws Error, with ‖U′ − U‖_F, where u isn't such a product, and where N is no power of two. O(N²).
PhaseProgram decompose_butterfly(ConstComplexMatrix u);

/// Couplers of tree `row` of "cascaded-trees": they gather modes row … N−1 in mode `row`, pair by pair.
std::vector<Coupler> tree_couplers(std::size_t modes, std::size_t row);

}  // namespace fringe
