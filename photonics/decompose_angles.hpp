// Angles of the rotations that null a matrix.
#pragma once

#include <cstddef>

#include "photonics/decompose_kernel.hpp"

namespace fringe {

/// half_theta = atan2(|p|, |n|), omega = the phase of −p·n* or, `mirrored`, of (p·n*)*; within 4e-16. Bits
/// are the same for every compiler and instruction set.
void nulled_angles(const NulledPair* found, std::size_t count, bool mirrored, double* half_theta,
                   double* omega);

}  // namespace fringe
