// A file of its own: Eigen's decomposition takes longer to compile than all that uses it.
#include "photonics/real_svd.hpp"

#include <Eigen/SVD>

namespace fringe {

RealSvd real_svd(MatrixView<const double> w) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  RowMajor matrix(static_cast<Eigen::Index>(w.rows), static_cast<Eigen::Index>(w.cols));
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t c = 0; c < w.cols; ++c)
      matrix(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = w(r, c);
  const Eigen::BDCSVD<RowMajor> svd(matrix, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const RowMajor u = svd.matrixU(), v = svd.matrixV();
  const Eigen::VectorXd sigma = svd.singularValues();
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
