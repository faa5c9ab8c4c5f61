#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/decompose.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

void expect_round_trip(const Square& u, const std::string& what) {
  const std::size_t n = view(u).rows;
  for (const Topology& t : universal_topologies()) {
    SCOPED_TRACE(std::string(t.name) + " " + what + " N=" + std::to_string(n));
    const MeshLayout layout = t.build(n);
    const PhaseProgram program = t.decompose(view(u));
    for (const double theta : program.theta) ASSERT_TRUE(theta >= 0 && theta <= pi) << theta;
    for (const auto* phases : {&program.phi, &program.out})
      for (const double phase : *phases) ASSERT_TRUE(phase >= 0 && phase < 2 * pi) << phase;
    EXPECT_LE(error(mesh_matrix(layout, program, ideal_fabrication(layout)), u), rounding(n));
  }
}

TEST(Decompose, HaarMatrices) {
  for (const std::size_t n : {2u, 3u, 4u, 5u, 16u, 63u, 64u})
    for (std::uint32_t trial = 0; trial < (n < 20 ? 20 : 2); ++trial)
      expect_round_trip(haar(n, trial), "Haar");
}

TEST(Decompose, LargeMatrix) { expect_round_trip(haar(256, 0), "Haar"); }

TEST(Decompose, IdentityAndDiagonals) {
  for (const std::size_t n : {2u, 3u, 16u}) {
    expect_round_trip(identity(n), "identity");
    Square signs = identity(n), phases = identity(n);
    for (std::size_t i = 0; i < n; ++i) {
      signs[i * n + i] = i % 3 == 0 ? -1 : 1;
      phases[i * n + i] = std::polar(1.0, 2.4 * static_cast<double>(i));
    }
    expect_round_trip(signs, "signs");
    expect_round_trip(phases, "phases");
  }
}

TEST(Decompose, EveryPermutationOfFive) {
  std::vector<std::size_t> image(5);
  std::iota(image.begin(), image.end(), std::size_t{0});
  do expect_round_trip(permutation(image), "permutation");
  while (std::next_permutation(image.begin(), image.end()));
}

TEST(Decompose, RealOrthogonalMatrices) {
  for (const std::size_t n : {2u, 3u, 5u, 16u, 64u})
    expect_round_trip(from_real(haar_orthogonal(n, {5, Purpose::haar})), "orthogonal");
}

TEST(Decompose, BlockDiagonalAndPaddedMatrices) {
  expect_round_trip(block_diagonal(haar(3, 0), haar(5, 1)), "blocks");
  expect_round_trip(block_diagonal(identity(4), haar(4, 2)), "padded in front");
  expect_round_trip(block_diagonal(haar(7, 3), identity(9)), "padded behind");
  expect_round_trip(block_diagonal(from_real(haar_orthogonal(10, {5, Purpose::haar})), identity(6)),
                    "padded, real");
}

// The completion of a rank-one matrix: a Householder reflection, whose zeros are rounding noise.
TEST(Decompose, CompletionOfRankOne) {
  constexpr std::size_t n = 12;
  std::vector<double> w(n);
  for (std::size_t i = 0; i < n; ++i) w[i] = i < 5 ? 1.0 / std::sqrt(5.0) : 1e-17;
  Square u = identity(n);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c) u[r * n + c] -= 2 * w[r] * w[c];
  expect_round_trip(u, "reflection");
}

// Two columns of couplers reach only next neighbours: all but a band is zero.
TEST(Decompose, BandedMatrices) {
  const std::size_t n = 32;
  const MeshLayout layout = find_topology("rectangular").build(n);
  PhaseProgram program{std::vector<double>(layout.couplers.size(), pi),
                       std::vector<double>(layout.couplers.size(), 0), std::vector<double>(n, 0)};
  for (std::size_t k = 0; k < layout.column_start[2]; ++k)
    program.theta[k] = 0.1 + 0.09 * static_cast<double>(k);
  expect_round_trip(mesh_matrix(layout, program, ideal_fabrication(layout)), "banded");
}

// Phases of a random mesh give a matrix whose corners fall towards the smallest numbers.
TEST(Decompose, MatricesOfRandomPhases) {
  const std::size_t n = 96;
  for (const Topology& t : universal_topologies()) {
    const MeshLayout layout = t.build(n);
    if (layout.dark_modes > 0) continue;  // random phases there send light astray
    PhaseProgram program{std::vector<double>(layout.couplers.size()),
                         std::vector<double>(layout.couplers.size()), std::vector<double>(n)};
    fill_uniform(program.theta, {1, Purpose::test});
    for (double& theta : program.theta) theta *= pi;
    fill_uniform(program.phi, {2, Purpose::test});
    for (double& phi : program.phi) phi *= 2 * pi;
    expect_round_trip(mesh_matrix(layout, program, ideal_fabrication(layout)), "random phases");
  }
}

TEST(Decompose, ZerosAreBarStates) {
  for (const Topology& t : universal_topologies()) {
    const PhaseProgram program = t.decompose(view(identity(6)));
    for (std::size_t k = 0; k < program.theta.size(); ++k) {
      EXPECT_EQ(program.theta[k], pi);
      EXPECT_NEAR(std::remainder(program.phi[k], pi), 0, rounding(6));
    }
  }
}

TEST(Decompose, StridedViewsAreRead) {
  const Square u = haar(4, 0), framed = block_diagonal(u, haar(3, 1));
  for (const Topology& t : universal_topologies()) {
    const PhaseProgram a = t.decompose(view(u)), b = t.decompose(view(framed).block(0, 4, 0, 4));
    EXPECT_EQ(a.theta, b.theta);
    EXPECT_EQ(a.phi, b.phi);
    EXPECT_EQ(a.out, b.out);
  }
}

void expect_refused(const Square& u, std::size_t rows, std::size_t cols, const std::string& reason) {
  for (const Topology& t : universal_topologies()) try {
      t.decompose({u.data(), rows, cols});
      ADD_FAILURE() << t.name << ": not refused, expected " << reason;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
}

// A butterfly takes what a butterfly makes, and tells how far it is from anything else.
TEST(Decompose, ButterfliesWhereTheMatrixPermits) {
  const Topology& t = find_topology("butterfly");
  for (const std::size_t n : {2u, 4u, 16u, 64u}) {
    const MeshLayout layout = t.build(n);
    PhaseProgram program{std::vector<double>(layout.couplers.size()),
                         std::vector<double>(layout.couplers.size()), std::vector<double>(n)};
    fill_uniform(program.theta, {1, Purpose::test});
    for (double& theta : program.theta) theta *= pi;
    fill_uniform(program.phi, {2, Purpose::test});
    for (double& phi : program.phi) phi *= 2 * pi;
    fill_uniform(program.out, {3, Purpose::test});
    for (double& out : program.out) out *= 2 * pi;
    const FabricatedMesh ideal = ideal_fabrication(layout);
    const Square random = mesh_matrix(layout, program, ideal);
    EXPECT_LE(error(mesh_matrix(layout, t.decompose(view(random)), ideal), random), rounding(n)) << n;
    EXPECT_LE(error(mesh_matrix(layout, t.decompose(view(identity(n))), ideal), identity(n)), rounding(n))
        << n;
    // Fourier's matrix, its outputs in bit-reversed order: a_rc = w^(rev(r)·c)/√n, Cooley and Tukey (1965).
    Square fourier(n * n);
    for (std::size_t r = 0; r < n; ++r) {
      std::size_t reversed = 0;
      for (std::size_t bit = 1; bit < n; bit *= 2) reversed = 2 * reversed + ((r & bit) != 0);
      for (std::size_t c = 0; c < n; ++c)
        fourier[c * n + r] = std::polar(1 / std::sqrt(static_cast<double>(n)),
                                        2 * pi * static_cast<double>(reversed * c) / static_cast<double>(n));
    }
    EXPECT_LE(error(mesh_matrix(layout, t.decompose(view(fourier)), ideal), fourier), rounding(n)) << n;
  }
  try {
    t.decompose(view(haar(8, 0)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("misses it by |U' - U| = "), std::string::npos) << error.what();
  }
  EXPECT_THROW(t.decompose(view(identity(6))), Error);
}

TEST(Decompose, BadInputIsRefused) {
  const Square u = haar(4, 0);
  expect_refused(u, 4, 3, "square");
  expect_refused(u, 1, 1, "at least 2");
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Square broken = u;
    broken[6] = {0, bad};
    expect_refused(broken, 4, 4, "(1, 2)");
  }
  Square zero(16), huge = u, stretched = u, near = u;
  expect_refused(zero, 4, 4, "not unitary");
  for (Complex& x : huge) x *= 1e200;
  expect_refused(huge, 4, 4, "not unitary");
  stretched[5] *= 1.01;
  expect_refused(stretched, 4, 4, "not unitary");
  // Within the rule: ‖U′ − U‖ = 1e-9 is less than 4e-9.
  near[5] += 1e-9;
  for (const Topology& t : universal_topologies()) EXPECT_NO_THROW(t.decompose(view(near)));
}

}  // namespace
}  // namespace fringe
