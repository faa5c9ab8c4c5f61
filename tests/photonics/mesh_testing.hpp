// What the mesh tests share: matrices, distances, ensembles and the tolerance of a mean.
#pragma once

#include <cmath>
#include <complex>
#include <span>
#include <vector>

#include "core/units.hpp"
#include "photonics/haar.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe::mesh_testing {

using Complex = std::complex<double>;
using Square = std::vector<Complex>;  ///< n×n, row-major

inline ConstComplexMatrix view(const Square& u) {
  const auto n = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(u.size()))));
  return {u.data(), n, n};
}

inline Square identity(std::size_t n) {
  Square u(n * n);
  for (std::size_t i = 0; i < n; ++i) u[i * n + i] = 1;
  return u;
}

inline Square from_real(std::span<const double> real) { return Square(real.begin(), real.end()); }

inline Square haar(std::size_t n, std::uint32_t trial) { return haar_unitary(n, {7, Purpose::haar, trial}); }

/// [[a, 0], [0, b]]
inline Square block_diagonal(const Square& a, const Square& b) {
  const std::size_t na = view(a).rows, nb = view(b).rows, n = na + nb;
  Square u(n * n);
  for (std::size_t r = 0; r < na; ++r)
    for (std::size_t c = 0; c < na; ++c) u[r * n + c] = a[r * na + c];
  for (std::size_t r = 0; r < nb; ++r)
    for (std::size_t c = 0; c < nb; ++c) u[(na + r) * n + na + c] = b[r * nb + c];
  return u;
}

inline Square permutation(std::span<const std::size_t> image) {
  const std::size_t n = image.size();
  Square u(n * n);
  for (std::size_t i = 0; i < n; ++i) u[i * n + image[i]] = 1;
  return u;
}

/// Every phase uniform over a turn.
inline PhaseProgram random_program(const MeshLayout& layout) {
  const auto phases = [](std::size_t count, std::uint32_t site) {
    std::vector<double> values(count);
    fill_uniform(values, {5, Purpose::test, 0, site});
    for (double& v : values) v *= 2 * pi;
    return values;
  };
  return {phases(layout.couplers.size(), 1), phases(layout.couplers.size(), 2), phases(layout.modes, 3)};
}

/// What eight chips in lanes, and a GPU, draw.
inline MeshImperfections noisy() {
  return {.splitter_sigma_rad = 0.02,
          .phase_sigma_rad = 0.01,
          .phase_bits = 8,
          .insertion_loss_db = 0.2,
          .insertion_loss_sigma_db = 0.1};
}

/// A chip with errors of splitters and phases.
inline FabricatedMesh chip_of(const MeshLayout& layout, double splitter_sigma, double phase_sigma,
                              std::uint32_t trial, const Crossing& crossing = mzi_crossing()) {
  MeshImperfections s;
  s.splitter_sigma_rad = splitter_sigma;
  s.phase_sigma_rad = phase_sigma;
  return fabricate(layout, s, 9, trial, 0, crossing);
}

/// Matrix of a mesh on split planes: the same products as transfer_matrix(), many times faster.
inline Square fast_matrix(const MeshLayout& layout, const PhysicalMesh<double>& mesh) {
  const std::size_t n = layout.modes;
  std::vector<double> re(n * n), im(n * n);
  for (std::size_t i = 0; i < n; ++i) re[i * n + i] = 1;
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    const auto& t = mesh.couplers[k];
    const double t0r = t[0].real(), t0i = t[0].imag(), t1r = t[1].real(), t1i = t[1].imag();
    const double t2r = t[2].real(), t2i = t[2].imag(), t3r = t[3].real(), t3i = t[3].imag();
    double* __restrict ar = &re[layout.couplers[k].upper * n], * __restrict ai =
                                                                   &im[layout.couplers[k].upper * n];
    double* __restrict br = &re[layout.couplers[k].lower * n], * __restrict bi =
                                                                   &im[layout.couplers[k].lower * n];
    for (std::size_t c = 0; c < n; ++c) {
      const double xr = ar[c], xi = ai[c], yr = br[c], yi = bi[c];
      ar[c] = t0r * xr - t0i * xi + t1r * yr - t1i * yi;
      ai[c] = t0r * xi + t0i * xr + t1r * yi + t1i * yr;
      br[c] = t2r * xr - t2i * xi + t3r * yr - t3i * yi;
      bi[c] = t2r * xi + t2i * xr + t3r * yi + t3i * yr;
    }
  }
  Square u(n * n);
  for (std::size_t i = 0; i < n * n; ++i) u[i] = mesh.out[i / n] * Complex(re[i], im[i]);
  return u;
}

/// [ports×ports]
inline Square mesh_matrix(const MeshLayout& layout, const PhaseProgram& program,
                          const FabricatedMesh& fabricated) {
  const Square whole = fast_matrix(layout, realise<double>(layout, program, fabricated));
  const std::size_t n = layout.ports();
  Square u(n * n);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c) u[r * n + c] = whole[r * layout.modes + c];
  return u;
}

/// Rows that decompose every unitary.
inline std::vector<Topology> universal_topologies() {
  std::vector<Topology> rows;
  for (const Topology& t : topologies())
    if (t.universal) rows.push_back(t);
  return rows;
}

/// Those whose laws are published: N(N−1)/2 couplers of neighbours, nothing to spare.
inline std::vector<Topology> neighbour_topologies() {
  return {find_topology("rectangular"), find_topology("triangular")};
}

/// E = ‖U′ − U‖_F/√N
inline double error(const Square& realised, const Square& wanted) {
  double sum = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) sum += std::norm(realised[i] - wanted[i]);
  return std::sqrt(sum / std::sqrt(static_cast<double>(wanted.size())));
}

/// F = |tr(U†U′)/N|²
inline double fidelity(const Square& realised, const Square& wanted) {
  Complex trace = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) trace += std::conj(wanted[i]) * realised[i];
  return std::norm(trace) / static_cast<double>(wanted.size());
}

/// Rounding of a mesh of N modes: each field passes about N couplers, each of a few operations.
inline double rounding(std::size_t n) { return 16 * 2.2e-16 * static_cast<double>(n); }

struct Mean {
  double value, standard_error;
};

inline Mean mean(std::span<const double> samples) {
  const auto count = static_cast<double>(samples.size());
  double sum = 0, squares = 0;
  for (const double x : samples) sum += x;
  for (const double x : samples) squares += (x - sum / count) * (x - sum / count);
  return {sum / count, std::sqrt(squares / (count - 1) / count)};
}

/// Largest distance of the samples' distribution from the uniform one on [0, 1], times √count
/// (Kolmogorov–Smirnov).
double kolmogorov(std::vector<double> samples);
/// Exceeded by uniform samples with probability 2·exp(−2c²) = 1e-6.
inline const double kolmogorov_limit = std::sqrt(std::log(2 / 1e-6) / 2);

/// Two-sided probability 6e-5 of a normal error of a mean.
inline constexpr double z = 4;

}  // namespace fringe::mesh_testing
