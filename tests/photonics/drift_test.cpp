#include "photonics/drift.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

constexpr PhaseDrift drift{0.1, 50};

std::vector<double> theta(DriftingPhases& phases, double time_s) { return phases.at(time_s).theta; }

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum / static_cast<double>(a.size()) / (drift.sigma_rad * drift.sigma_rad);
}

// Products of normals with correlation ρ spread by √((1+ρ²)/n).
TEST(PhaseDrift, IsStationaryAndForgetsExponentially) {
  const MeshLayout layout = find_topology("rectangular").build(160);
  const auto n = static_cast<double>(layout.couplers.size());
  DriftingPhases phases(layout, drift, 1, 2, 3);
  const std::vector<double> times{0, 1, 20, 20.5, 70, 1000};
  std::vector<std::vector<double>> series;
  for (const double t : times) series.push_back(theta(phases, t));
  for (std::size_t a = 0; a < times.size(); ++a)
    for (std::size_t b = 0; b < times.size(); ++b) {
      const double expected = std::exp(-std::abs(times[a] - times[b]) / drift.time_s);
      EXPECT_NEAR(correlation(series[a], series[b]), expected, z * std::sqrt((1 + expected * expected) / n))
          << times[a] << " " << times[b];
    }
  // Shifters drift on their own.
  EXPECT_NEAR(correlation(phases.at(1000).theta, phases.at(1000).phi), 0, z / std::sqrt(n));
}

TEST(PhaseDrift, SameTimesGiveTheSameBits) {
  const MeshLayout layout = find_topology("triangular").build(6);
  DriftingPhases a(layout, drift, 1, 2, 3), b(layout, drift, 1, 2, 3), other(layout, drift, 1, 2, 4);
  for (const double t : {-3.0, 0.0, 0.0, 4.0, 9.5}) {
    const PhaseProgram x = a.at(t), y = b.at(t);
    EXPECT_EQ(x.theta, y.theta);
    EXPECT_EQ(x.phi, y.phi);
    EXPECT_EQ(x.out, y.out);
    EXPECT_NE(x.theta, other.at(t).theta);
    EXPECT_EQ(a.at(t).theta, x.theta);  // no time passes between two looks
  }
  EXPECT_THROW(a.at(9.4), Error);
  EXPECT_THROW(a.at(std::nan("")), Error);
}

TEST(PhaseDrift, NoneIsNone) {
  const MeshLayout layout = find_topology("rectangular").build(4);
  DriftingPhases still(layout, {0, 1}, 1, 2, 3);
  const FabricatedMesh chip = ideal_fabrication(layout);
  EXPECT_EQ(with_offsets(chip, still.at(5)).theta_error_rad, chip.theta_error_rad);
  EXPECT_THROW(still.at(4), Error);
  EXPECT_THROW(with_offsets(chip, {{0}, {0}, {0}}), Error);
}

// Phases that forget everything between two readings: E = √N·σ as for static errors of every phase.
TEST(PhaseDrift, MovesAMeshAsPhaseErrorsDo) {
  const Topology& t = find_topology("rectangular");
  const std::size_t n = 16;
  const MeshLayout layout = t.build(n);
  const PhaseDrift slow{0.01, 1};
  std::vector<double> squares;
  for (std::uint32_t chip = 0; chip < 60; ++chip) {
    const Square u = haar(n, chip);
    const PhaseProgram program = t.decompose(view(u));
    DriftingPhases phases(layout, slow, 1, chip, 0);
    for (const double time : {0.0, 100.0})
      squares.push_back(std::pow(
          error(mesh_matrix(layout, program, with_offsets(ideal_fabrication(layout), phases.at(time))), u),
          2));
  }
  const Mean measured = mean(squares);
  const double law = n * slow.sigma_rad * slow.sigma_rad;
  EXPECT_NEAR(measured.value, law, z * measured.standard_error + law * law);
  EXPECT_LT(z * measured.standard_error, 0.2 * law);
}

}  // namespace
}  // namespace fringe
