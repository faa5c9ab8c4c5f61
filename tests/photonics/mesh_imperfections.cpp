#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

constexpr MeshImperfections all{0.02, 0.01, 8, 0.3, 0.04};

std::vector<const std::vector<double>*> fields(const FabricatedMesh& m) {
  return {&m.alpha_rad, &m.beta_rad, &m.theta_error_rad, &m.phi_error_rad, &m.out_error_rad, &m.loss_db};
}

TEST(Imperfections, ZeroStrengthIsTheIdealMesh) {
  const MeshLayout layout = find_topology("rectangular").build(8);
  const FabricatedMesh chip = fabricate(layout, {}, 1, 2, 3), ideal = ideal_fabrication(layout);
  for (std::size_t f = 0; f < 6; ++f) EXPECT_EQ(*fields(chip)[f], *fields(ideal)[f]);
}

TEST(Imperfections, ChipsDependOnTheirNumbersAlone) {
  const MeshLayout layout = find_topology("rectangular").build(8);
  const FabricatedMesh first = fabricate(layout, all, 1, 2, 3);
  for (const auto& [seed, trial, site] :
       {std::array{2u, 2u, 3u}, std::array{1u, 3u, 3u}, std::array{1u, 2u, 4u}}) {
    const FabricatedMesh other = fabricate(layout, all, seed, trial, site);
    for (std::size_t f = 0; f < 6; ++f) EXPECT_NE(*fields(first)[f], *fields(other)[f]);
  }
  const FabricatedMesh again = fabricate(layout, all, 1, 2, 3);
  for (std::size_t f = 0; f < 6; ++f) EXPECT_EQ(*fields(first)[f], *fields(again)[f]);
}

TEST(Imperfections, OneStrengthDoesNotMoveAnother) {
  const MeshLayout layout = find_topology("triangular").build(8);
  const FabricatedMesh both = fabricate(layout, all, 1, 2, 3);
  const FabricatedMesh splitters = fabricate(layout, {all.splitter_sigma_rad, 0, 0, 0, 0}, 1, 2, 3);
  EXPECT_EQ(both.alpha_rad, splitters.alpha_rad);
  EXPECT_EQ(both.beta_rad, splitters.beta_rad);
}

// The spread of n normal numbers is known to σ/√(2n), a correlation of independent ones to 1/√n.
TEST(Imperfections, MeasuredSpreadIsTheRequestedOneAndSitesAreUncorrelated) {
  const MeshLayout layout = find_topology("rectangular").build(128);
  const FabricatedMesh a = fabricate(layout, all, 1, 2, 3), b = fabricate(layout, all, 1, 2, 4),
                       c = fabricate(layout, all, 1, 3, 3);
  const double sigma[] = {0.02, 0.02, 0.01, 0.01, 0.01, 0.04};
  const double centre[] = {0, 0, 0, 0, 0, 0.3};
  std::vector<std::vector<double>> series;
  for (std::size_t f = 0; f < 6; ++f) {
    const std::vector<double>& x = *fields(a)[f];
    const auto n = static_cast<double>(x.size());
    const Mean m = mean(x);
    EXPECT_NEAR(m.value, centre[f], z * sigma[f] / std::sqrt(n)) << f;
    EXPECT_NEAR(m.standard_error * std::sqrt(n), sigma[f], z * sigma[f] / std::sqrt(2 * n)) << f;
    for (const FabricatedMesh* chip : {&a, &b, &c}) {
      series.push_back(*fields(*chip)[f]);
      for (double& value : series.back()) value = (value - centre[f]) / sigma[f];
    }
  }
  for (std::size_t i = 0; i < series.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const std::size_t n = std::min(series[i].size(), series[j].size());
      double sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += series[i][k] * series[j][k];
      EXPECT_LE(std::abs(sum / static_cast<double>(n)), 5 / std::sqrt(static_cast<double>(n)))
          << i << " " << j;
    }
}

TEST(Imperfections, NoLossIsNegative) {
  const MeshLayout layout = find_topology("rectangular").build(32);
  const FabricatedMesh chip = fabricate(layout, {0, 0, 0, 0.01, 0.1}, 1, 0, 0);
  EXPECT_EQ(*std::min_element(chip.loss_db.begin(), chip.loss_db.end()), 0.0);
  EXPECT_GT(*std::max_element(chip.loss_db.begin(), chip.loss_db.end()), 0.1);
}

TEST(Imperfections, QuantisedPhasesAreTheNearestLevels) {
  const PhaseProgram program = find_topology("rectangular").decompose(view(haar(16, 0)));
  for (const int bits : {1, 4, 8, 32}) {
    const double step = 2 * pi / std::ldexp(1.0, bits);
    const PhaseProgram q = quantise(program, bits);
    for (const auto field : {&PhaseProgram::theta, &PhaseProgram::phi, &PhaseProgram::out})
      for (std::size_t k = 0; k < (q.*field).size(); ++k) {
        const double phase = (q.*field)[k];
        EXPECT_TRUE(phase >= 0 && phase < 2 * pi);
        EXPECT_EQ(phase, std::round(phase / step) * step);
        EXPECT_LE(std::abs(std::remainder(phase - (program.*field)[k], 2 * pi)), step / 2 + rounding(1));
      }
    const PhaseProgram twice = quantise(q, bits);
    EXPECT_EQ(twice.theta, q.theta);
    EXPECT_EQ(twice.phi, q.phi);
    EXPECT_EQ(twice.out, q.out);
  }
  const PhaseProgram wrapped = quantise({{2 * pi - 1e-3}, {-0.1}, {7, 0}}, 4);
  EXPECT_EQ(wrapped.theta[0], 0.0);  // nearer to 2π than to the level below
  EXPECT_EQ(wrapped.phi[0], 0.0);
  EXPECT_EQ(wrapped.out[0], 2 * (pi / 8));
  EXPECT_EQ(quantise(program, 0).theta, program.theta);
}

TEST(Imperfections, BadStrengthsAreRefusedByName) {
  const auto expect_refused = [](const MeshImperfections& strengths, const std::string& key) {
    try {
      check(strengths);
      ADD_FAILURE() << key << " not refused";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
    EXPECT_THROW(fabricate(find_topology("rectangular").build(2), strengths, 0, 0, 0), Error);
  };
  for (const double bad :
       {-0.01, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    expect_refused({bad, 0, 0, 0, 0}, "splitter_sigma_rad");
    expect_refused({0, bad, 0, 0, 0}, "phase_sigma_rad");
    expect_refused({0, 0, 0, bad, 0}, "insertion_loss_db");
    expect_refused({0, 0, 0, 0, bad}, "insertion_loss_sigma_db");
  }
  for (const int bits : {-1, 33}) {
    expect_refused({0, 0, bits, 0, 0}, "phase_bits");
    EXPECT_THROW(quantise({{0}, {0}, {0, 0}}, bits), Error);
  }
  EXPECT_NO_THROW(check(all));
}

TEST(Imperfections, EveryRowHasASourceAndAPlausibleStrength) {
  std::set<std::string_view> names;
  for (const ImperfectionRow& row : imperfections()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(std::isfinite(row.typical) && row.typical != 0) << row.name;
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    EXPECT_GE(row.source.size(), 20u) << row.name;
    EXPECT_FALSE(to_string(row.kind).empty());
    EXPECT_FALSE(to_string(row.where).empty());
  }
}

}  // namespace
}  // namespace fringe
