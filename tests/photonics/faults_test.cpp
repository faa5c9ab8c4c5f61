#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/chip_drivers.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

std::vector<std::uint32_t> shifters(const std::vector<StuckPhase>& stuck) {
  std::vector<std::uint32_t> which;
  for (const StuckPhase& s : stuck) which.push_back(s.shifter);
  return which;
}

// A count of n trials spreads by √(n p (1−p)).
TEST(Faults, AreAsFrequentAsAskedAndStayWhereTheyAre) {
  const MeshLayout layout = find_topology("rectangular").build(128);
  const auto n = static_cast<double>(layout.couplers.size());
  ChipFaults fewer;
  for (const double p : {0.01, 0.1, 0.5, 1.0}) {
    const ChipFaults faults = draw_faults(layout, p, p, 1, 2, 3);
    for (const std::size_t count : {faults.dead_couplers.size(), faults.theta.size(), faults.phi.size()})
      EXPECT_NEAR(static_cast<double>(count), n * p, z * std::sqrt(n * p * (1 - p)) + 1e-9) << p;
    EXPECT_TRUE(std::includes(faults.dead_couplers.begin(), faults.dead_couplers.end(),
                              fewer.dead_couplers.begin(), fewer.dead_couplers.end()));
    const auto now = shifters(faults.theta), before = shifters(fewer.theta);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), before.begin(), before.end()));
    fewer = faults;
  }
  // Held phases are spread evenly over a turn.
  std::vector<double> turns;
  for (const StuckPhase& s : fewer.phi) turns.push_back(s.phase_rad / (2 * pi));
  EXPECT_LT(kolmogorov(turns), kolmogorov_limit);
  EXPECT_EQ(draw_faults(layout, 0, 0, 1, 2, 3), ChipFaults{});
  EXPECT_EQ(draw_faults(layout, 0.1, 0.1, 1, 2, 3), draw_faults(layout, 0.1, 0.1, 1, 2, 3));
  EXPECT_NE(draw_faults(layout, 0.1, 0.1, 1, 2, 3), draw_faults(layout, 0.1, 0.1, 1, 2, 4));
}

TEST(Faults, StuckPhasesHoldWhateverIsAsked) {
  const MeshLayout layout = find_topology("rectangular").build(8);
  MeshImperfections m;
  m.phase_bits = 4;
  m.stuck_phase_probability = 0.3;
  const ChipDrivers drivers = drivers_of(layout, m, 1, 2, 3);
  ASSERT_FALSE(drivers.faults.theta.empty());
  const PhaseProgram a = find_topology("rectangular").decompose(view(haar(8, 0))),
                     b = find_topology("rectangular").decompose(view(haar(8, 1)));
  const PhaseProgram held = held_by_chip(drivers, a), other = held_by_chip(drivers, b);
  const PhaseProgram free = quantise(a, 4);
  std::vector<bool> stuck(layout.couplers.size());
  for (const StuckPhase& s : drivers.faults.theta) {
    stuck[s.shifter] = true;
    EXPECT_EQ(held.theta[s.shifter], s.phase_rad);
    EXPECT_EQ(other.theta[s.shifter], s.phase_rad);
  }
  for (std::size_t k = 0; k < stuck.size(); ++k)
    if (!stuck[k]) {
      EXPECT_EQ(held.theta[k], free.theta[k]);
    }
}

TEST(Faults, DeadCouplersPassNothing) {
  const MeshLayout pair = find_topology("rectangular").build(2);
  const PhaseProgram program{{1}, {2}, {0, 0}};
  const FabricatedMesh dead = apply_faults(ideal_fabrication(pair), {{0}, {}, {}, {}});
  for (const Complex element : mesh_matrix(pair, program, dead)) EXPECT_EQ(element, Complex(0, 0));
  MeshImperfections m;
  m.dead_coupler_probability = 1;
  for (const double loss : fabricate(pair, m, 1, 2, 3).loss_db) EXPECT_TRUE(std::isinf(loss));

  // Light that meets the dead coupler of a mesh is gone, the rest passes: of N = 4, two rows or more live.
  const MeshLayout layout = find_topology("rectangular").build(4);
  const PhaseProgram cross{std::vector<double>(6, 0.0), std::vector<double>(6, 0.0), std::vector<double>(4)};
  const Square u = mesh_matrix(layout, cross, apply_faults(ideal_fabrication(layout), {{0}, {}, {}, {}}));
  double power = 0;
  for (const Complex element : u) power += std::norm(element);
  EXPECT_NEAR(power, 2, rounding(4));  // cross states route modes; coupler 0 stops two of four
}

TEST(Faults, MustBeThere) {
  const MeshLayout pair = find_topology("rectangular").build(2);
  EXPECT_THROW(apply_faults(ideal_fabrication(pair), {{1}, {}, {}, {}}), Error);
  EXPECT_THROW(apply_faults(PhaseProgram{{0}, {0}, {0, 0}}, {{}, {{1, 0}}, {}, {}}), Error);
  EXPECT_THROW(apply_faults(PhaseProgram{{0}, {0}, {0, 0}}, {{}, {}, {}, {{2, 0}}}), Error);
}

TEST(ChipDrivers, DefaultPassesEveryBit) {
  const MeshLayout layout = find_topology("rectangular").build(5);
  PhaseProgram asked = find_topology("rectangular").decompose(view(haar(5, 0)));
  asked.theta[0] = -3;
  asked.phi[1] = 40;
  for (const ChipDrivers& drivers : {ChipDrivers{}, drivers_of(layout, {}, 1, 2, 3)}) {
    const PhaseProgram held = held_by_chip(drivers, asked);
    EXPECT_EQ(held.theta, asked.theta);
    EXPECT_EQ(held.phi, asked.phi);
    EXPECT_EQ(held.out, asked.out);
  }
  MeshImperfections m;
  m.phase_bits = 6;
  EXPECT_EQ(held_by_chip(drivers_of(layout, m, 1, 2, 3), asked).theta, quantise(asked, 6).theta);
}

}  // namespace
}  // namespace fringe
