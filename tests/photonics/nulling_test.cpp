#include "photonics/nulling.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>
#include <tuple>

#include "core/error.hpp"
#include "photonics/correction.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

constexpr const char* names[] = {"triangular", "rectangular"};

double known_error(const MeshLayout& layout, const Square& u, const FabricatedMesh& mesh) {
  return error(mesh_matrix(layout, null_known(layout, view(u), mesh), mesh), u);
}

double measured_error(const MeshLayout& layout, const Square& u, const FabricatedMesh& mesh,
                      const Detectors& detectors = {}) {
  ChipUnderTest chip(layout, mesh, {}, detectors);
  null_measured(chip, view(u));
  return error(chip.matrix(), u);
}

double local_error(const Topology& t, const MeshLayout& layout, const Square& u, const FabricatedMesh& mesh) {
  return error(mesh_matrix(layout, correct_locally(layout, t.decompose(view(u)), mesh), mesh), u);
}

TEST(NullSteps, EveryCouplerOnceAndOneElementEach) {
  for (const char* name : names)
    for (const std::size_t n : {2u, 3u, 6u, 9u}) {
      const MeshLayout layout = find_topology(name).build(n);
      std::set<std::size_t> couplers;
      std::set<std::pair<std::size_t, std::size_t>> elements;
      for (const NullStep& s : null_steps(layout)) {
        couplers.insert(s.coupler);
        elements.insert({s.row, s.column});
        EXPECT_GT(s.row, s.column);
        EXPECT_EQ(layout.couplers[s.coupler].upper, s.behind ? s.row - 1 : s.column);
      }
      EXPECT_EQ(couplers.size(), n * (n - 1) / 2);
      EXPECT_EQ(elements.size(), n * (n - 1) / 2);
    }
  EXPECT_THROW(null_steps(find_topology("butterfly").build(8)), Error);
}

// Where local correction is exact every coupler reaches its part, and so does nulling: from mathematics and
// from readings alone, with unknown static phases of any crossing.
TEST(Nulling, ExactWhereTheChipReachesTheTarget) {
  std::size_t reached = 0;
  for (const char* name : names)
    for (const Crossing& crossing : crossings())
      for (const std::size_t n : {2u, 3u, 5u, 8u})
        for (std::uint32_t trial = 0; trial < 4; ++trial) {
          const Topology& t = find_topology(name);
          const MeshLayout layout = t.build(n);
          const Square u = haar(n, trial);
          const FabricatedMesh mesh = chip_of(layout, 0.02, 0.2, trial, crossing);
          if (local_error(t, layout, u, mesh) > rounding(n)) continue;
          ++reached;
          EXPECT_LE(known_error(layout, u, mesh), rounding(n)) << name << " " << crossing.name << " " << n;
          // A null is known to the rounding of fields that a start near the cross state lets through.
          EXPECT_LE(measured_error(layout, u, mesh), 16 * rounding(n))
              << name << " " << crossing.name << " " << n;
        }
  EXPECT_GT(reached, 100u);
}

// Row n of the target meets couplers of rank k < n, each of which misses by kσ⁴·4 (CorrectionLaw) of the
// light that has gathered there, k/n of the row: E² = (1/N) Σ_{k<n≤N} 4k²σ⁴/(n−1) = (4/9)N²σ⁴·(1 + 3/(2N) …).
// Next terms as for local correction: Nσ² of it, bar states of rank 1.
TEST(NullingLaw, ErrorThatIsLeft) {
  for (const char* name : names)
    for (const auto& [n, sigma, chips] : {std::tuple{32u, 0.025, 120u}, std::tuple{64u, 0.015, 40u}}) {
      const MeshLayout layout = find_topology(name).build(n);
      std::vector<double> squares;
      for (std::uint32_t chip = 0; chip < chips; ++chip)
        squares.push_back(std::pow(known_error(layout, haar(n, chip), chip_of(layout, sigma, 0, chip)), 2));
      double law = 0;
      for (double row = 2; row <= n; ++row)
        for (double k = 1; k < row; ++k) law += 4 * k * k / (row - 1) * std::pow(sigma, 4) / n;
      EXPECT_NEAR(law, 4.0 / 9 * std::pow(n * sigma * sigma, 2), law * 2 / n);
      const Mean measured = mean(squares);
      const double tolerance = z * measured.standard_error + law * (n * sigma * sigma + 6.0 / (n * n));
      EXPECT_NEAR(measured.value, law, tolerance) << name << " N=" << n;
      EXPECT_LT(tolerance, 0.6 * law) << "the ensemble is too small to tell";
    }
}

// What the readings allow lies between what exact knowledge allows and local correction: the inputs belong to
// an ideal decomposition, so that a miss is made up for by later couplers in part.
TEST(NullingLaw, ReadingsComeCloseToKnowledge) {
  const std::size_t n = 16;
  const double sigma = 0.03;
  for (const char* name : names) {
    const Topology& t = find_topology(name);
    const MeshLayout layout = t.build(n);
    double known = 0, measured = 0, local = 0;
    for (std::uint32_t chip = 0; chip < 40; ++chip) {
      const Square u = haar(n, chip);
      const FabricatedMesh mesh = chip_of(layout, sigma, 0, chip);
      known += std::pow(known_error(layout, u, mesh), 2);
      measured += std::pow(measured_error(layout, u, mesh), 2);
      local += std::pow(local_error(t, layout, u, mesh), 2);
    }
    EXPECT_GT(measured, known) << name;
    EXPECT_LT(measured, known + 0.75 * (local - known)) << name;
  }
}

// Four readings of σ² = 1/(2·photons) per quadrature set each null: E² falls as one over the photons, down to
// what the chip leaves. The same draws at each level, so that the ratio is sharp: the next order is E itself.
TEST(Nulling, NoiseFallsWithThePhotons) {
  const std::size_t n = 8;
  for (const char* name : names) {
    const MeshLayout layout = find_topology(name).build(n);
    double square[2] = {0, 0};
    for (std::uint32_t trial = 0; trial < 20; ++trial)
      for (int level = 0; level < 2; ++level) {
        Detectors detectors;
        detectors.photons = level == 0 ? 1e6 : 1e8;
        detectors.seed = trial;
        square[level] +=
            std::pow(measured_error(layout, haar(n, trial), chip_of(layout, 1e-4, 0, trial), detectors), 2);
      }
    EXPECT_NEAR(square[0] / square[1], 100, 100 * 16 * std::sqrt(square[0] / 20)) << name;
    // About √(N/photons).
    EXPECT_NEAR(std::sqrt(square[1] / 20 * 1e8 / n), 0.9, 0.3) << name;
  }
}

// Exact cross and bar states: exact on an ideal chip. On a real one they are out of reach, and nulling loses
// nothing against doing nothing but products of two leaks, Nσ of one.
TEST(Nulling, IdentityPermutationRealAndPadded) {
  const std::size_t n = 7;
  std::vector<std::size_t> image(n);
  std::iota(image.rbegin(), image.rend(), std::size_t{0});
  const Square targets[] = {identity(n), permutation(image),
                            from_real(haar_orthogonal(n, {5, Purpose::haar})),
                            block_diagonal(haar(4, 0), identity(3))};
  for (const char* name : names) {
    const Topology& t = find_topology(name);
    const MeshLayout layout = t.build(n);
    for (const Square& u : targets) {
      EXPECT_LE(known_error(layout, u, ideal_fabrication(layout)), rounding(n)) << name;
      EXPECT_LE(measured_error(layout, u, ideal_fabrication(layout)), 16 * rounding(n)) << name;
      double before = 0, known = 0, measured = 0;
      for (std::uint32_t trial = 0; trial < 20; ++trial) {
        const FabricatedMesh mesh = chip_of(layout, 0.01, 0, trial);
        before += std::pow(error(mesh_matrix(layout, t.decompose(view(u)), mesh), u), 2);
        known += std::pow(known_error(layout, u, mesh), 2);
        measured += std::pow(measured_error(layout, u, mesh), 2);
      }
      EXPECT_LE(known, before * (1 + rounding(n))) << name;
      EXPECT_LE(measured, before * (1 + n * 0.01)) << name;
    }
  }
}

// Static phases anywhere on the circle: couplers that aren't set yet would let no light through. Readings at
// three phases find each cross state; then nulling is exact again.
TEST(Nulling, AnyStaticPhases) {
  const std::size_t n = 16;
  for (const char* name : names)
    for (const Crossing& crossing : crossings()) {
      const MeshLayout layout = find_topology(name).build(n);
      const FabricatedMesh mesh = chip_of(layout, 1e-3, 3, 1, crossing);
      ChipUnderTest chip(layout, mesh);
      seek_cross_states(chip);
      const Square crossed = chip.matrix();
      // All cross: input i leaves at N−1−i. Each of at most 2N−3 couplers on the way leaks (α+β)² ~ 4σ² =
      // 4e-6.
      for (std::size_t i = 0; i < n; ++i)
        EXPECT_GT(std::norm(crossed[(n - 1 - i) * n + i]), 0.99) << name << " " << crossing.name;
      null_measured(chip, view(haar(n, 3)), true);
      EXPECT_LE(error(chip.matrix(), haar(n, 3)), 16 * rounding(n)) << name << " " << crossing.name;
    }
}

// On a dim way the light that strays in other couplers is brighter: the search goes on until the way is
// bright. Then at most 2N−3 couplers of a way lose (α+β)², 2σ² of the power in the mean.
TEST(Nulling, CrossStatesAreFoundThroughStrayLight) {
  const std::size_t n = 20;
  const double sigma = 0.03;
  for (const char* name : names) {
    const MeshLayout layout = find_topology(name).build(n);
    ChipUnderTest chip(layout, chip_of(layout, sigma, 3, 1));
    seek_cross_states(chip);
    const Square crossed = chip.matrix();
    double lost = 0;
    for (std::size_t i = 0; i < n; ++i) lost += 1 - std::norm(crossed[(n - 1 - i) * n + i]);
    // Couplers are passed by two ways each: N−1 per way in the mean.
    const double expected = 2 * sigma * sigma * (n - 1);
    EXPECT_NEAR(lost / n, expected, z * expected * std::sqrt(2.0 / (n * (n - 1) / 2)) + expected * expected)
        << name;
  }
}

// Four readings per coupler and one per mode for each screen of phases.
TEST(Nulling, CountsItsReadings) {
  const std::size_t n = 6, couplers = 15;
  for (const char* name : names) {
    const MeshLayout layout = find_topology(name).build(n);
    ChipUnderTest chip(layout, chip_of(layout, 0.01, 0, 0));
    null_measured(chip, view(haar(n, 0)));
    EXPECT_EQ(chip.measurements(), 4 * couplers + 2 * n);
    EXPECT_LE(chip.settles(), 5 * couplers + 2);
  }
}

TEST(Nulling, RefusesWhatItCannotDo) {
  const MeshLayout layout = find_topology("rectangular").build(4),
                   other = find_topology("butterfly").build(4);
  Square scaled = identity(4);
  scaled[0] = 2;
  EXPECT_THROW(null_known(layout, view(scaled), ideal_fabrication(layout)), Error);
  EXPECT_THROW(null_known(layout, view(identity(3)), ideal_fabrication(layout)), Error);
  EXPECT_THROW(null_known(other, view(identity(4)), ideal_fabrication(other)), Error);
  ChipUnderTest chip(layout, ideal_fabrication(layout));
  EXPECT_THROW(null_measured(chip, view(scaled)), Error);
  EXPECT_THROW(null_measured(chip, view(identity(3))), Error);
}

}  // namespace
}  // namespace fringe
