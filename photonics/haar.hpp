// Random unitary and orthogonal matrices with the uniform (Haar) measure.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "core/draw.hpp"

namespace fringe {

/// n×n unitary, row-major, from elements 0 … 2n²−1 of `draw`: QR of complex normals whose phases are fixed by
/// the diagonal of R. F. Mezzadri, Notices AMS 54, 592 (2007), arXiv:math-ph/0609050.
std::vector<std::complex<double>> haar_unitary(std::size_t n, const Draw& draw);

/// n×n real orthogonal, row-major, from elements 0 … n²−1 of `draw`; same source.
std::vector<double> haar_orthogonal(std::size_t n, const Draw& draw);

}  // namespace fringe
