// Statistics of the phases of Haar-random unitaries (Russell et al., New J. Phys. 19, 033007 (2017)).
#include <gtest/gtest.h>

#include <map>

#include "core/error.hpp"
#include "core/units.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

TEST(HaarLaw, SplittingRatiosAndPhasesHaveTheirDistributions) {
  constexpr std::size_t n = 9, trials = 1000;
  for (const Topology& t : neighbour_topologies()) {
    const MeshLayout layout = t.build(n);
    const std::vector<std::size_t> ranks = haar_ranks(t.name, layout);
    std::map<std::size_t, std::vector<double>> uniform;  // (cos²θ/2)^k by rank k
    std::vector<double> phi, out;
    for (std::uint32_t trial = 0; trial < trials; ++trial) {
      const PhaseProgram program = t.decompose(view(haar(n, trial)));
      for (std::size_t k = 0; k < ranks.size(); ++k)
        uniform[ranks[k]].push_back(
            std::pow(std::cos(program.theta[k] / 2), 2.0 * static_cast<double>(ranks[k])));
      for (const double phase : program.phi) phi.push_back(phase / (2 * pi));
      for (const double phase : program.out) out.push_back(phase / (2 * pi));
    }
    ASSERT_EQ(uniform.size(), n - 1);
    for (const auto& [k, samples] : uniform) {
      EXPECT_EQ(samples.size(), (n - k) * trials) << t.name;
      EXPECT_LE(kolmogorov(samples), kolmogorov_limit) << t.name << " rank " << k;
    }
    EXPECT_LE(kolmogorov(phi), kolmogorov_limit) << t.name;
    EXPECT_LE(kolmogorov(out), kolmogorov_limit) << t.name;
  }
}

TEST(HaarLaw, RanksOfOtherMeshesAreUnknown) {
  EXPECT_THROW(haar_ranks("diamond", find_topology("diamond").build(4)), Error);
}

}  // namespace
}  // namespace fringe
