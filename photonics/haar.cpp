#include "photonics/haar.hpp"

#include <Eigen/QR>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

template <class Scalar>
using Square = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Q·diag(R_kk/|R_kk|): the factorisation with a positive diagonal of R is unique, hence Q is Haar.
template <class Scalar>
std::vector<Scalar> orthonormalise(const Square<Scalar>& normals) {
  const Eigen::Index n = normals.rows();
  const Eigen::HouseholderQR<Square<Scalar>> qr(normals);
  std::vector<Scalar> result(static_cast<std::size_t>(n * n));
  Eigen::Map<Square<Scalar>> q(result.data(), n, n);
  q = qr.householderQ();
  for (Eigen::Index k = 0; k < n; ++k) {
    const Scalar diagonal = qr.matrixQR()(k, k);
    q.col(k) *= diagonal / std::abs(diagonal);
  }
  return result;
}

}  // namespace

std::vector<std::complex<double>> haar_unitary(std::size_t n, const Draw& draw) {
  const DrawStream stream = stream_of(draw);
  Square<std::complex<double>> z(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n));
  for (Eigen::Index i = 0; i < z.size(); ++i) {
    const auto element = static_cast<std::uint64_t>(2 * i);
    z.data()[i] = {static_cast<double>(normal(stream, element)),
                   static_cast<double>(normal(stream, element + 1))};
  }
  return orthonormalise(z);
}

std::vector<double> haar_orthogonal(std::size_t n, const Draw& draw) {
  const DrawStream stream = stream_of(draw);
  Square<double> z(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n));
  for (Eigen::Index i = 0; i < z.size(); ++i)
    z.data()[i] = static_cast<double>(normal(stream, static_cast<std::uint64_t>(i)));
  return orthonormalise(z);
}

std::vector<std::size_t> haar_ranks(std::string_view topology, const MeshLayout& layout) {
  if (topology != "rectangular" && topology != "triangular")
    throw Error("Haar ranks: known of rectangular and triangular meshes, not of '" + std::string(topology) +
                "'");
  const std::size_t n = layout.modes;
  std::vector<std::size_t> ranks;
  for (std::size_t column = 0; column < layout.columns(); ++column)
    for (std::size_t k = layout.column_start[column]; k < layout.column_start[column + 1]; ++k) {
      const std::size_t mode = layout.couplers[k].upper;
      if (topology == "triangular") {
        ranks.push_back(mode + 1);
        continue;
      }
      const bool from_right = column + mode <= n - 2;
      const std::size_t c = from_right ? column : n - 1 - column, m = from_right ? mode : n - 2 - mode;
      ranks.push_back(c <= m ? 2 * c + 1 : 2 * m + 2);
    }
  return ranks;
}

}  // namespace fringe
