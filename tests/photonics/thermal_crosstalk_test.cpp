#include <gtest/gtest.h>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/wrap_phase.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

constexpr MeshGeometry geometry{200e-6, 25e-6};

PhaseProgram random_program(const MeshLayout& layout, std::uint32_t trial) {
  const std::size_t n = layout.couplers.size();
  PhaseProgram program{std::vector<double>(n), std::vector<double>(n), std::vector<double>(layout.modes)};
  std::uint32_t site = 0;
  for (std::vector<double>* phases : {&program.theta, &program.phi, &program.out}) {
    fill_uniform(*phases, {2, Purpose::test, trial, site++});
    for (double& phase : *phases) phase *= 2 * pi;
  }
  return program;
}

std::vector<double> flat(const PhaseProgram& p) {
  std::vector<double> all = p.theta;
  all.insert(all.end(), p.phi.begin(), p.phi.end());
  all.insert(all.end(), p.out.begin(), p.out.end());
  return all;
}

/// Places of flat(program), from the header's words.
std::vector<ChipPosition> places(const MeshLayout& layout) {
  std::vector<ChipPosition> at;
  for (const double part : {0.75, 0.25})
    for (std::size_t column = 0; column < layout.columns(); ++column)
      for (std::size_t k = layout.column_start[column]; k < layout.column_start[column + 1]; ++k)
        at.push_back({(static_cast<double>(column) + part) * geometry.column_pitch_m,
                      layout.couplers[k].upper * geometry.mode_pitch_m});
  for (std::size_t m = 0; m < layout.modes; ++m)
    at.push_back({(static_cast<double>(layout.columns()) + 0.25) * geometry.column_pitch_m,
                  static_cast<double>(m) * geometry.mode_pitch_m});
  return at;
}

TEST(ThermalCrosstalk, IsTheSumOverAllPairs) {
  for (const Topology& t : topologies())
    for (const double decay : {9.65e-6, 60e-6, 1e-3}) {
      const MeshLayout layout = t.build(7);
      const ThermalCrosstalk crosstalk{decay > 1e-4 ? 0.002 : 0.1, decay};
      const CrosstalkMap map(layout, geometry, crosstalk);
      const PhaseProgram program = random_program(layout, 0);
      const std::vector<double> driven = flat(program), heated = flat(map.heated(program));
      const auto at = places(layout);
      for (std::size_t i = 0; i < driven.size(); ++i) {
        double expected = driven[i];
        for (std::size_t j = 0; j < driven.size(); ++j) {
          const double d = std::hypot(at[i].x_m - at[j].x_m, at[i].y_m - at[j].y_m);
          if (i != j && d <= 6 * decay) expected += crosstalk.coefficient * std::exp(-d / decay) * driven[j];
        }
        EXPECT_NEAR(heated[i], expected, rounding(driven.size())) << t.name << " " << i;
      }
    }
}

TEST(ThermalCrosstalk, CompensationIsExactAndNeverCools) {
  for (const std::string_view name : {"rectangular", "triangular", "butterfly"})
    for (const double decay : {30e-6, 200e-6}) {
      const MeshLayout layout = find_topology(name).build(12);
      // As strong as it may be: couplings that add up to .9.
      const double unit = CrosstalkMap(layout, geometry, {1e-4, decay}).total() / 1e-4;
      for (const double total : {0.05, 0.5, 0.9}) {
        const CrosstalkMap map(layout, geometry, {total / unit, decay});
        EXPECT_NEAR(map.total(), total, rounding(layout.couplers.size()));
        for (std::uint32_t trial = 0; trial < 5; ++trial) {
          const PhaseProgram wanted = random_program(layout, trial);
          const auto c = map.compensate(wanted);
          const std::vector<double> asked = flat(c.asked), met = flat(map.heated(c.asked)),
                                    want = flat(wanted);
          // Jacobi stops where a step is below 8π·eps/(1−q); heated() adds as many roundings as couplings.
          const double tolerance = 8 * pi * 2.2e-16 / (1 - total) + rounding(layout.couplers.size());
          for (std::size_t i = 0; i < want.size(); ++i) {
            EXPECT_NEAR(std::remainder(met[i] - want[i], 2 * pi), 0, tolerance) << name << " " << total;
            EXPECT_GE(asked[i], 0);
            EXPECT_LE(asked[i], c.largest_rad);
          }
          // An error shrinks by q per step, 2π·q/(1−q) at first; a handful of rounds add turns.
          const double per_round = std::log(8 * 2.2e-16 * (1 - total)) / std::log(total) + 3;
          EXPECT_LE(c.iterations, 12 * per_round) << total;
          if (total <= 0.05) {
            EXPECT_LT(c.largest_rad, 2.1 * pi);
          }
        }
      }
    }
}

TEST(ThermalCrosstalk, CompensatedChipDoesWhatTheIdealOneDoes) {
  const Topology& t = find_topology("rectangular");
  const std::size_t n = 8;
  const MeshLayout layout = t.build(n);
  MeshImperfections m;
  m.crosstalk = {0.166, 9.65e-6};
  m.drive.range_rad = 2.2 * pi;
  const ChipDrivers drivers = drivers_of(layout, m, 0, 0, 0);
  const Square u = haar(n, 1);
  const PhaseProgram ideal = t.decompose(view(u));
  const FabricatedMesh chip = ideal_fabrication(layout);
  const auto error_of = [&](const PhaseProgram& asked) {
    return error(mesh_matrix(layout, held_by_chip(drivers, asked), chip), u);
  };
  const double before = error_of(ideal);
  EXPECT_GT(before, 0.01);
  EXPECT_LE(error_of(drivers.crosstalk->compensate(ideal).asked), 10 * rounding(n));
  // With a driver of b bits, what the bits alone leave remains: heat passes little of their error on.
  ChipDrivers coarse = drivers;
  coarse.phase_bits = 10;
  const double step = m.drive.range_rad / 1024;
  EXPECT_LT(
      error(mesh_matrix(layout, held_by_chip(coarse, drivers.crosstalk->compensate(ideal).asked), chip), u),
      2 * std::sqrt(n / 12.0) * step);
}

TEST(ThermalCrosstalk, HeatIsThatOfTheDrivenPhase) {
  const MeshLayout layout = find_topology("rectangular").build(4);
  MeshImperfections m;
  m.crosstalk.coefficient = 0.1;
  const ChipDrivers drivers = drivers_of(layout, m, 0, 0, 0);
  PhaseProgram asked = random_program(layout, 3), turned = asked;
  for (double& phase : turned.phi) phase -= 4 * pi;
  const PhaseProgram a = held_by_chip(drivers, asked), b = held_by_chip(drivers, turned);
  for (std::size_t i = 0; i < flat(a).size(); ++i) EXPECT_NEAR(flat(a)[i], flat(b)[i], rounding(8));
}

TEST(ThermalCrosstalk, ScaledIsAMapOfThatStrength) {
  const MeshLayout layout = find_topology("triangular").build(6);
  const CrosstalkMap map(layout, geometry, {0.02, 60e-6}), twice(layout, geometry, {0.04, 60e-6});
  const PhaseProgram program = random_program(layout, 1);
  EXPECT_EQ(flat(map.scaled(2).heated(program)), flat(twice.heated(program)));
  EXPECT_EQ(map.scaled(2).total(), twice.total());
  const CrosstalkMap cools = map.scaled(-1);
  const std::vector<double> back = flat(cools.heated(cools.compensate(program).asked)), want = flat(program);
  for (std::size_t i = 0; i < want.size(); ++i)
    EXPECT_NEAR(std::remainder(back[i] - want[i], 2 * pi), 0, 16 * rounding(want.size()));
  EXPECT_THROW(map.scaled(1.01 / map.total()), Error);
}

TEST(ThermalCrosstalk, RefusesWhatCannotBeCompensated) {
  const MeshLayout layout = find_topology("rectangular").build(4);
  EXPECT_THROW(CrosstalkMap(layout, geometry, {3, 25e-6}), Error);
  EXPECT_THROW(CrosstalkMap(layout, geometry, {-0.1, 25e-6}), Error);
  EXPECT_THROW(CrosstalkMap(layout, geometry, {0.1, 0}), Error);
  EXPECT_THROW(CrosstalkMap(layout, geometry, {0.1, 25e-6}).heated({{0}, {0}, {0}}), Error);
}

}  // namespace
}  // namespace fringe
