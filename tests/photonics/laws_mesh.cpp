// How the error of a mesh grows with its size: laws for small independent errors, rms over chips and Haar
// targets. Each test states the next term that its law leaves out; the rest of the tolerance is the spread of
// the ensemble.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "core/units.hpp"
#include "photonics/correction.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

struct Ensemble {
  Mean error_squared, fidelity;
};

/// Chips 0 … chips−1, each with its own Haar target.
Ensemble ensemble(const Topology& t, std::size_t n, const MeshImperfections& strengths, std::uint32_t chips,
                  bool corrected = false) {
  const MeshLayout layout = t.build(n);
  std::vector<double> squares, fidelities;
  for (std::uint32_t chip = 0; chip < chips; ++chip) {
    const Square u = haar(n, chip);
    const PhaseProgram ideal = t.decompose(view(u));
    const FabricatedMesh mesh = fabricate(layout, strengths, 9, chip, 0);
    const PhaseProgram asked =
        quantise(corrected ? correct_locally(layout, ideal, mesh) : ideal, strengths.phase_bits);
    const Square realised = mesh_matrix(layout, asked, mesh);
    squares.push_back(std::pow(error(realised, u), 2));
    fidelities.push_back(fidelity(realised, u));
  }
  return {mean(squares), mean(fidelities)};
}

void expect_law(const Mean& measured, double law, double next_term, const std::string& what) {
  EXPECT_NEAR(measured.value, law, z * measured.standard_error + next_term) << what;
  EXPECT_LT(z * measured.standard_error + next_term, 0.3 * law)
      << what << ": the ensemble is too small to tell";
}

std::string name(const Topology& t, std::size_t n, double strength) {
  return std::string(t.name) + " N=" + std::to_string(n) + " strength " + std::to_string(strength);
}

// A splitter whose angle is off by a normal error acts as e^{−σ²/2} of itself on average. A path of c
// couplers keeps e^{−cσ²}; the average c is N−1, its spread is below N/4 (rectangular, c = N/2 … N) or N
// (triangular), which is the next term: Var(c)·σ⁴ in E² = 2(1 − Re tr/N) and in F, where the trace's own
// variance adds less than 4σ⁴.
TEST(SplitterLaw, UncorrectedErrorAndFidelity) {
  for (const Topology& t : neighbour_topologies())
    for (const auto& [n, sigma, chips] :
         {std::tuple{8u, 0.02, 200u}, std::tuple{32u, 0.02, 60u}, std::tuple{128u, 0.01, 6u}}) {
      const Ensemble e = ensemble(t, n, {sigma, 0, 0, 0, 0}, chips);
      const double x = (n - 1) * sigma * sigma, spread = t.name == "triangular" ? n : n / 4.0;
      const double next = std::pow(spread * sigma * sigma, 2);
      expect_law(e.error_squared, 2 * x, x * x + next, name(t, n, sigma));
      expect_law(e.fidelity, std::exp(-2 * x), next + 4 * std::pow(sigma, 4), name(t, n, sigma));
    }
}

// Far from small: the fidelity's law holds where half of the light is lost to other modes.
TEST(SplitterLaw, FidelityOfPoorChips) {
  const Topology& t = find_topology("rectangular");
  const std::size_t n = 64;
  const double sigma = 0.06, x = (n - 1) * sigma * sigma, next = std::pow(n / 4.0 * sigma * sigma, 2);
  expect_law(ensemble(t, n, {sigma, 0, 0, 0, 0}, 30).fidelity, std::exp(-2 * x), next, name(t, n, sigma));
}

// A path meets N phases on average (each MZI has two, on half of its light), each of which keeps e^{−σ²/2}.
// Next term: the number met spreads by less than N; the common phase of all N² shifters moves F by σ².
TEST(PhaseLaw, ErrorAndFidelity) {
  for (const Topology& t : neighbour_topologies())
    for (const auto& [n, sigma, chips] :
         {std::tuple{8u, 0.05, 200u}, std::tuple{32u, 0.03, 60u}, std::tuple{128u, 0.015, 8u}}) {
      const Ensemble e = ensemble(t, n, {0, sigma, 0, 0, 0}, chips);
      const double x = n * sigma * sigma;
      expect_law(e.error_squared, x, x * x / 2, name(t, n, sigma));
      expect_law(e.fidelity, std::exp(-x), x * x / 4 + sigma * sigma, name(t, n, sigma));
    }
}

// Rounding is uniform over a step of 2π/2^b: σ = step/√12 = 1.814/2^b. Next terms: as for phases, and the
// share N·step²/16 of couplers whose θ lies within half a step of the cross state.
TEST(PhaseLaw, Bits) {
  for (const Topology& t : neighbour_topologies())
    for (const auto& [n, bits, chips] : {std::tuple{8u, 6, 200u}, std::tuple{32u, 8, 60u},
                                         std::tuple{128u, 9, 10u}, std::tuple{32u, 14, 60u}}) {
      const double step = 2 * pi / std::ldexp(1.0, bits), x = n * step * step / 12;
      expect_law(ensemble(t, n, {0, 0, bits, 0, 0}, chips).error_squared, x,
                 x * x / 2 + x * n * step * step / 16, name(t, n, bits));
    }
}

// Corrected couplers miss where θ/2 < |α+β|: with the law of θ for rank k, E² = (1/N) Σ_k (N−k)·4kσ⁴·(1 −
// 2kσ² …) = (2/3)N²σ⁴·(1 − Nσ²), and rank 1 misses at the bar state as often: a share 6/N². For N³σ² ≫ 1 and
// Nσ² < 0.03.
TEST(CorrectionLaw, ErrorThatIsLeft) {
  for (const Topology& t : neighbour_topologies())
    for (const auto& [n, sigma, chips] :
         {std::tuple{32u, 0.025, 200u}, std::tuple{64u, 0.02, 60u}, std::tuple{128u, 0.014, 12u}}) {
      ASSERT_GT(std::pow(n, 3) * sigma * sigma, 20);
      ASSERT_LT(n * sigma * sigma, 0.03);
      const double law = 2.0 / 3 * std::pow(n * sigma * sigma, 2);
      expect_law(ensemble(t, n, {sigma, 0, 0, 0, 0}, chips, true).error_squared, law,
                 law * (n * sigma * sigma + 6.0 / (n * n)), name(t, n, sigma));
    }
}

// Chips that realise the target exactly: ∏_k (1 + 4kσ²)^{−(N−k)/2} ≈ exp(−N(N²−1)σ²/3). Next term: bar states
// of rank 1, of which N−1 miss with probability 2σ² each.
TEST(CorrectionLaw, ShareOfExactChips) {
  constexpr std::uint32_t chips = 1000;
  for (const Topology& t : neighbour_topologies())
    for (const auto& [n, sigma] : {std::pair{8u, 0.03}, std::pair{16u, 0.02}}) {
      const MeshLayout layout = t.build(n);
      std::vector<double> exact;
      for (std::uint32_t chip = 0; chip < chips; ++chip) {
        const Square u = haar(n, chip);
        const FabricatedMesh mesh = fabricate(layout, {sigma, 0, 0, 0, 0}, 9, chip, 0);
        const PhaseProgram asked = correct_locally(layout, t.decompose(view(u)), mesh);
        exact.push_back(error(mesh_matrix(layout, asked, mesh), u) < rounding(n) ? 1 : 0);
      }
      double share = 1;
      for (std::size_t k = 1; k < n; ++k)
        share *= std::pow(1 + 4 * static_cast<double>(k) * sigma * sigma, -static_cast<double>(n - k) / 2);
      expect_law(mean(exact), share, 2 * (n - 1) * sigma * sigma, name(t, n, sigma));
    }
}

// Correction cannot remove quantisation: both at once leave what the bits alone leave, plus what correction
// leaves, which is the smaller by far here and counts as the next term.
TEST(CorrectionLaw, BitsRemain) {
  const Topology& t = find_topology("rectangular");
  const std::size_t n = 32;
  const double sigma = 0.01, step = 2 * pi / 256, bits = n * step * step / 12;
  const double left = 2.0 / 3 * std::pow(n * sigma * sigma, 2);
  expect_law(ensemble(t, n, {sigma, 0, 8, 0, 0}, 60, true).error_squared, bits,
             left + bits * (bits / 2 + n * step * step / 16), name(t, n, sigma));
}

}  // namespace
}  // namespace fringe
