// Statistics of the phases of Haar-random unitaries (Russell et al., New J. Phys. 19, 033007 (2017)).
#include <gtest/gtest.h>

#include <map>

#include "core/units.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

/// Rank of the coupler at (column, upper mode): N−k couplers have rank k.
std::size_t rank(std::string_view topology, std::size_t n, std::size_t column, std::size_t mode) {
  if (topology == "triangular") return mode + 1;
  const bool from_right = column + mode <= n - 2;
  const std::size_t c = from_right ? column : n - 1 - column, m = from_right ? mode : n - 2 - mode;
  return c <= m ? 2 * c + 1 : 2 * m + 2;
}

TEST(HaarLaw, SplittingRatiosAndPhasesHaveTheirDistributions) {
  constexpr std::size_t n = 9, trials = 1000;
  for (const Topology& t : neighbour_topologies()) {
    const MeshLayout layout = t.build(n);
    std::map<std::size_t, std::vector<double>> uniform;  // (cos²θ/2)^k by rank k
    std::vector<double> phi, out;
    for (std::uint32_t trial = 0; trial < trials; ++trial) {
      const PhaseProgram program = t.decompose(view(haar(n, trial)));
      for (std::size_t c = 0; c < layout.columns(); ++c)
        for (std::size_t k = layout.column_start[c]; k < layout.column_start[c + 1]; ++k) {
          const std::size_t order = rank(t.name, n, c, layout.couplers[k].upper);
          uniform[order].push_back(
              std::pow(std::cos(program.theta[k] / 2), 2.0 * static_cast<double>(order)));
        }
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

}  // namespace
}  // namespace fringe
