// A file of its own: Eigen's decomposition takes longer to compile than all that uses it.
#include "photonics/real_svd.hpp"

#include <Eigen/SVD>
#include <cmath>
#include <limits>

namespace fringe {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Whether QᵀQ is the identity but for roundings: each of its sums has n terms. False for NaN.
bool orthogonal(const RowMajor& q) {
  const auto n = static_cast<double>(q.cols());
  const double error = (q.transpose() * q - RowMajor::Identity(q.cols(), q.cols())).norm();
  return error <= 16 * n * std::sqrt(n) * std::numeric_limits<double>::epsilon();
}

template <class Decomposition>
bool decompose(const RowMajor& matrix, RowMajor& u, RowMajor& v, Eigen::VectorXd& sigma) {
  const Decomposition svd(matrix, Eigen::ComputeFullU | Eigen::ComputeFullV);
  u = svd.matrixU();
  v = svd.matrixV();
  sigma = svd.singularValues();
  return orthogonal(u) && orthogonal(v);
}

}  // namespace

RealSvd real_svd(MatrixView<const double> w) {
  RowMajor matrix(static_cast<Eigen::Index>(w.rows), static_cast<Eigen::Index>(w.cols));
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t c = 0; c < w.cols; ++c)
      matrix(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = w(r, c);
  // Eigen's divide and conquer fails on rare matrices, some of rank one among them; Jacobi's does not.
  RowMajor u, v;
  Eigen::VectorXd sigma;
  if (!decompose<Eigen::BDCSVD<RowMajor>>(matrix, u, v, sigma))
    decompose<Eigen::JacobiSVD<RowMajor, Eigen::FullPivHouseholderQRPreconditioner>>(matrix, u, v, sigma);
  return {{u.data(), u.data() + u.size()},
          {v.data(), v.data() + v.size()},
          {sigma.data(), sigma.data() + sigma.size()}};
}

double largest_singular_value(ConstMatrix w) {
  if (w.rows == 0 || w.cols == 0) return 0;
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(w.rows), static_cast<Eigen::Index>(w.cols));
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t c = 0; c < w.cols; ++c)
      matrix(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = static_cast<double>(w(r, c));
  return Eigen::BDCSVD<Eigen::MatrixXd>(matrix).singularValues()(0);
}

}  // namespace fringe
