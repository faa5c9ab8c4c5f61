#include "photonics/measurement.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "photonics/gradient_programming.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

MeshImperfections lossy() {
  MeshImperfections s;
  s.splitter_sigma_rad = 0.05;
  s.phase_sigma_rad = 0.5;
  s.insertion_loss_db = 0.3;
  s.insertion_loss_sigma_db = 0.1;
  s.arm_imbalance_sigma_db = 0.1;
  s.waveguide_loss_db_per_m = 200;
  s.phase_bits = 12;
  return s;
}

Square column(std::size_t n, std::size_t port, Complex amplitude = 1) {
  Square in(n);
  in[port] = amplitude;
  return in;
}

TEST(ChipUnderTest, ReadsTheMatrixOfTheChip) {
  for (const Topology& t : topologies())
    for (const Crossing& crossing : crossings()) {
      const std::size_t n = 5;
      const MeshLayout layout = t.build(n);
      const FabricatedMesh mesh = fabricate(layout, lossy(), 3, 1, 0, crossing);
      const ChipDrivers drivers = drivers_of(layout, lossy(), 3, 1, 0);
      ChipUnderTest chip(layout, mesh, drivers);
      PhaseProgram program = random_start(layout, {1, Purpose::test});
      chip.set(program);
      // One phase at a time, as calibration does.
      program.theta[1] += 1;
      chip.set(program);
      program.phi.back() += 2;
      program.out[0] += 3;
      chip.set(program);
      const Square whole = mesh_matrix(layout, held_by_chip(drivers, program), mesh);
      for (std::size_t port = 0; port < n; ++port) {
        const Square y = chip.fields(column(n, port, {0, 2}));
        const std::vector<double> p = chip.powers(column(n, port));
        for (std::size_t m = 0; m < n; ++m) {
          EXPECT_LE(std::abs(y[m] - Complex(0, 2) * whole[m * n + port]), rounding(2 * n)) << t.name;
          EXPECT_NEAR(p[m], std::norm(whole[m * n + port]), rounding(n)) << t.name;
        }
      }
      EXPECT_LE(error(chip.matrix(), whole), rounding(n));
      EXPECT_EQ(chip.settles(), 3u);
      EXPECT_EQ(chip.measurements(), 2 * n);
      chip.set(program);
      EXPECT_EQ(chip.settles(), 3u);
    }
}

// Quadratures have a variance of 1/(2n), powers p/n + e²/n². A variance of k samples spreads by √(2/k).
TEST(ChipUnderTest, NoiseIsAsAskedFor) {
  const std::size_t n = 4;
  const MeshLayout layout = find_topology("rectangular").build(n);
  Detectors detectors;
  detectors.photons = 1000;
  detectors.electronic_photons = 10;
  ChipUnderTest chip(layout, ideal_fabrication(layout), {}, detectors);
  const PhaseProgram program = random_start(layout, {2, Purpose::test});
  chip.set(program);
  const Square u = mesh_matrix(layout, program, ideal_fabrication(layout));
  constexpr int shots = 4000;
  double field_square = 0, power_square = 0, expected = 0;
  std::vector<double> field_errors;
  for (int shot = 0; shot < shots; ++shot) {
    const Square y = chip.fields(column(n, 1));
    const std::vector<double> p = chip.powers(column(n, 1));
    for (std::size_t m = 0; m < n; ++m) {
      const Complex miss = y[m] - u[m * n + 1];
      field_errors.push_back(miss.real());
      field_square += std::norm(miss);
      const double power = std::norm(u[m * n + 1]), variance = power / 1000 + 1e-4;
      power_square += std::pow(p[m] - power, 2) / variance;
      expected += 1;
    }
  }
  EXPECT_NEAR(field_square / expected / 2 * 2000, 1, z * std::sqrt(2 / (2 * expected)));
  EXPECT_NEAR(power_square / expected, 1, z * std::sqrt(2 / expected));
  const Mean bias = mean(field_errors);
  EXPECT_LE(std::abs(bias.value), z * bias.standard_error);
}

TEST(ChipUnderTest, RefusesWhatNoChipCanDo) {
  const MeshLayout layout = find_topology("rectangular").build(3);
  const FabricatedMesh mesh = ideal_fabrication(layout);
  Detectors none, negative;
  none.photons = 0;
  negative.electronic_photons = -1;
  EXPECT_THROW(ChipUnderTest(layout, mesh, {}, none), Error);
  EXPECT_THROW(ChipUnderTest(layout, mesh, {}, negative), Error);
  ChipUnderTest chip(layout, mesh);
  EXPECT_THROW(chip.fields(Square(3)), Error);
  EXPECT_THROW(chip.fields(column(4, 0)), Error);
  EXPECT_THROW(chip.set(PhaseProgram{}), Error);
}

}  // namespace
}  // namespace fringe
