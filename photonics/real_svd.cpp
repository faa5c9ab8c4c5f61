// A file of its own: Eigen's decomposition takes longer to compile than all that uses it.
#include "photonics/real_svd.hpp"

#include <Eigen/SVD>

namespace fringe {

RealSvd real_svd(const RealMatrix& w) {
  const Eigen::BDCSVD<RealMatrix> svd(w, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return {svd.matrixU(), svd.matrixV(), svd.singularValues()};
}

}  // namespace fringe
