// Real matrices as programs of a core.
#include "photonics/svd_core.hpp"

#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <cmath>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {
namespace {

std::vector<double> product_of(const Topology& mesh, const CoreProgram& p, std::size_t n) {
  const MeshLayout layout = mesh.build(n);
  const FabricatedMesh ideal = ideal_fabrication(layout);
  const auto u = transfer_matrix(layout, realise<double>(layout, p.u, ideal));
  const auto v = transfer_matrix(layout, realise<double>(layout, p.v, ideal));
  std::vector<double> w(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k) {
      std::complex<double> sum = 0;
      for (std::size_t j = 0; j < n; ++j)
        sum += u[i * layout.modes + j] * p.attenuation[j] * v[j * layout.modes + k];
      w[i * n + k] = p.gain * sum.real();
    }
  return w;
}

// The decomposition leaves 1e-12·N, the singular value decomposition a few n·eps of σ_max.
TEST(SvdCore, AnyRealMatrix) {
  for (const Topology& mesh : topologies()) {
    if (!mesh.universal) {
      const std::vector<double> one(4, 1.0);
      EXPECT_THROW(program_core(mesh, {one.data(), 2, 2}, 2), Error) << mesh.name;
      continue;
    }
    for (const std::size_t n : {2u, 3u, 8u, 16u}) {
      std::vector<float> z(n * n);
      fill_normal(z, Draw{static_cast<std::uint64_t>(n)});
      std::vector<double> random(z.begin(), z.end()), identity(n * n), permutation(n * n), padded(n * n),
          rank_one(n * n);
      for (std::size_t i = 0; i < n; ++i) {
        identity[i * n + i] = 1;
        permutation[i * n + (i + 1) % n] = -0.5;
        for (std::size_t k = 0; k < n; ++k) {
          rank_one[i * n + k] = random[i] * random[k];
          if (i < (n + 1) / 2) padded[i * n + k] = random[i * n + k];
        }
      }
      for (const auto& w : {random, identity, permutation, padded, rank_one, std::vector<double>(n * n)}) {
        const CoreProgram p = program_core(mesh, {w.data(), n, n}, n);
        const auto realised_matrix = product_of(mesh, p, n);
        for (std::size_t i = 0; i < n * n; ++i)
          EXPECT_NEAR(realised_matrix[i], w[i], 1e-12 * static_cast<double>(n) * p.gain)
              << mesh.name << " " << n;
        for (const double a : p.attenuation) {
          EXPECT_GE(a, 0);
          EXPECT_LE(a, 1);
        }
      }
    }
  }
}

// A part of a core realises its matrix with the norm that the matrix has alone. The first singular vector
// cannot reach the added rows, or the norm would grow: the corner that a decomposition nulls first is zero.
// No other coupler may be left in an exact bar or cross state.
TEST(SvdCore, APartOfACoreIsFilled) {
  constexpr std::size_t n = 16;
  for (const auto& [rows, cols] : {std::pair{10u, 16u}, {16u, 10u}, {3u, 5u}, {1u, 1u}, {15u, 16u}}) {
    std::vector<float> z(rows * cols);
    fill_normal(z, Draw{rows + 100 * cols});
    const std::vector<double> w(z.begin(), z.end());
    const Topology& mesh = find_topology("rectangular");
    const CoreProgram p = program_core(mesh, {w.data(), rows, cols}, n);
    const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> used(
        w.data(), rows, cols);
    const double norm = used.jacobiSvd().singularValues()(0);
    EXPECT_NEAR(p.gain, norm, 1e-13 * norm * n);
    const auto realised_matrix = product_of(mesh, p, n);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < cols; ++k)
        EXPECT_NEAR(realised_matrix[i * n + k], w[i * cols + k], 1e-12 * n * p.gain) << rows << "×" << cols;
    if (rows * cols < 100) continue;  // several added singular values are equal there
    for (const PhaseProgram* phases : {&p.u, &p.v}) {
      std::size_t exact = 0;
      for (const double theta : phases->theta) exact += std::min(theta, pi - theta) < 1e-6;
      EXPECT_LE(exact, 1u) << rows << "×" << cols;
    }
  }
  const std::vector<double> zero(10 * 16);
  EXPECT_EQ(program_core(find_topology("rectangular"), {zero.data(), 10, 16}, n).gain, 0);
}

TEST(SvdCore, RefusesWhatIsNoMatrixForACore) {
  const Topology& mesh = find_topology("rectangular");
  std::vector<double> w(6, 1.0);
  EXPECT_THROW(program_core(mesh, {w.data(), 2, 3}, 2), Error);
  EXPECT_THROW(program_core(mesh, {w.data(), 0, 2}, 2), Error);
  w[0] = std::nan("");
  EXPECT_THROW(program_core(mesh, {w.data(), 2, 2}, 2), Error);
}

TEST(SvdCore, TilesCoverTheMatrix) {
  EXPECT_EQ((Tiling{64, 64, 16}.tiles()), 16u);
  EXPECT_EQ((Tiling{10, 64, 16}.tiles()), 4u);
  EXPECT_EQ((Tiling{17, 1, 16}.tiles()), 2u);
}

}  // namespace
}  // namespace fringe
