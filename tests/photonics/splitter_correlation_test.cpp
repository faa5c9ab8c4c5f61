#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/error.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/spatial_field.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

// The mean of a product of two standard normals with correlation ρ over M draws spreads by √((1+ρ²)/M).
TEST(SpatialField, CorrelationIsTheKernel) {
  const double length = 1e-3;
  // Off the grid of ℓ/4, far from and near to each other.
  const std::vector<ChipPosition> places{{0, 0},           {0.11e-3, 0},      {0.5e-3, 0.2e-3},
                                         {0.7e-3, 1e-3},   {1.57e-3, 0.1e-3}, {20e-3, 3e-3},
                                         {20.3e-3, 3.3e-3}};
  const std::uint32_t draws = 3000;
  const std::size_t n = places.size();
  std::vector<double> products(n * n);
  for (std::uint32_t draw = 0; draw < draws; ++draw) {
    const auto g = gaussian_field(places, length, {3, Purpose::test, draw});
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) products[i * n + j] += g[i] * g[j] / draws;
  }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const double d = std::hypot(places[i].x_m - places[j].x_m, places[i].y_m - places[j].y_m);
      const double kernel = std::exp(-2 * d * d / (length * length));
      EXPECT_NEAR(products[i * n + j], kernel, z * std::sqrt((1 + kernel * kernel) / draws)) << i << " " << j;
    }
}

TEST(SpatialField, LimitsAreOneNumberAndIndependentOnes) {
  const MeshLayout layout = find_topology("rectangular").build(24);
  const auto places = coupler_positions(layout, {});
  const Draw draw{3, Purpose::test};
  const auto same = gaussian_field(places, std::numeric_limits<double>::infinity(), draw);
  for (const double value : same) EXPECT_EQ(value, same[0]);
  const auto far = gaussian_field(places, 1e3, draw);  // 1e-2 m of 1e3 m: differences of 1e-5
  for (const double value : far) EXPECT_NEAR(value, far[0], 6.4 * 2 * 1e-5 * z);
  const auto own = gaussian_field(places, 0, draw);
  for (std::size_t k = 0; k < own.size(); ++k)
    EXPECT_EQ(own[k], static_cast<double>(normal(stream_of(draw), k)));
  EXPECT_THROW(gaussian_field(places, 1e-9, draw), Error);
  EXPECT_THROW(gaussian_field(places, -1, draw), Error);
}

TEST(SpatialField, APlaceKeepsItsNumber) {
  const Draw draw{3, Purpose::test, 4, 5};
  const auto small = coupler_positions(find_topology("rectangular").build(8), {});
  const auto field = gaussian_field(small, 2e-4, draw);
  for (std::size_t k = 0; k < small.size(); ++k)
    EXPECT_EQ(gaussian_field({&small[k], 1}, 2e-4, draw)[0], field[k]);
}

// Splitters of one coupler with correlation ρ: their two first-order errors add up to 4σ²(1 + ρ cos θ) in
// ‖ΔT‖². With E[cos θ] = (k−1)/(k+1) for the N−k couplers of rank k of a Haar matrix,
// E² = (4σ²/N)·Σ (N−k)(1 + ρ(k−1)/(k+1)). Next term: the square of that.
double law(std::size_t n, double sigma, double rho) {
  double sum = 0;
  for (std::size_t k = 1; k < n; ++k) {
    const auto rank = static_cast<double>(k);
    sum += static_cast<double>(n - k) * (1 + rho * (rank - 1) / (rank + 1));
  }
  return 4 * sigma * sigma * sum / static_cast<double>(n);
}

TEST(SplitterCorrelation, UncorrectedErrorFollowsItsLaw) {
  const double sigma = 0.005;
  for (const std::string_view name : {"rectangular", "triangular"})
    for (const std::size_t n : {8u, 16u})
      for (const double rho : {0.0, 0.5, 1.0})
        for (const double length : {0.0, 1e-4}) {
          const Topology& t = find_topology(name);
          const MeshLayout layout = t.build(n);
          MeshImperfections m;
          m.splitter_sigma_rad = sigma;
          m.splitter_correlation = rho;
          m.splitter_correlation_length_m = length;
          std::vector<double> squares;
          for (std::uint32_t chip = 0; chip < 1600 / n; ++chip) {
            const Square u = haar(n, chip);
            squares.push_back(std::pow(
                error(mesh_matrix(layout, t.decompose(view(u)), fabricate(layout, m, 9, chip, 0)), u), 2));
          }
          const Mean measured = mean(squares);
          const double expected = law(n, sigma, rho);
          EXPECT_NEAR(measured.value, expected, z * measured.standard_error + expected * expected)
              << name << " " << n << " " << rho << " " << length;
          EXPECT_LT(z * measured.standard_error, 0.2 * expected);
        }
}

TEST(SplitterCorrelation, SplittersOfACouplerAreAlikeAsAsked) {
  const MeshLayout layout = find_topology("rectangular").build(96);
  for (const double rho : {0.0, 0.4, 1.0}) {
    MeshImperfections m;
    m.splitter_sigma_rad = 0.02;
    m.splitter_correlation = rho;
    const FabricatedMesh chip = fabricate(layout, m, 1, 2, 3, find_crossing("3-splitter-mzi"));
    const auto count = static_cast<double>(chip.alpha_rad.size());
    double in_out = 0, in_front = 0;
    for (std::size_t k = 0; k < chip.alpha_rad.size(); ++k) {
      in_out += chip.alpha_rad[k] * chip.beta_rad[k] / (0.02 * 0.02 * count);
      in_front += chip.alpha_rad[k] * chip.gamma_rad[k] / (0.02 * 0.02 * count);
    }
    EXPECT_NEAR(in_out, rho, z * std::sqrt((1 + rho * rho) / count));
    EXPECT_NEAR(in_front, rho, z * std::sqrt((1 + rho * rho) / count));
    if (rho == 1) {
      EXPECT_EQ(chip.alpha_rad, chip.beta_rad);
    }
    EXPECT_EQ(fabricate(layout, m, 1, 2, 3).gamma_rad, std::vector<double>(layout.couplers.size()));
  }
}

}  // namespace
}  // namespace fringe
