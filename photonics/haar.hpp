// Random unitary and orthogonal matrices with the uniform (Haar) measure.
#pragma once

#include <complex>
#include <cstddef>
#include <string_view>
#include <vector>

#include "core/draw.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {

/// n×n unitary, row-major, from elements 0 … 2n²−1 of `draw`: QR of complex normals whose phases are fixed by
/// the diagonal of R. F. Mezzadri, Notices AMS 54, 592 (2007), arXiv:math-ph/0609050.
std::vector<std::complex<double>> haar_unitary(std::size_t n, const Draw& draw);

/// n×n real orthogonal, row-major, from elements 0 … n²−1 of `draw`; same source.
std::vector<double> haar_orthogonal(std::size_t n, const Draw& draw);

/// Rank k of each coupler of a rectangular or triangular mesh programmed with a Haar-random unitary: the
/// power that it crosses, cos²(θ/2), has the distribution P(≤ x) = xᵏ; N−k couplers have rank k. Of any other
/// topology throws Error. N. J. Russell et al., New J. Phys. 19, 033007 (2017),
/// doi:10.1088/1367-2630/aa60ed.
std::vector<std::size_t> haar_ranks(std::string_view topology, const MeshLayout& layout);

}  // namespace fringe
