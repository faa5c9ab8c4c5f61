// Singular values of small real matrices.
#pragma once

#include <Eigen/Core>

namespace fringe {

using RealMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// w = u · diag(sigma) · vᵀ with square orthogonal u and v, and sigma falling.
struct RealSvd {
  RealMatrix u, v;
  Eigen::VectorXd sigma;
};
RealSvd real_svd(const RealMatrix& w);

}  // namespace fringe
