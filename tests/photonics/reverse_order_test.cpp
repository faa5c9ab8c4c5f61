// The order of couplers on the way back, and its runs: each layout's own properties.
#include "photonics/reverse_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "photonics/mesh_layout.hpp"

namespace fringe {
namespace {

std::vector<GradientStep> steps_of(const MeshLayout& layout) {
  std::vector<GradientStep> steps;
  for (const std::uint32_t n : reverse_order(layout))
    steps.push_back({layout.couplers[n].upper, layout.couplers[n].lower, n, 0, 0, {}});
  return steps;
}

TEST(ReverseOrder, ACouplerWaitsForAllThatLightMeetsAfterIt) {
  for (const Topology& topology : topologies()) {
    const MeshLayout layout = topology.build(64);
    // Of each mode, the coupler that was undone last: layouts list couplers as light meets them.
    std::vector<std::uint32_t> last(layout.modes, static_cast<std::uint32_t>(layout.couplers.size()));
    std::vector<bool> met(layout.couplers.size());
    for (const GradientStep& s : steps_of(layout)) {
      EXPECT_FALSE(met[s.coupler]) << topology.name;
      met[s.coupler] = true;
      for (const std::uint32_t mode : {s.upper, s.lower}) {
        EXPECT_LT(s.coupler, last[mode]) << topology.name;
        last[mode] = s.coupler;
      }
    }
    EXPECT_EQ(std::count(met.begin(), met.end(), true), std::ssize(met)) << topology.name;
  }
}

TEST(ReverseOrder, RunsHoldAllStepsAndShareRowsAsPromised) {
  for (const Topology& topology : topologies()) {
    const std::vector<GradientStep> steps = steps_of(topology.build(64));
    std::size_t next = 0;
    for (const GradientRun& run : reverse_runs(steps)) {
      ASSERT_EQ(run.begin, next) << topology.name;
      ASSERT_TRUE(run.diagonals == 1 || run.diagonals == 2) << topology.name;
      ASSERT_GT(run.end, run.begin) << topology.name;
      ASSERT_EQ((run.end - run.begin) % run.diagonals, 0u) << topology.name;
      ASSERT_LE((run.end - run.begin) / run.diagonals, kernel_gradient_run) << topology.name;
      for (std::size_t n = run.begin; n < run.end; ++n) {
        EXPECT_LT(steps[n].upper, steps[n].lower) << topology.name;
        if (n >= run.begin + run.diagonals) {
          EXPECT_EQ(steps[n].lower, steps[n - run.diagonals].upper) << topology.name;
        }
        if (run.diagonals == 2 && (n - run.begin) % 2 == 1) {
          EXPECT_EQ(steps[n].upper, steps[n - 1].lower) << topology.name;
        }
      }
      next = run.end;
    }
    EXPECT_EQ(next, steps.size()) << topology.name;
  }
}

// Of a rectangular mesh of 64 modes all couplers but those at the edges of blocks climb by twos.
TEST(ReverseOrder, MostCouplersOfARectangularMeshClimbByTwos) {
  const std::vector<GradientStep> steps = steps_of(find_topology("rectangular").build(64));
  std::size_t by_twos = 0;
  for (const GradientRun& run : reverse_runs(steps))
    if (run.diagonals == 2) by_twos += run.end - run.begin;
  EXPECT_GT(by_twos, steps.size() * 9 / 10);
}

}  // namespace
}  // namespace fringe
