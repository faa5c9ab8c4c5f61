#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/decompose.hpp"
#include "photonics/decompose_angles.hpp"
#include "photonics/decompose_elimination.hpp"
#include "photonics/decompose_kernel_impl.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

/// θ below π, φ below 2π; no output phases.
PhaseProgram random_phases(const MeshLayout& layout) {
  PhaseProgram program{std::vector<double>(layout.couplers.size()),
                       std::vector<double>(layout.couplers.size()), std::vector<double>(layout.modes)};
  fill_uniform(program.theta, {1, Purpose::test});
  for (double& theta : program.theta) theta *= pi;
  fill_uniform(program.phi, {2, Purpose::test});
  for (double& phi : program.phi) phi *= 2 * pi;
  return program;
}

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
    PhaseProgram program = random_phases(layout);
    expect_round_trip(mesh_matrix(layout, program, ideal_fabrication(layout)), "random phases");
  }
}

/// Matrix of ideal MZIs by the closed form, in double: what is left is the error of the phases and the
/// rounding of N columns, without that of two splitters of each MZI.
Square closed_form_matrix(const MeshLayout& layout, const PhaseProgram& program) {
  PhysicalMesh<double> mesh = realise<double>(layout, program, ideal_fabrication(layout));
  for (std::size_t k = 0; k < mesh.couplers.size(); ++k) {
    const double s = std::sin(program.theta[k] / 2), c = std::cos(program.theta[k] / 2);
    const Complex common = Complex{0, 1} * std::polar(1.0, program.theta[k] / 2);
    const Complex upper = common * std::polar(1.0, program.phi[k]);
    mesh.couplers[k] = {upper * s, common * c, upper * c, -common * s};
  }
  return fast_matrix(layout, mesh);
}

// ‖U′ − U‖_F ≤ 1e-13·√N, thirty times closer than a tolerance of N·eps per field would ask.
TEST(Decompose, ResidualOfHaarMatrices) {
  for (const std::size_t n : {64u, 128u, 256u, 512u})
    for (const Topology& t : neighbour_topologies()) {
      if (n > 256 && t.name == "triangular") continue;
      const Square u = haar(n, 3);
      EXPECT_LE(error(closed_form_matrix(t.build(n), t.decompose(view(u))), u), 1e-13) << t.name << ' ' << n;
    }
}

// A rotation shrinks two lines: halves everywhere shrink them most, bar and cross states and what is near
// them change places. The scales must neither underflow nor cost accuracy.
TEST(Decompose, ExtremeSplits) {
  const std::size_t n = 200;
  for (const Topology& t : neighbour_topologies()) {
    const MeshLayout layout = t.build(n);
    const std::size_t count = layout.couplers.size();
    PhaseProgram halves{std::vector<double>(count, pi / 2), std::vector<double>(count),
                        std::vector<double>(n)};
    PhaseProgram mixed = halves;
    const double near[] = {0, pi, 1e-9, pi - 1e-9, 1e-3, pi - 1e-3, 1.0, pi - 0.246, pi - 0.25};
    for (std::size_t k = 0; k < count; ++k) mixed.theta[k] = near[k * k % 9];
    fill_uniform(mixed.phi, {2, Purpose::test});
    for (const PhaseProgram& program : {halves, mixed}) {
      const Square u = mesh_matrix(layout, program, ideal_fabrication(layout));
      const PhaseProgram again = t.decompose(view(u));
      EXPECT_LE(error(mesh_matrix(layout, again, ideal_fabrication(layout)), u), 2 * rounding(n)) << t.name;
    }
  }
}

// Few columns of random phases: a band whose edges fall off, and zeros.
TEST(Decompose, FewColumnsOfRandomPhases) {
  const std::size_t n = 200;
  const MeshLayout columns = rectangular_layout(n, 12);
  PhaseProgram program{std::vector<double>(columns.couplers.size()),
                       std::vector<double>(columns.couplers.size()), std::vector<double>(n)};
  fill_uniform(program.theta, {1, Purpose::test});
  for (double& theta : program.theta) theta *= pi;
  const Square u = mesh_matrix(columns, program, ideal_fabrication(columns));
  for (const Topology& t : neighbour_topologies())
    EXPECT_LE(error(mesh_matrix(t.build(n), t.decompose(view(u)), ideal_fabrication(t.build(n))), u),
              rounding(n));
}

void expect_equal(const PhaseProgram& a, const PhaseProgram& b) {
  EXPECT_EQ(a.theta, b.theta);
  EXPECT_EQ(a.phi, b.phi);
  EXPECT_EQ(a.out, b.out);
}

// The same source, with as many lanes per vector as it pleases.
TEST(Decompose, VectorsOfAnyWidthGiveTheSameBits) {
  const DecomposeKernels narrow = sweep_kernels<16>("16"), middle = sweep_kernels<32>("32"),
                         wide = sweep_kernels<64>("64");
  for (const std::size_t n : {2u, 7u, 8u, 9u, 33u, 70u}) {
    const Square u = haar(n, 1);
    expect_equal(decompose_rectangular(view(u), narrow), decompose_rectangular(view(u), middle));
    expect_equal(decompose_rectangular(view(u), narrow), decompose_rectangular(view(u), wide));
    expect_equal(decompose_triangular(view(u), narrow), decompose_triangular(view(u), middle));
    expect_equal(decompose_triangular(view(u), narrow), decompose_triangular(view(u), wide));
  }
}

// Sets that fuse products agree to the bit, those that don't within the rounding of a mesh.
TEST(Decompose, EveryInstructionSet) {
  const DecomposeKernelSets sets = available_decompose_kernels();
  const std::size_t n = 65;
  const Square u = haar(n, 2);
  const MeshLayout rectangle = find_topology("rectangular").build(n),
                   triangle = find_topology("triangular").build(n);
  for (std::size_t s = 0; s < sets.count; ++s) {
    SCOPED_TRACE(sets.set[s]->isa);
    const PhaseProgram r = decompose_rectangular(view(u), *sets.set[s]),
                       t = decompose_triangular(view(u), *sets.set[s]);
    EXPECT_LE(error(mesh_matrix(rectangle, r, ideal_fabrication(rectangle)), u), rounding(n));
    EXPECT_LE(error(mesh_matrix(triangle, t, ideal_fabrication(triangle)), u), rounding(n));
    if (s < 2) continue;
    expect_equal(r, decompose_rectangular(view(u), *sets.set[1]));
    expect_equal(t, decompose_triangular(view(u), *sets.set[1]));
  }
}

// Three roundings near π, of half an ulp each (2.2e-16), and those of a rational function near π/8.
TEST(Decompose, AnglesOfNulledPairs) {
  std::vector<NulledPair> found;
  std::vector<double> random(4000);
  fill_uniform(random, {4, Purpose::test});
  for (std::size_t i = 0; i < 1000; ++i) {
    const double* r = &random[4 * i];
    const double small = i % 3 == 0 ? 1e-12 : 1;
    found.push_back({small * r[0], r[1], small * (r[2] - 0.5), r[3] - 0.5, 0});
  }
  for (const double x : {-1.0, 0.0, 1.0})
    for (const double y : {-1.0, 0.0, 1.0})
      if (x != 0 || y != 0) found.push_back({1, 0, x, y, 0});
  std::vector<double> half_theta(found.size()), omega(found.size()), mirrored(found.size());
  nulled_angles(found.data(), found.size(), true, half_theta.data(), mirrored.data());
  nulled_angles(found.data(), found.size(), false, half_theta.data(), omega.data());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& [partner, nulled, re, im, swapped] = found[i];
    EXPECT_NEAR(half_theta[i], std::atan2(std::sqrt(partner), std::sqrt(nulled)), 7e-16);
    EXPECT_NEAR(omega[i], std::atan2(im, re + 0.0), 7e-16) << re << ' ' << im;
    EXPECT_NEAR(std::remainder(mirrored[i] - std::atan2(im, -re), 2 * pi), 0, 1e-15) << re << ' ' << im;
  }
  EXPECT_EQ(half_theta.back(), pi / 2);
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
    PhaseProgram program = random_phases(layout);
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
