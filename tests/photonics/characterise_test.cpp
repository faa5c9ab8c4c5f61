#include "photonics/characterise.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/correction.hpp"
#include "photonics/gradient_programming.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

/// Largest difference of what can be known; phases modulo 2π.
double largest_miss(const FabricatedMesh& a, const FabricatedMesh& b, bool outputs) {
  double most = 0;
  const auto compare = [&](const std::vector<double>& x, const std::vector<double>& y) {
    for (std::size_t i = 0; i < x.size(); ++i)
      most = std::max(most, std::abs(std::remainder(x[i] - y[i], 2 * pi)));
  };
  compare(a.alpha_rad, b.alpha_rad);
  compare(a.beta_rad, b.beta_rad);
  if (a.crossing->front_rad != 0) compare(a.gamma_rad, b.gamma_rad);
  compare(a.theta_error_rad, b.theta_error_rad);
  compare(a.phi_error_rad, b.phi_error_rad);
  if (outputs) compare(a.out_error_rad, b.out_error_rad);
  return most;
}

/// Newton's steps end where the sum of squares is lost in rounding: half of the digits are safe.
const double half_digits = std::sqrt(std::numeric_limits<double>::epsilon());

// Signs, order and size of every error of every crossing, from fields and from powers; powers know nothing of
// the phases behind the mesh.
TEST(Characterisation, FindsEveryError) {
  for (const char* name :
       {"rectangular", "triangular", "cascaded-trees", "butterfly", "truncated-rectangular"})
    for (const Crossing& crossing : crossings())
      for (const std::size_t n : {2u, 5u})
        for (const ChipReading reading : {ChipReading::fields, ChipReading::powers}) {
          const MeshLayout layout = find_topology(name).build(n);
          const FabricatedMesh mesh = chip_of(layout, 0.05, 0.1, 1, crossing);
          ChipUnderTest chip(layout, mesh);
          CharacterisationOptions options;
          options.reading = reading;
          options.programs = 12;
          const Characterisation found = characterise(chip, ideal_fabrication(layout, crossing), options);
          const bool fields = reading == ChipReading::fields;
          const std::string what = std::string(name) + " " + std::string(crossing.name);
          EXPECT_LE(largest_miss(found.chip, mesh, fields), half_digits) << what << " N=" << n;
          EXPECT_LE(found.misfit, half_digits) << what;
          EXPECT_EQ(found.undetermined, fields ? 0 : n) << what << " N=" << n;
          EXPECT_EQ(chip.settles(), options.programs);
          EXPECT_EQ(chip.measurements(), options.programs * (fields ? n : 2 * n - 1));
          EXPECT_EQ(found.readings, chip.measurements() * n * (fields ? 2 : 1));
        }
}

// What is known to be lost is part of the model.
TEST(Characterisation, KnownLossIsNoObstacle) {
  const MeshLayout layout = find_topology("rectangular").build(5);
  MeshImperfections s;
  s.insertion_loss_db = 0.4;
  s.waveguide_loss_db_per_m = 200;
  const FabricatedMesh nominal = fabricate(layout, s, 9, 0, 0);
  s.splitter_sigma_rad = s.phase_sigma_rad = 0.05;
  const FabricatedMesh mesh = fabricate(layout, s, 9, 0, 0);
  ChipUnderTest chip(layout, mesh), again(layout, mesh);
  EXPECT_LE(largest_miss(characterise(chip, nominal).chip, mesh, true), half_digits);
  // Loss that the model doesn't have shows in the misfit: 0.4 dB in each of 2 … 5 columns.
  EXPECT_GT(characterise(again, ideal_fabrication(layout)).misfit, 0.01);
}

// Heat of the neighbours: its strength is one unknown more, and what it did to the programs is undone.
TEST(Characterisation, CrosstalkIsFitted) {
  const MeshLayout layout = find_topology("rectangular").build(5);
  const FabricatedMesh mesh = chip_of(layout, 0.03, 0.05, 4);
  ThermalCrosstalk expected, real;
  expected.coefficient = 0.02;
  real.coefficient = 0.03;
  const MeshGeometry geometry;
  ChipDrivers drivers;
  drivers.crosstalk.emplace(layout, geometry, real);
  const CrosstalkMap shape(layout, geometry, expected);
  ASSERT_GT(shape.total(), 0);
  ChipUnderTest chip(layout, mesh, drivers), again(layout, mesh, drivers);
  CharacterisationOptions options;
  options.programs = 12;
  // Without crosstalk the model misses.
  EXPECT_GT(characterise(chip, ideal_fabrication(layout), options).misfit, 1e3 * half_digits);
  options.crosstalk = &shape;
  const Characterisation found = characterise(again, ideal_fabrication(layout), options);
  EXPECT_NEAR(found.crosstalk, 1.5, half_digits);
  EXPECT_LE(largest_miss(found.chip, mesh, true), half_digits);
  EXPECT_EQ(found.undetermined, 0u);
}

// From phases anywhere on the circle: nulling finds them, the fit refines them. Of a push–pull drive whole
// turns of θ, which are signs, can't be told from signs elsewhere: there the model is held against the chip.
TEST(Characterisation, AnyStaticPhases) {
  for (const char* name : {"rectangular", "triangular"})
    for (const Crossing& crossing : crossings()) {
      const std::size_t n = 6;
      const MeshLayout layout = find_topology(name).build(n);
      const FabricatedMesh mesh = chip_of(layout, 0.02, 3, 2, crossing);
      ChipUnderTest chip(layout, mesh);
      CharacterisationOptions options;
      options.seek_phases = true;
      const Characterisation found = characterise(chip, ideal_fabrication(layout, crossing), options);
      EXPECT_LE(found.misfit, half_digits) << name << " " << crossing.name;
      if (!crossing.push_pull) {
        EXPECT_LE(largest_miss(found.chip, mesh, true), half_digits) << name << " " << crossing.name;
      }
      const PhaseProgram other = random_start(layout, {77, Purpose::test}, crossing);
      EXPECT_LE(error(mesh_matrix(layout, other, found.chip), mesh_matrix(layout, other, mesh)), half_digits);
    }
}

// The misfit is the noise of the readings, less what as many unknowns take up; E² falls as one over photons
// and programs. Sums of k squares spread by √(2/k); E² has about N² independent parts per chip.
TEST(Characterisation, NoiseAveragesOut) {
  const std::size_t n = 5;
  const Topology& t = find_topology("rectangular");
  const MeshLayout layout = t.build(n);
  constexpr std::uint32_t chips = 20;
  const auto square = [&](double photons, unsigned programs) {
    double sum = 0;
    for (std::uint32_t trial = 0; trial < chips; ++trial) {
      const FabricatedMesh mesh = chip_of(layout, 1e-3, 0.1, trial);
      Detectors detectors;
      detectors.photons = photons;
      detectors.seed = trial;
      ChipUnderTest chip(layout, mesh, {}, detectors);
      CharacterisationOptions options;
      options.programs = programs;
      const Characterisation found = characterise(chip, ideal_fabrication(layout), options);
      const auto readings = static_cast<double>(found.readings);
      const double expected = (1 - static_cast<double>(found.unknowns) / readings) / (2 * photons);
      EXPECT_NEAR(found.misfit * found.misfit, expected, z * expected * std::sqrt(2 / readings));
      const Square u = haar(n, trial);
      sum += std::pow(
          error(mesh_matrix(layout, correct_locally(layout, t.decompose(view(u)), found.chip), mesh), u), 2);
    }
    return sum / chips;
  };
  const double spread = z * std::sqrt(2.0 / (chips * n * n));
  const double few = square(1e6, 6), more = square(1e6, 24), brighter = square(1e8, 6);
  EXPECT_NEAR(few / brighter, 100, 100 * 2 * spread);
  EXPECT_NEAR(few / more, 4, 4 * 2 * spread);
}

TEST(Characterisation, RefusesWhatItCannotDo) {
  const MeshLayout layout = find_topology("rectangular").build(3),
                   tree = find_topology("binary-tree").build(3);
  ChipUnderTest chip(layout, ideal_fabrication(layout)), other(tree, ideal_fabrication(tree));
  CharacterisationOptions none, seek;
  none.programs = 0;
  seek.seek_phases = true;
  EXPECT_THROW(characterise(chip, ideal_fabrication(layout), none), Error);
  EXPECT_THROW(characterise(chip, ideal_fabrication(tree)), Error);
  EXPECT_THROW(characterise(chip, ideal_fabrication(layout, find_crossing("mzi-crossing"))), Error);
  EXPECT_THROW(characterise(other, ideal_fabrication(tree), seek), Error);
}

}  // namespace
}  // namespace fringe
