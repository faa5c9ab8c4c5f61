#include "photonics/svd_core.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/orthogonal_mesh.hpp"
#include "photonics/real_svd.hpp"

namespace fringe {
namespace {

using RealMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Svd {
  RealMatrix u, v;
  Eigen::VectorXd sigma;
};
Svd svd_of(const RealMatrix& w) {
  const auto rows = static_cast<std::size_t>(w.rows()), cols = static_cast<std::size_t>(w.cols());
  const RealSvd svd = real_svd({w.data(), rows, cols});
  return {Eigen::Map<const RealMatrix>(svd.u.data(), w.rows(), w.rows()),
          Eigen::Map<const RealMatrix>(svd.v.data(), w.cols(), w.cols()),
          Eigen::Map<const Eigen::VectorXd>(svd.sigma.data(), static_cast<Eigen::Index>(svd.sigma.size()))};
}

template <class Matrix>
PhaseProgram decompose(const Topology& topology, const Matrix& q) {
  const auto n = static_cast<std::size_t>(q.rows());
  std::vector<std::complex<double>> u(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k)
      u[i * n + k] = q(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k));
  return topology.decompose({u.data(), n, n});
}

/// Orthonormal sine transform of `size`, its upper left rows×cols: a matrix of norm ≤ 1 without zeros.
RealMatrix mixing(Eigen::Index rows, Eigen::Index cols) {
  const auto size = static_cast<double>(std::max(rows, cols) + 1);
  RealMatrix mixing(rows, cols);
  for (Eigen::Index r = 0; r < rows; ++r)
    for (Eigen::Index c = 0; c < cols; ++c)
      mixing(r, c) = std::sqrt(2 / size) * std::sin(pi * static_cast<double>((r + 1) * (c + 1)) / size);
  return mixing;
}

/// With t = w/σ_max = P S Qᵀ and C = √(1−S²), [[t, P C Pᵀ], [Q C Qᵀ, −tᵀ]] is orthogonal; mixing its added
/// rows and columns down to those that the core has leaves a matrix of norm 1.
RealMatrix completed(const RealMatrix& w, Eigen::Index modes) {
  RealMatrix whole = RealMatrix::Zero(modes, modes);
  whole.topLeftCorner(w.rows(), w.cols()) = w;
  const Eigen::Index rows = modes - w.rows(), cols = modes - w.cols();
  const Svd svd = svd_of(w);
  const double largest = svd.sigma(0);
  if (largest == 0) return whole;
  const auto dark = [&](const RealMatrix& basis) -> RealMatrix {
    Eigen::VectorXd c = Eigen::VectorXd::Ones(basis.cols());
    for (Eigen::Index k = 0; k < svd.sigma.size(); ++k) {
      const double s = svd.sigma(k) / largest;
      c(k) = std::sqrt(std::max(0.0, (1 - s) * (1 + s)));
    }
    return basis * c.asDiagonal() * basis.transpose();
  };
  const RealMatrix below = mixing(rows, w.cols()), beside = mixing(w.rows(), cols);
  whole.bottomLeftCorner(rows, w.cols()) = largest * below * dark(svd.v);
  whole.topRightCorner(w.rows(), cols) = largest * dark(svd.u) * beside;
  whole.bottomRightCorner(rows, cols) = -below * w.transpose() * beside;
  return whole;
}

RealMatrix used_part(MatrixView<const double> w, std::size_t modes) {
  if (w.rows == 0 || w.cols == 0 || w.rows > modes || w.cols > modes)
    throw Error("a core of " + std::to_string(modes) + " modes takes a matrix of 1 … " +
                std::to_string(modes) + " rows and columns, not " + std::to_string(w.rows) + "×" +
                std::to_string(w.cols));
  RealMatrix used(static_cast<Eigen::Index>(w.rows), static_cast<Eigen::Index>(w.cols));
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t c = 0; c < w.cols; ++c)
      used(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = w(r, c);
  if (!used.allFinite()) throw Error("a core takes finite weights; the matrix holds NaN or infinity");
  return used;
}

/// Orthogonal [n×n] whose first columns are those of the isometry.
RealMatrix completed_isometry(const RealMatrix& isometry) {
  const Eigen::Index n = isometry.rows(), rest = n - isometry.cols();
  const Eigen::HouseholderQR<RealMatrix> qr(isometry);
  RealMatrix q = qr.householderQ() * RealMatrix::Identity(n, n);
  q.leftCols(isometry.cols()) = isometry;
  q.rightCols(rest) = (q.rightCols(rest) * mixing(rest, rest)).eval();
  return q;
}

}  // namespace

// With the part C = P S Qᵀ, columns below it that D = E·√(1 − SᵀS)·Qᵀ make orthonormal, E any isometry.
OrthogonalPart nearest_orthogonal(MatrixView<const double> w, std::size_t modes) {
  const RealMatrix used = used_part(w, modes);
  const auto n = static_cast<Eigen::Index>(modes);
  const Eigen::Index rows = used.rows(), cols = used.cols(),
                     fixed = std::max<Eigen::Index>(0, rows + cols - n);
  const Svd svd = svd_of(used);
  const auto& sigma = svd.sigma;
  OrthogonalPart part{{}, fixed > 0 ? sigma.head(fixed).mean() : sigma(0), 0};
  if (fixed > 0) part.residual = (sigma.head(fixed).array() - part.gain).matrix().norm();
  RealMatrix s = RealMatrix::Zero(rows, cols), isometry(n, cols);
  Eigen::VectorXd c = Eigen::VectorXd::Ones(cols);
  for (Eigen::Index k = 0; k < sigma.size(); ++k) {
    s(k, k) = k < fixed || part.gain == 0 ? 1 : std::min(1.0, sigma(k) / part.gain);
    c(k) = k < fixed ? 0 : std::sqrt((1 - s(k, k)) * (1 + s(k, k)));
  }
  isometry.topRows(rows) = svd.u * s * svd.v.transpose();
  // Directions of unit singular values need no row below; at most n − rows are left.
  const Eigen::Index left = std::min(cols, n - rows);
  isometry.bottomRows(n - rows) =
      mixing(n - rows, left) * c.tail(left).asDiagonal() * svd.v.rightCols(left).transpose();
  const RealMatrix q = completed_isometry(isometry);
  part.q.assign(q.data(), q.data() + q.size());
  return part;
}

CoreProgram program_core(const Topology& topology, MatrixView<const double> w, std::size_t modes,
                         const CoreKind& kind, Detection detection) {
  if (!topology.universal)
    throw Error("mesh '" + std::string(topology.name) + "' is not universal: it cannot realise every matrix");
  CoreProgram program;
  if (!takes_any_matrix(kind, detection)) {
    const OrthogonalPart part = nearest_orthogonal(w, modes);
    const auto n = static_cast<Eigen::Index>(modes);
    program.u = decompose(topology, Eigen::Map<const RealMatrix>(part.q.data(), n, n));
    if (kind.theta_only) program.u = orthogonal_program(topology.build(modes), program.u);
    program.gain = part.gain;
    return program;
  }
  const Svd svd = svd_of(completed(used_part(w, modes), static_cast<Eigen::Index>(modes)));
  program.gain = svd.sigma(0);
  Eigen::VectorXd attenuation = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(modes));
  if (program.gain > 0) attenuation = (svd.sigma / program.gain).cwiseMin(1.0);
  if (kind.meshes == 1) {
    const Eigen::VectorXcd phases =
        attenuation.unaryExpr([](double s) { return std::complex<double>(s, std::sqrt((1 - s) * (1 + s))); });
    program.u = decompose(topology, (svd.u * phases.asDiagonal() * svd.v.transpose()).eval());
    return program;
  }
  program.u = decompose(topology, svd.u);
  program.v = decompose(topology, svd.v.transpose());
  program.attenuation.assign(attenuation.begin(), attenuation.end());
  return program;
}

double hold_power_w(const CoreProgram& program, double pi_power_w, const CoreKind& kind) {
  const auto sum = [](const std::vector<double>& phases) {
    return std::accumulate(phases.begin(), phases.end(), 0.0);
  };
  if (kind.theta_only) return sum(program.u.theta) / pi * pi_power_w;
  double radians = 0;
  for (const PhaseProgram* mesh : {&program.u, &program.v})
    radians += sum(mesh->theta) + sum(mesh->phi) + sum(mesh->out);
  for (const double transmission : program.attenuation) radians += 2 * std::asin(transmission);
  return radians / pi * pi_power_w;
}

}  // namespace fringe
