#include "photonics/svd_core.hpp"

#include <Eigen/SVD>
#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

PhaseProgram decompose_real(const Topology& topology, const RowMajor& q) {
  const auto n = static_cast<std::size_t>(q.rows());
  std::vector<std::complex<double>> u(q.data(), q.data() + n * n);
  return topology.decompose({u.data(), n, n});
}

/// Orthonormal sine transform of `size`, its upper left rows×cols: a matrix of norm ≤ 1 without zeros.
RowMajor mixing(Eigen::Index rows, Eigen::Index cols) {
  const auto size = static_cast<double>(std::max(rows, cols) + 1);
  RowMajor mixing(rows, cols);
  for (Eigen::Index r = 0; r < rows; ++r)
    for (Eigen::Index c = 0; c < cols; ++c)
      mixing(r, c) = std::sqrt(2 / size) * std::sin(pi * static_cast<double>((r + 1) * (c + 1)) / size);
  return mixing;
}

/// With t = w/σ_max = P S Qᵀ and C = √(1−S²), [[t, P C Pᵀ], [Q C Qᵀ, −tᵀ]] is orthogonal; mixing its added
/// rows and columns down to those that the core has leaves a matrix of norm 1.
RowMajor completed(const RowMajor& w, Eigen::Index modes) {
  RowMajor whole = RowMajor::Zero(modes, modes);
  whole.topLeftCorner(w.rows(), w.cols()) = w;
  const Eigen::Index rows = modes - w.rows(), cols = modes - w.cols();
  const Eigen::BDCSVD<RowMajor> svd(w, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const double largest = svd.singularValues()(0);
  if (largest == 0) return whole;
  const auto dark = [&](const RowMajor& basis) -> RowMajor {
    Eigen::VectorXd c = Eigen::VectorXd::Ones(basis.cols());
    for (Eigen::Index k = 0; k < svd.singularValues().size(); ++k) {
      const double s = svd.singularValues()(k) / largest;
      c(k) = std::sqrt(std::max(0.0, (1 - s) * (1 + s)));
    }
    return basis * c.asDiagonal() * basis.transpose();
  };
  const RowMajor below = mixing(rows, w.cols()), beside = mixing(w.rows(), cols);
  whole.bottomLeftCorner(rows, w.cols()) = largest * below * dark(svd.matrixV());
  whole.topRightCorner(w.rows(), cols) = largest * dark(svd.matrixU()) * beside;
  whole.bottomRightCorner(rows, cols) = -below * w.transpose() * beside;
  return whole;
}

}  // namespace

CoreProgram program_core(const Topology& topology, MatrixView<const double> w, std::size_t modes) {
  if (w.rows == 0 || w.cols == 0 || w.rows > modes || w.cols > modes)
    throw Error("a core of " + std::to_string(modes) + " modes takes a matrix of 1 … " +
                std::to_string(modes) + " rows and columns, not " + std::to_string(w.rows) + "×" +
                std::to_string(w.cols));
  if (!topology.universal)
    throw Error("mesh '" + std::string(topology.name) + "' is not universal: it cannot realise every matrix");
  RowMajor used(static_cast<Eigen::Index>(w.rows), static_cast<Eigen::Index>(w.cols));
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t c = 0; c < w.cols; ++c)
      used(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = w(r, c);
  if (!used.allFinite()) throw Error("a core takes finite weights; the matrix holds NaN or infinity");
  const Eigen::BDCSVD<RowMajor> svd(completed(used, static_cast<Eigen::Index>(modes)),
                                    Eigen::ComputeFullU | Eigen::ComputeFullV);
  CoreProgram program;
  program.u = decompose_real(topology, svd.matrixU());
  program.v = decompose_real(topology, svd.matrixV().transpose());
  program.gain = svd.singularValues()(0);
  program.attenuation.resize(modes, 0.0);
  if (program.gain > 0)
    for (std::size_t k = 0; k < modes; ++k)
      program.attenuation[k] =
          std::min(1.0, svd.singularValues()(static_cast<Eigen::Index>(k)) / program.gain);
  return program;
}

double hold_power_w(const CoreProgram& program, double pi_power_w) {
  const auto sum = [](const std::vector<double>& phases) {
    return std::accumulate(phases.begin(), phases.end(), 0.0);
  };
  double radians = 0;
  for (const PhaseProgram* mesh : {&program.u, &program.v})
    radians += sum(mesh->theta) + sum(mesh->phi) + sum(mesh->out);
  for (const double transmission : program.attenuation) radians += 2 * std::asin(transmission);
  return radians / pi * pi_power_w;
}

}  // namespace fringe
