// Real matrices as programs of a core.
#include "photonics/svd_core.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/draw.hpp"
#include "core/error.hpp"
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
      for (std::size_t j = 0; j < n; ++j) sum += u[i * n + j] * p.attenuation[j] * v[j * n + k];
      w[i * n + k] = p.gain * sum.real();
    }
  return w;
}

// The decomposition leaves 1e-12·N, the singular value decomposition a few n·eps of σ_max.
TEST(SvdCore, AnyRealMatrix) {
  for (const Topology& mesh : topologies()) {
    if (mesh.decompose == nullptr) continue;
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
        const CoreProgram p = program_core(mesh, {w.data(), n, n});
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

TEST(SvdCore, RefusesWhatIsNoMatrixForACore) {
  const Topology& mesh = find_topology("rectangular");
  std::vector<double> w(6, 1.0);
  EXPECT_THROW(program_core(mesh, {w.data(), 2, 3}), Error);
  w[0] = std::nan("");
  EXPECT_THROW(program_core(mesh, {w.data(), 2, 2}), Error);
}

TEST(SvdCore, TilesCoverTheMatrix) {
  EXPECT_EQ((Tiling{64, 64, 16}.tiles()), 16u);
  EXPECT_EQ((Tiling{10, 64, 16}.tiles()), 4u);
  EXPECT_EQ((Tiling{17, 1, 16}.tiles()), 2u);
  EXPECT_EQ(core_phases(16), 2 * 256u + 16u);
}

}  // namespace
}  // namespace fringe
