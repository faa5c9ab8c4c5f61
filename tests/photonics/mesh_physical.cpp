#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/sines.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;
using Two = std::array<Complex, 4>;

Two times(const Two& a, const Two& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2],
          a[2] * b[1] + a[3] * b[3]};
}

Two splitter(double angle) {
  const Complex i{0, 1};
  return {std::cos(angle), i * std::sin(angle), i * std::sin(angle), std::cos(angle)};
}

Two shift(double phase) { return {std::polar(1.0, phase), 0, 0, 1}; }

MeshLayout pair() { return find_topology("rectangular").build(2); }

TEST(PhysicalMesh, IsTheProductOfSplittersAndPhases) {
  const double theta = 1.1, phi = 4.7, alpha = 0.03, beta = -0.05, gamma = 0.04, e_theta = 0.02,
               e_phi = -0.01;
  const double loss = 0.4, upper_path = 0.1, lower_path = 0.3, out_path = 0.2;
  const auto field = [](double db) { return std::pow(10.0, -db / 20); };
  for (const Crossing& crossing : crossings())
    for (const double imbalance : {0.0, 0.5, -0.5}) {
      FabricatedMesh chip = ideal_fabrication(pair(), crossing);
      chip.alpha_rad = {alpha};
      chip.beta_rad = {beta};
      chip.gamma_rad = {gamma};
      chip.theta_error_rad = {e_theta};
      chip.phi_error_rad = {e_phi};
      chip.out_error_rad = {0.1, -0.2};
      chip.loss_db = {loss};
      chip.arm_imbalance_db = {imbalance};
      chip.upper_path_db = {upper_path};
      chip.lower_path_db = {lower_path};
      chip.out_path_db = {0, out_path};
      const PhysicalMesh<double> mesh = realise<double>(pair(), {{theta}, {phi}, {0.5, 0.6}}, chip);
      Two arms = shift(theta + e_theta);
      if (crossing.push_pull)
        arms = {std::polar(1.0, (theta + e_theta) / 2), 0, 0, std::polar(1.0, -(theta + e_theta) / 2)};
      arms[0] *= field(std::max(0.0, imbalance));
      arms[3] *= field(std::max(0.0, -imbalance));
      Two expected = times(splitter(crossing.output_rad + beta),
                           times(arms, times(splitter(crossing.input_rad + alpha), shift(phi + e_phi))));
      if (crossing.front_rad != 0) expected = times(expected, splitter(crossing.front_rad + gamma));
      expected = times(expected, {field(upper_path), 0, 0, field(lower_path)});
      for (std::size_t e = 0; e < 4; ++e)
        EXPECT_LE(std::abs(mesh.couplers[0][e] - field(loss) * expected[e]), rounding(2)) << crossing.name;
      EXPECT_LE(std::abs(mesh.out[0] - std::polar(1.0, 0.6)), rounding(2));
      EXPECT_LE(std::abs(mesh.out[1] - std::polar(field(out_path), 0.4)), rounding(2));
    }
}

TEST(PhysicalMesh, SinesAreThoseOfTheLibrary) {
  std::vector<double> angle;
  for (int k = -40; k <= 40; ++k)
    for (const double off : {0.0, 1e-17, -1e-9, 1e-3, 0.3, -0.78}) angle.push_back(k * pi / 4 + off);
  for (int k = 0; k < 2000; ++k) angle.push_back(0.01 * k * k - 7);
  for (const double x : {1e6, -1e6, 1e7, 1e300, 1.0 * (1 << 20)}) angle.push_back(x);
  std::vector<double> sine(angle.size()), cosine(angle.size());
  sines_cosines(angle.data(), angle.size(), sine.data(), cosine.data());
  for (std::size_t i = 0; i < angle.size(); ++i) {
    EXPECT_LE(std::abs(sine[i] - std::sin(angle[i])), 2.5e-16) << angle[i];
    EXPECT_LE(std::abs(cosine[i] - std::cos(angle[i])), 2.5e-16) << angle[i];
  }
  const double infinite = std::numeric_limits<double>::infinity();
  sines_cosines(&infinite, 1, sine.data(), cosine.data());
  EXPECT_TRUE(std::isnan(sine[0]) && std::isnan(cosine[0]));
}

TEST(PhysicalMesh, IdealMatchesTheClosedForm) {
  const Complex i{0, 1};
  for (const double theta : {0.0, 0.3, 2.0, pi})
    for (const double phi : {0.0, 1.0, 5.0}) {
      const auto t = realise<double>(pair(), {{theta}, {phi}, {0, 0}}, ideal_fabrication(pair())).couplers[0];
      const Complex common = i * std::polar(1.0, theta / 2), in = std::polar(1.0, phi);
      const double s = std::sin(theta / 2), c = std::cos(theta / 2);
      EXPECT_LE(std::abs(t[0] - common * in * s), rounding(2));
      EXPECT_LE(std::abs(t[1] - common * c), rounding(2));
      EXPECT_LE(std::abs(t[2] - common * in * c), rounding(2));
      EXPECT_LE(std::abs(t[3] + common * s), rounding(2));
    }
}

TEST(PhysicalMesh, IdealCrossLeaksNothing) {
  const auto t = realise<double>(pair(), {{0}, {2.5}, {0, 0}}, ideal_fabrication(pair())).couplers[0];
  EXPECT_EQ(t[0], Complex(0, 0));
  EXPECT_EQ(t[3], Complex(0, 0));
}

TEST(PhysicalMesh, FloatIsTheRoundedDouble) {
  const MeshLayout layout = find_topology("rectangular").build(5);
  const PhaseProgram program = find_topology("rectangular").decompose(view(haar(5, 0)));
  const FabricatedMesh chip = fabricate(layout, {0.02, 0.01, 0, 0.2, 0.02}, 1, 2, 3);
  const auto exact = realise<double>(layout, program, chip);
  const auto rounded = realise<float>(layout, program, chip);
  for (std::size_t k = 0; k < layout.couplers.size(); ++k)
    for (std::size_t e = 0; e < 4; ++e)
      EXPECT_EQ(rounded.couplers[k][e], std::complex<float>(exact.couplers[k][e]));
  for (std::size_t m = 0; m < 5; ++m) EXPECT_EQ(rounded.out[m], std::complex<float>(exact.out[m]));
}

TEST(PhysicalMesh, LosesWhatItsMzisLose) {
  const std::size_t n = 6;
  const MeshLayout layout = find_topology("rectangular").build(n);
  const PhaseProgram program = find_topology("rectangular").decompose(view(haar(n, 1)));
  for (const double loss_db : {0.0, 0.3}) {
    const FabricatedMesh chip = fabricate(layout, {0.05, 0.1, 0, loss_db, 0}, 1, 0, 0);
    const Square u = transfer_matrix(layout, realise<double>(layout, program, chip));
    double power = 0;
    for (std::size_t i = 0; i < n * n; ++i) power += std::norm(u[i]);
    const double least = std::pow(10.0, -loss_db * static_cast<double>(n) / 10);
    EXPECT_GE(power / n, least - rounding(n));  // no path is longer than the columns
    EXPECT_LE(power / n, std::pow(10.0, -loss_db * static_cast<double>(n) / 2 / 10) +
                             rounding(n));  // nor shorter than half
  }
}

TEST(PhysicalMesh, FastMatrixIsTheTransferMatrix) {
  for (const Topology& t : universal_topologies()) {
    const MeshLayout layout = t.build(9);
    const auto mesh = realise<double>(layout, t.decompose(view(haar(9, 2))),
                                      fabricate(layout, {0.1, 0.1, 0, 0.5, 0.1}, 4, 0, 0));
    EXPECT_LE(error(fast_matrix(layout, mesh), transfer_matrix(layout, mesh)), rounding(9));
  }
}

TEST(PhysicalMesh, SizesMustFit) {
  const MeshLayout layout = pair();
  const FabricatedMesh ideal = ideal_fabrication(layout);
  EXPECT_THROW(realise<double>(layout, {{}, {0}, {0, 0}}, ideal), Error);
  EXPECT_THROW(realise<double>(layout, {{0}, {0, 0}, {0, 0}}, ideal), Error);
  EXPECT_THROW(realise<double>(layout, {{0}, {0}, {0}}, ideal), Error);
  for (std::vector<double> FabricatedMesh::*field :
       {&FabricatedMesh::alpha_rad, &FabricatedMesh::beta_rad, &FabricatedMesh::theta_error_rad,
        &FabricatedMesh::phi_error_rad, &FabricatedMesh::out_error_rad, &FabricatedMesh::loss_db}) {
    FabricatedMesh broken = ideal;
    (broken.*field).push_back(0);
    EXPECT_THROW(realise<float>(layout, {{0}, {0}, {0, 0}}, broken), Error);
  }
  EXPECT_THROW(transfer_matrix(layout, PhysicalMesh<double>{}), Error);
}

}  // namespace
}  // namespace fringe
