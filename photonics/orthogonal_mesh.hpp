// Real orthogonal matrices on a mesh of push–pull MZIs of which θ alone is driven.
//
// A push–pull MZI without φ is i·[[sin θ/2, cos θ/2], [cos θ/2, −sin θ/2]]: real, but for an i that every
// coupler gives to the modes it joins (Bell and Walmsley, APL Photonics 6, 070804 (2021)). Modes that pass
// unequal numbers of couplers get unequal powers of i; φ and the phase screen make up for that, multiples of
// π/2 that the layout alone sets, lengths of waveguide. n(n−1)/2 θ over 4π then give every orthogonal matrix
// up to the signs of its rows (as Givens rotations do), and a sign is a matter of the receiver: π in the
// phase screen, or in the local oscillator, or a minus. θ turns the matrix's sign after 2π; two arms of 2π
// each drive it over 4π.
//
// Nothing corrects such a mesh for its splitters: what they do is in the other quadrature to first order,
// where no phase could turn it, and of second order in the real part, out of a θ's reach.
#pragma once

#include "photonics/physical_mesh.hpp"

namespace fringe {

/// θ in [0, 2π) for push–pull MZIs, with the passive φ and phase screen, from a program of plain MZIs that
/// realises a real orthogonal matrix, such as Topology::decompose gives of one. Throws Error where sizes
/// disagree, and where what it realises isn't real: a phase off by more than 1e-6.
PhaseProgram orthogonal_program(const MeshLayout& layout, const PhaseProgram& plain);

}  // namespace fringe
