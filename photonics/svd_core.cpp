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

}  // namespace

CoreProgram program_core(const Topology& topology, MatrixView<const double> w) {
  const std::size_t n = w.rows;
  if (w.cols != n)
    throw Error("a core takes a square matrix, not " + std::to_string(n) + "×" + std::to_string(w.cols));
  if (topology.decompose == nullptr)
    throw Error("mesh '" + std::string(topology.name) +
                "' cannot realise every matrix: it has no decomposition");
  const auto size = static_cast<Eigen::Index>(n);
  RowMajor matrix(size, size);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c)
      matrix(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = w(r, c);
  if (!matrix.allFinite()) throw Error("a core takes finite weights; the matrix holds NaN or infinity");
  const Eigen::BDCSVD<RowMajor> svd(matrix, Eigen::ComputeFullU | Eigen::ComputeFullV);
  CoreProgram program;
  program.u = decompose_real(topology, svd.matrixU());
  program.v = decompose_real(topology, svd.matrixV().transpose());
  program.gain = svd.singularValues()(0);
  program.attenuation.resize(n, 0.0);
  if (program.gain > 0)
    for (std::size_t k = 0; k < n; ++k)
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
