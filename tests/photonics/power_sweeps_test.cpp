#include "photonics/power_sweeps.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/correction.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/nulling.hpp"
#include "photonics/programming.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

/// Replays end where nothing moves by more than 1e-13, each takes off at least half of what is left, and what
/// is added up in a parameter is rounded as often as there are replays and couplers ahead.
double settled(std::size_t n) { return 1e-13 + rounding(n); }

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(std::remainder(a[i] - b[i], 2 * pi)));
  return most;
}

double splitter_miss(const FabricatedMesh& a, const FabricatedMesh& b) {
  return std::max(largest_difference(a.alpha_rad, b.alpha_rad), largest_difference(a.beta_rad, b.beta_rad));
}

double phase_miss(const FabricatedMesh& a, const FabricatedMesh& b) {
  return std::max(largest_difference(a.theta_error_rad, b.theta_error_rad),
                  largest_difference(a.phi_error_rad, b.phi_error_rad));
}

/// ‖A − B‖_F/√N with the best phases at the outputs of B.
double error_up_to_outputs(const Square& a, Square b) {
  const std::size_t n = view(a).rows;
  for (std::size_t r = 0; r < n; ++r) {
    Complex overlap = 0;
    for (std::size_t c = 0; c < n; ++c) overlap += a[r * n + c] * std::conj(b[r * n + c]);
    for (std::size_t c = 0; c < n; ++c) b[r * n + c] *= overlap / std::abs(overlap);
  }
  return error(b, a);
}

// Signs, order and size of α and β and every phase, whatever the static phases. Of a push–pull drive whole
// turns of θ can't be told from signs elsewhere: there the model is held against the chip.
TEST(PowerSweeps, FindEveryError) {
  for (const char* name : {"rectangular", "triangular", "truncated-rectangular", "butterfly"})
    for (const Crossing& crossing : crossings())
      for (const std::size_t n : {2u, 3u, 8u, 16u}) {
        if (crossing.front_rad != 0 || (n == 16 && &crossing != &mzi_crossing())) continue;
        const MeshLayout layout = find_topology(name).build(n);
        const FabricatedMesh mesh = chip_of(layout, 0.04, 3, static_cast<std::uint32_t>(n), crossing);
        ChipUnderTest chip(layout, mesh);
        const PowerSweeps found = sweep_powers(chip, ideal_fabrication(layout, crossing));
        const std::string what =
            std::string(name) + " " + std::string(crossing.name) + " " + std::to_string(n);
        EXPECT_LE(splitter_miss(found.chip, mesh), settled(n)) << what;
        EXPECT_LE(found.misfit, settled(n)) << what;
        EXPECT_LT(found.replays, 40u) << what;
        if (!crossing.push_pull) {
          EXPECT_LE(phase_miss(found.chip, mesh), settled(n)) << what;
        }
        PhaseProgram other = seek_cross_states(chip);
        for (std::size_t k = 0; k < other.theta.size(); ++k)
          other.theta[k] = static_cast<double>(k % 6), other.phi[k] = static_cast<double>(k % 5);
        EXPECT_LE(
            error_up_to_outputs(mesh_matrix(layout, other, mesh), mesh_matrix(layout, other, found.chip)),
            static_cast<double>(n) * settled(n))
            << what;
      }
}

// Light that leaves a line and finds back passes two incomplete cross states: a miss of order σ², so four
// times as large for twice the spread; the next order is σ√N of it. Replays remove it, by about σ√N each.
TEST(PowerSweeps, ReplaysRemoveWhatLeaks) {
  const std::size_t n = 8;
  for (const char* name : {"rectangular", "triangular"}) {
    const MeshLayout layout = find_topology(name).build(n);
    const auto miss = [&](double sigma, unsigned replays) {
      double square = 0;
      for (std::uint32_t trial = 0; trial < 10; ++trial) {
        const FabricatedMesh mesh = chip_of(layout, sigma, 3, trial);
        ChipUnderTest chip(layout, mesh);
        PowerSweepOptions options;
        options.replays = replays;
        square += std::pow(phase_miss(sweep_powers(chip, ideal_fabrication(layout), options).chip, mesh), 2);
      }
      return std::sqrt(square / 10);
    };
    const double leaked = miss(0.02, 0);
    EXPECT_NEAR(leaked / miss(0.01, 0), 4, 4 * 0.02 * std::sqrt(n)) << name;
    // The largest of some 50 phases of rms σ²√N.
    EXPECT_NEAR(leaked / (0.02 * 0.02 * std::sqrt(n)), 4, 3) << name;
    EXPECT_LT(miss(0.02, 5), leaked * std::pow(3 * 0.02 * std::sqrt(n), 5)) << name;
  }
}

TEST(PowerSweeps, LossIsNoObstacle) {
  const std::size_t n = 6;
  const MeshLayout layout = find_topology("rectangular").build(n);
  MeshImperfections s;
  s.insertion_loss_db = 0.4;
  s.waveguide_loss_db_per_m = 200;
  const FabricatedMesh nominal = fabricate(layout, s, 9, 0, 0);
  s.splitter_sigma_rad = 0.03;
  s.phase_sigma_rad = 3;
  const FabricatedMesh mesh = fabricate(layout, s, 9, 0, 0);
  ChipUnderTest chip(layout, mesh), again(layout, mesh), once(layout, mesh);
  const FabricatedMesh known = sweep_powers(chip, nominal).chip;
  EXPECT_LE(std::max(splitter_miss(known, mesh), phase_miss(known, mesh)), settled(n));
  // Unknown loss changes only what replays take for stray light, by the loss of a few couplers.
  PowerSweepOptions none;
  none.replays = 0;
  const double stray = phase_miss(sweep_powers(once, nominal, none).chip, mesh);
  const PowerSweeps unknown = sweep_powers(again, ideal_fabrication(layout));
  EXPECT_LE(phase_miss(unknown.chip, mesh), 0.5 * stray);
  EXPECT_GT(unknown.misfit, 0.01);
}

// Of crosstalk the strength is found, whatever was expected, and then doesn't matter.
TEST(PowerSweeps, CrosstalkIsFoundAndUndone) {
  const std::size_t n = 6;
  const Topology& t = find_topology("rectangular");
  const MeshLayout layout = t.build(n);
  const FabricatedMesh mesh = chip_of(layout, 0.03, 3, 4);
  for (const double decay : {9.65e-6, 60e-6}) {
    const ThermalCrosstalk expected{0.02, decay}, real{0.03, decay};
    ProgrammingOptions options;
    options.drivers.crosstalk.emplace(layout, MeshGeometry{}, real);
    options.drivers.drive.range_rad = 2.2 * pi;
    const CrosstalkMap shape(layout, MeshGeometry{}, expected);
    ChipUnderTest blind(layout, mesh, options.drivers), chip(layout, mesh, options.drivers);
    // Without crosstalk in the model the base's heat is taken for static phases, and no more.
    const double missed = phase_miss(sweep_powers(blind, ideal_fabrication(layout)).chip, mesh);
    EXPECT_GT(missed, 1e-4);
    options.sweeps.crosstalk = &shape;
    const PowerSweeps found = sweep_powers(chip, ideal_fabrication(layout), options.sweeps);
    // Fringes move by 0.02·e^{−50 µm/9.65 µm}·π = 3e-4 per unit of strength.
    EXPECT_NEAR(found.crosstalk, 1.5, settled(n) / 3e-4) << decay;
    EXPECT_LE(std::max(splitter_miss(found.chip, mesh), phase_miss(found.chip, mesh)), settled(n) / 3e-4);
    EXPECT_EQ(chip.measurements(), blind.measurements() + layout.couplers.size() * 8);

    const Square u = haar(n, 2);
    ProgrammingOptions cold;
    const double local = find_programming_method("local").run(layout, view(u), mesh, cold).error;
    const double undone = find_programming_method("sweeps").run(layout, view(u), mesh, options).error;
    EXPECT_NEAR(undone, local, 1e-9) << decay;
    EXPECT_NEAR(find_programming_method("local").run(layout, view(u), mesh, options).error, local, 1e-12);
    EXPECT_GT(find_programming_method("none").run(layout, view(u), mesh, options).error, 10 * local + 0.01);
  }
}

// The errors that the header states, for the one coupler of N = 2.
TEST(PowerSweeps, ShotNoiseLaws) {
  const MeshLayout layout = find_topology("rectangular").build(2);
  const double photons = 1e6;
  const unsigned points = 8, chips = 1000;
  double theta = 0, phi = 0, alpha = 0, beta = 0;
  for (unsigned trial = 0; trial < chips; ++trial) {
    const FabricatedMesh mesh = chip_of(layout, 0, 3, trial);
    Detectors detectors;
    detectors.photons = photons;
    detectors.seed = trial;
    ChipUnderTest chip(layout, mesh, {}, detectors);
    PowerSweepOptions options;
    options.points = points;
    const FabricatedMesh found = sweep_powers(chip, ideal_fabrication(layout), options).chip;
    theta += std::pow(largest_difference(found.theta_error_rad, mesh.theta_error_rad), 2) / chips;
    phi += std::pow(largest_difference(found.phi_error_rad, mesh.phi_error_rad), 2) / chips;
    alpha += std::pow(found.alpha_rad[0], 2) / chips;
    beta += std::pow(found.beta_rad[0], 2) / chips;
  }
  const double unit = 1 / (points * photons), spread = z * std::sqrt(2.0 / chips);
  EXPECT_NEAR(theta / unit, 2, 2 * spread);
  EXPECT_NEAR(phi / unit, 4.0 / 3, 4.0 / 3 * spread);
  EXPECT_NEAR(alpha / unit, 1.0 / 3, 1.0 / 3 * spread);
  EXPECT_NEAR(beta / unit, 1.0 / 6, 1.0 / 6 * spread);
}

// 4K readings per coupler behind the search for cross states, and as many settles, but for the first one.
TEST(PowerSweeps, CountTheirReadings) {
  for (const char* name : {"rectangular", "triangular"})
    for (const std::size_t n : {2u, 5u, 6u}) {
      const MeshLayout layout = find_topology(name).build(n);
      const FabricatedMesh mesh = chip_of(layout, 0.02, 0.1, 1);
      ChipUnderTest chip(layout, mesh), sought(layout, mesh);
      PowerSweepOptions options;
      options.points = 5;
      sweep_powers(chip, ideal_fabrication(layout), options);
      seek_cross_states(sought);
      const std::size_t couplers = n * (n - 1) / 2;
      EXPECT_EQ(sought.measurements(), 3 * couplers);
      EXPECT_EQ(chip.measurements(), sought.measurements() + 4 * 5 * couplers);
      EXPECT_EQ(chip.settles(), sought.settles() + 4 * 5 * couplers - 1);
    }
}

// Programmed from the fringes a chip does what it does with its true errors known; E² of what noise adds
// falls as one over the photons. The same draws at each level, as one search for cross states is enough: the
// ratio is sharp to E itself.
TEST(PowerSweeps, ProgramIsAsGoodAsKnowledge) {
  const std::size_t n = 8;
  for (const char* name : {"rectangular", "triangular"}) {
    const MeshLayout layout = find_topology(name).build(n);
    const ProgrammingMethod &sweeps = find_programming_method("sweeps"),
                            &local = find_programming_method("local");
    double square[2] = {0, 0};
    for (std::uint32_t trial = 0; trial < 8; ++trial) {
      const Square u = haar(n, trial);
      const FabricatedMesh mesh = chip_of(layout, 0.05, 3, trial);
      const ProgrammingReport known = local.run(layout, view(u), mesh, {}),
                              found = sweeps.run(layout, view(u), mesh, {});
      EXPECT_NEAR(found.error_up_to_phases, known.error_up_to_phases, n * settled(n)) << name;
      // The outputs' phases are read with the stray light on: as good as the best ones to second order.
      EXPECT_LE(found.error, known.error * (1 + known.error) + n * settled(n)) << name;
      for (int level = 0; level < 2; ++level) {
        ProgrammingOptions options;
        options.detectors.photons = level == 0 ? 1e6 : 1e8;
        options.detectors.seed = trial;
        square[level] +=
            std::pow(sweeps.run(layout, view(u), chip_of(layout, 1e-4, 0.1, trial), options).error, 2) / 8;
      }
    }
    EXPECT_NEAR(square[0] / square[1], 100, 100 * 16 * std::sqrt(square[0])) << name;
    // About .2·N/photons for K = 8: it was measured.
    EXPECT_NEAR(square[1] * 1e8 / n, 0.2, 0.2 * z * std::sqrt(2.0 / (8 * n))) << name;
  }
}

TEST(PowerSweeps, RefuseWhatTheyCannotDo) {
  const MeshLayout layout = find_topology("rectangular").build(5);
  const FabricatedMesh ideal = ideal_fabrication(layout);
  ChipUnderTest chip(layout, ideal);
  PowerSweepOptions few;
  few.points = 3;
  EXPECT_THROW(sweep_powers(chip, ideal, few), Error);
  EXPECT_THROW(sweep_powers(chip, ideal_fabrication(find_topology("rectangular").build(4))), Error);
  EXPECT_THROW(sweep_powers(chip, ideal_fabrication(layout, find_crossing("mzi-crossing"))), Error);
  const Crossing& three = find_crossing("3-splitter-mzi");
  ChipUnderTest front(layout, ideal_fabrication(layout, three));
  EXPECT_THROW(sweep_powers(front, ideal_fabrication(layout, three)), Error);
  // Two lines that meet twice, and light that goes astray in dark modes.
  for (const char* name : {"redundant-rectangular", "cascaded-trees", "diamond"}) {
    const MeshLayout other = find_topology(name).build(5);
    ChipUnderTest of_other(other, ideal_fabrication(other));
    EXPECT_THROW(sweep_powers(of_other, ideal_fabrication(other)), Error) << name;
    EXPECT_EQ(of_other.measurements(), 0u);
  }
}

}  // namespace
}  // namespace fringe
