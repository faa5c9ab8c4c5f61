// Singular values of small real matrices.
#pragma once

#include <cstddef>
#include <vector>

#include "core/view.hpp"

namespace fringe {

/// w[r×c] = u · diag(sigma) · vᵀ with orthogonal u[r×r] and v[c×c], row-major, and sigma falling, min(r, c)
/// of them.
struct RealSvd {
  std::vector<double> u, v, sigma;
};
RealSvd real_svd(MatrixView<const double> w);
/// 0 of an empty matrix.
double largest_singular_value(ConstMatrix w);

}  // namespace fringe
