#include "photonics/wdm.hpp"

#include <gtest/gtest.h>

#include <array>
#include <tuple>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/chip_drivers.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

constexpr Dispersion dispersion{1550e-9, 4.08e6};

TEST(Wdm, GridIsEvenInFrequency) {
  const auto grid = wdm_grid(1550e-9, 100e9, 5);
  ASSERT_EQ(grid.size(), 5u);
  EXPECT_DOUBLE_EQ(grid[2], 1550e-9);
  for (std::size_t i = 1; i < grid.size(); ++i)
    EXPECT_NEAR(speed_of_light_m_per_s / grid[i] - speed_of_light_m_per_s / grid[i - 1], 100e9,
                2e14 * 4 * 2.2e-16);  // differences of 193 THz
  EXPECT_NEAR(1 / grid[0] + 1 / grid[4], 2 / 1550e-9, 2 / 1550e-9 * 4 * 2.2e-16);
  EXPECT_THROW(wdm_grid(1550e-9, 100e9, 0), Error);
  EXPECT_THROW(wdm_grid(1550e-9, 0, 3), Error);
  EXPECT_THROW(wdm_grid(1550e-9, 1e14, 9), Error);
}

TEST(Wdm, DesignWavelengthIsTheProgrammedMesh) {
  const MeshLayout layout = find_topology("rectangular").build(6);
  const Square u = haar(6, 0);
  const PhaseProgram program = find_topology("rectangular").decompose(view(u));
  const FabricatedMesh chip = fabricate(layout, {0.02, 0.01, 0, 0.3, 0}, 1, 2, 3);
  const std::array at{1550e-9};
  const auto channels = wdm_channels(layout, program, chip, dispersion, at, view(u));
  EXPECT_EQ(channels[0].matrix, transfer_matrix(layout, realise<double>(layout, program, chip)));
  EXPECT_NEAR(channels[0].error, error(channels[0].matrix, u), rounding(6));
  EXPECT_THROW(wdm_channels(layout, program, chip, dispersion, at, view(haar(5, 0))), Error);
  const std::array nowhere{0.0};
  EXPECT_THROW(wdm_channels(layout, program, chip, dispersion, nowhere, view(u)), Error);
}

TEST(Wdm, AChannelIsTheProductOfItsOwnSplittersAndPhases) {
  const MeshLayout pair = find_topology("rectangular").build(2);
  const double lambda = 1541e-9, delta = 4.08e6 * (1541e-9 - 1550e-9), scale = 1550.0 / 1541;
  for (const Crossing& crossing : crossings()) {
    FabricatedMesh chip = ideal_fabrication(pair, crossing);
    chip.alpha_rad = {0.01};
    chip.beta_rad = {-0.02};
    if (crossing.front_rad != 0) chip.gamma_rad = {0.03};
    chip.theta_error_rad = {0.1};
    chip.phi_error_rad = {-0.2};
    const std::array at{lambda};
    const auto matrix =
        wdm_channels(pair, {{1.5}, {4}, {0.3, 0}}, chip, dispersion, at, view(identity(2)))[0].matrix;
    const Matrix2 t =
        transfer(crossing, 1.6 * scale, 3.8 * scale, {0.01 + delta, -0.02 + delta, 0.03 + delta, 0});
    for (std::size_t e = 0; e < 4; ++e)
      EXPECT_LE(std::abs(matrix[e] - (e < 2 ? std::polar(1.0, 0.3 * scale) : 1.0) * t[e]), rounding(2))
          << crossing.name;
  }
}

// One error δ of all splitters of a Haar mesh, to first order: coupler k adds G_k = (1 + cos θ)·X ± sin θ·Z
// on its modes to the generator of the error, X and Z Pauli matrices. φ turns every X by a random phase; Z
// passes through couplers as power does. So N·E²/δ² = Σ 8·E[cos²θ/2] + 2·Σ E[sin θ]·(D_upper − D_lower), D
// the Z that earlier couplers left on the two modes: neighbours partly cancel. cos²θ/2 has mean k/(k+1) and
// sin θ has mean 2k·B(k+½, 3/2) at rank k = upper + 1 of the triangular mesh. Next term: the square.
double law_of_common_error(const MeshLayout& layout) {
  std::vector<double> left(layout.modes, 0.0);
  double sum = 0;
  for (const auto& [upper, lower] : layout.couplers) {
    const double k = upper + 1, cosine = k / (k + 1), sine = 1 - cosine;
    const double sin_theta = 2 * k * std::exp(std::lgamma(k + 0.5) + std::lgamma(1.5) - std::lgamma(k + 2));
    double &u = left[upper], &l = left[lower];
    sum += 8 * cosine + 2 * sin_theta * (u - l);
    std::tie(u, l) = std::pair{sine * u + cosine * l + sin_theta, cosine * u + sine * l - sin_theta};
  }
  return sum / static_cast<double>(layout.modes);
}

TEST(Wdm, SplitterDispersionFollowsTheLawOfACommonError) {
  const Topology& t = find_topology("triangular");
  const double wavelength = 1550.25e-9, delta = dispersion.splitter_rad_per_m * 0.25e-9;
  for (const std::size_t n : {4u, 16u, 32u}) {
    const MeshLayout layout = t.build(n);
    std::vector<double> squares;
    for (std::uint32_t trial = 0; trial < 3200 / n; ++trial) {
      const Square u = haar(n, trial);
      const FabricatedMesh chip = at_wavelength(ideal_fabrication(layout), dispersion, wavelength);
      squares.push_back(std::pow(error(mesh_matrix(layout, t.decompose(view(u)), chip), u), 2));
    }
    const double law = delta * delta * law_of_common_error(layout);
    const Mean measured = mean(squares);
    EXPECT_NEAR(measured.value, law, z * measured.standard_error + law * law) << n;
    EXPECT_LT(z * measured.standard_error, 0.08 * law) << n;
  }
}

TEST(Wdm, ChannelsStayUnitaryAndWorsenAwayFromTheDesign) {
  const Topology& t = find_topology("rectangular");
  const std::size_t n = 8;
  const MeshLayout layout = t.build(n);
  const Square u = haar(n, 3);
  const auto grid = wdm_grid(1550e-9, 200e9, 9);
  const auto channels =
      wdm_channels(layout, t.decompose(view(u)), ideal_fabrication(layout), dispersion, grid, view(u));
  for (const WdmChannel& channel : channels) {
    double power = 0;
    for (const Complex element : channel.matrix) power += std::norm(element);
    EXPECT_NEAR(power, n, rounding(n) * n);
  }
  EXPECT_LE(channels[4].error, rounding(n) * 10);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GT(channels[i].error, channels[i + 1].error);
    EXPECT_LT(channels[i].fidelity, channels[i + 1].fidelity);
    EXPECT_GT(channels[8 - i].error, channels[7 - i].error);
  }
  // Throughput counts the channels that are good enough.
  EXPECT_EQ(wdm_macs_per_s(channels, n, 5e9, channels[3].error), 3 * 64 * 5e9);
  EXPECT_EQ(wdm_macs_per_s(channels, n, 5e9, 2), 9 * 64 * 5e9);
  EXPECT_EQ(wdm_macs_per_s({}, n, 5e9, 2), 0);
}

TEST(Wdm, ADetunedLaserIsAChannel) {
  const Topology& t = find_topology("rectangular");
  const MeshLayout layout = t.build(6);
  const Square u = haar(6, 0);
  const PhaseProgram program = t.decompose(view(u));
  MeshImperfections m;
  m.splitter_sigma_rad = 0.02;
  m.phase_sigma_rad = 0.01;
  m.phase_bits = 8;
  m.dispersion = dispersion;
  const FabricatedMesh design = fabricate(layout, m, 1, 2, 3);
  const PhaseProgram held = held_by_chip(drivers_of(layout, m, 1, 2, 3), program);
  m.detuning_m = -3e-9;
  const std::array at{1547e-9};
  const Square detuned =
      transfer_matrix(layout, realise<double>(layout, held_by_chip(drivers_of(layout, m, 1, 2, 3), program),
                                              fabricate(layout, m, 1, 2, 3)));
  EXPECT_LE(error(wdm_channels(layout, held, design, dispersion, at, view(u))[0].matrix, detuned),
            rounding(6));
}

}  // namespace
}  // namespace fringe
