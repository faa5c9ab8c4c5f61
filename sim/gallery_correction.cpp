// Couplers that cannot reach what is asked of them, and what correction of known errors leaves.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/units.hpp"
#include "photonics/correction.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/nulling.hpp"
#include "photonics/phase_drive.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// Mean of cos²ᵏ(s) for normal s of the given variance: its binomial series, each term a Gaussian.
double mean_cosine_power(std::size_t k, double variance) {
  double sum = 0, binomial = std::ldexp(1.0, -2 * static_cast<int>(k));
  for (std::size_t j = 0; j <= 2 * k; ++j) {
    const double frequency = 2 * static_cast<double>(k) - 2 * static_cast<double>(j);
    sum += binomial * std::exp(-frequency * frequency * variance / 2);
    binomial *= static_cast<double>(2 * k - j) / static_cast<double>(j + 1);
  }
  return sum;
}

/// Chance that a coupler of rank k reaches its Haar-random θ: not nearer to the cross state than 2|α+β|, and
/// not nearer to the bar state than 2|α−β|. Exact but for couplers that miss both at once.
double reach(std::size_t k, double sigma) {
  const double variance = 2 * sigma * sigma;
  // P(cos²(θ/2) < sin²d) = mean of sin²ᵏ: for k = 1 it is 1 − mean cos², beyond it is of order σ^{2k}.
  const double bar = k == 1 ? 1 - mean_cosine_power(1, variance) : 0;
  return mean_cosine_power(k, variance) - bar;
}

bool reachable(double theta, double alpha, double beta) {
  return theta >= 2 * std::abs(alpha + beta) && theta <= pi - 2 * std::abs(alpha - beta);
}

double missed_couplers(const Topology& t, std::size_t n, double sigma, std::uint32_t draw) {
  const MeshLayout layout = t.build(n);
  const PhaseProgram program = t.decompose(square_view(gallery_unitary(n, draw)));
  const FabricatedMesh mesh = fabricate(layout, mesh_errors(sigma), gallery_seed, draw, 0);
  double missed = 0;
  for (std::size_t k = 0; k < program.theta.size(); ++k)
    missed += !reachable(program.theta[k], mesh.alpha_rad[k], mesh.beta_rad[k]);
  return missed;
}

std::vector<ValidationCase> out_of_reach(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : neighbour_topologies())
    for (const auto& [modes, sigma, draws] :
         {std::tuple<std::size_t, double, std::size_t>{8, 0.05, 16000}, {16, 0.02, 4000}, {128, 0.02, 64}}) {
      if (modes > size.largest_modes) continue;
      const std::size_t n = modes;
      const double s = sigma, m = static_cast<double>(n), pairs = m * (m - 1) / 2;
      double missed = 0, exact = 1, published = 1;
      for (std::size_t k = 1; k < n; ++k) {
        const double order = static_cast<double>(k), count = m - order;
        missed += count * (1 - reach(k, s)) / pairs;
        exact *= std::pow(reach(k, s), count);
        published *= std::pow(1 + 4 * order * s * s, -count / 2);
      }
      const std::string label = fmt::format("{}, σ = {}", mesh_label(*t, n), s);
      // Rank 2 misses the bar state with chance 3·(2σ²)², and there are N−2 couplers of it.
      const double next = 12 * std::pow(s, 4);
      std::vector<Claim> claims{{label + ": missed MZIs", missed, next * 2 / m}};
      if (published > 0.1)
        claims.push_back(
            {label + ": exact chips", published, std::abs(exact - published) + next * m * published});
      cases.push_back({claims, [t, n, s, claims, count = size.draws(draws)](Gallery& gallery) {
                         std::vector<Measured> found = means(gallery.each(count, [&](std::uint32_t draw) {
                           const double misses = missed_couplers(*t, n, s, draw);
                           return std::vector<double>{misses / static_cast<double>(n * (n - 1) / 2),
                                                      misses == 0 ? 1.0 : 0.0};
                         }));
                         if (claims.size() < 2) return std::vector<Measured>{found[0]};
                         return std::vector<Measured>{found[0], share(found[1], claims[1].expected)};
                       }});
    }
  return cases;
}

Likeness corrected(const Topology& t, const MeshLayout& layout, const MeshImperfections& strengths,
                   std::uint32_t draw, bool alike = false) {
  const auto u = gallery_unitary(layout.ports(), draw);
  FabricatedMesh mesh = fabricate(layout, strengths, gallery_seed, draw, 0);
  if (alike) mesh.beta_rad = mesh.alpha_rad;
  const PhaseProgram asked = correct_locally(layout, t.decompose(square_view(u)), mesh);
  return likeness(layout, quantise(asked, strengths.phase_bits), mesh, u);
}

ValidationCase corrected_case(const Topology& t, std::size_t n, const MeshImperfections& strengths,
                              std::string label, double law, double next, std::size_t draws,
                              bool alike = false) {
  return {{{std::move(label), std::sqrt(law), next / (2 * std::sqrt(law))}},
          [&t, n, strengths, draws, alike](Gallery& gallery) {
            const MeshLayout layout = t.build(n);
            return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
              return std::vector<double>{corrected(t, layout, strengths, draw, alike).error_squared};
            }))[0])};
          }};
}

std::vector<ValidationCase> local(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : neighbour_topologies())
    for (const auto& [n, sigma, draws] :
         {std::tuple<std::size_t, double, std::size_t>{32, 0.025, 1600}, {64, 0.02, 320}, {128, 0.014, 64}}) {
      if (n > size.largest_modes) continue;
      const double m = static_cast<double>(n), x = m * sigma * sigma, law = 2.0 / 3 * x * x;
      cases.push_back(corrected_case(*t, n, mesh_errors(sigma),
                                     fmt::format("{}, σ = {}: E", mesh_label(*t, n), sigma), law,
                                     law * (x + 6 / (m * m)), size.draws(draws)));
    }
  // |α+β| = 2|α|: its fourth power, which E² sums up, is four times as large, and no bar state is missed.
  for (const Topology* t : neighbour_topologies()) {
    const double sigma = 0.0141, x = 64 * sigma * sigma, law = 4 * 2.0 / 3 * x * x;
    cases.push_back(corrected_case(*t, 64, mesh_errors(sigma),
                                   fmt::format("{}, α = β, σ = {}: E", mesh_label(*t, 64), sigma), law,
                                   law * 2 * x, size.draws(320), true));
  }
  const Topology& t = find_topology("rectangular");
  const double m = 32, sigma = 0.01, step = 2 * pi / 256, rounding = m * step * step / 12;
  const double left = 2.0 / 3 * std::pow(m * sigma * sigma, 2);
  cases.push_back(corrected_case(t, 32, mesh_errors(sigma, 0, 8), "rectangular, N = 32, σ = 0.01, 8 bits: E",
                                 rounding, left + rounding * (rounding / 2 + m * step * step / 16),
                                 size.draws(480)));
  return cases;
}

/// ‖D·A − U‖²_F/N with the best phases D at the outputs.
double error_up_to_phases(const MeshLayout& layout, const PhaseProgram& program, const FabricatedMesh& mesh,
                          const std::vector<std::complex<double>>& u) {
  const std::size_t n = layout.ports();
  const auto a = transfer_matrix(layout, realise<double>(layout, program, mesh));
  double square = 0;
  for (std::size_t r = 0; r < n; ++r) {
    std::complex<double> overlap = 0;
    for (std::size_t c = 0; c < n; ++c) {
      overlap += std::conj(u[r * n + c]) * a[r * n + c];
      square += std::norm(u[r * n + c]) + std::norm(a[r * n + c]);
    }
    square -= 2 * std::abs(overlap);
  }
  return std::max(0.0, square) / static_cast<double>(n);
}

std::vector<ValidationCase> nulling(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : neighbour_topologies())
    for (const auto& [modes, spread, full] :
         {std::tuple<std::size_t, double, std::size_t>{32, 0.025, 1600}, {64, 0.015, 320}}) {
      const std::size_t n = modes, draws = size.draws(full);
      const double sigma = spread, m = static_cast<double>(n), x = m * sigma * sigma, law = 4.0 / 9 * x * x;
      const double expected = std::sqrt(law);
      cases.push_back({{{fmt::format("{}, σ = {}: E", mesh_label(*t, n), sigma), expected,
                         expected / 2 * (x + 6 / (m * m))}},
                       [t, n, sigma, draws](Gallery& gallery) {
                         const MeshLayout layout = t->build(n);
                         return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
                           const auto u = gallery_unitary(n, draw);
                           const FabricatedMesh mesh =
                               fabricate(layout, {.splitter_sigma_rad = sigma}, gallery_seed, draw, 0);
                           const PhaseProgram asked = null_known(layout, square_view(u), mesh);
                           return std::vector<double>{error_up_to_phases(layout, asked, mesh, u)};
                         }))[0])};
                       }});
    }
  return cases;
}

/// Chips that the reach test calls exact are exact, and no others.
std::vector<ValidationCase> exact_chips(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : neighbour_topologies()) {
    constexpr std::size_t n = 8;
    constexpr double sigma = 0.03;
    const MeshLayout layout = t->build(n);
    const double rounding = mesh_rounding(layout);
    cases.push_back(
        {{{mesh_label(*t, n) + ": worst E within reach", rounding, 0, Claim::Relation::at_most},
          {mesh_label(*t, n) + ": least E out of reach", rounding, 0, Claim::Relation::at_least}},
         [t, layout, draws = size.draws(4000)](Gallery& gallery) {
           const auto drawn = gallery.each(draws, [&](std::uint32_t draw) {
             const Likeness l = corrected(*t, layout, mesh_errors(sigma), draw);
             return std::vector<double>{missed_couplers(*t, n, sigma, draw), std::sqrt(l.error_squared)};
           });
           double worst = 0, least = 2;
           for (const auto& chip : drawn)
             if (chip[0] == 0)
               worst = std::max(worst, chip[1]);
             else
               least = std::min(least, chip[1]);
           return std::vector<Measured>{{worst}, {least}};
         }});
  }
  return cases;
}

std::vector<ValidationCase> extinction(const GallerySize& size) {
  constexpr double sigma = 0.05;
  const double leak = 1 - mean_cosine_power(1, 2 * sigma * sigma);
  return {mean_case(
      {{"σ = 0.05: mean power astray, cross state", leak}, {"σ = 0.05: mean power astray, bar state", leak}},
      size.draws(64), [](std::uint32_t draw) {
        constexpr std::size_t count = 2000;
        std::vector<float> normals(2 * count);
        fill_normal(normals, {gallery_seed, Purpose::splitter_in, draw});
        double cross = 0, bar = 0;
        for (std::size_t i = 0; i < count; ++i) {
          const CrossingErrors errors{sigma * static_cast<double>(normals[2 * i]),
                                      sigma * static_cast<double>(normals[2 * i + 1])};
          cross += std::norm(transfer(mzi_crossing(), 0, 0, errors)[0]) / count;
          bar += std::norm(transfer(mzi_crossing(), pi, 0, errors)[1]) / count;
        }
        return std::vector<double>{cross, bar};
      })};
}

constexpr std::array rows{
    ValidationRow{
        "extinction",
        "an MZI whose splitters are off by α and β leaks sin²(α+β) in the cross and sin²(α−β) in the "
        "bar state: (1 − e^{−4σ²})/2 on average",
        "none: exact", "Miller, Optica 2, 747 (2015), doi:10.1364/OPTICA.2.000747", extinction},
    ValidationRow{"coverage",
                  "an MZI reaches θ from 2|α+β| to π − 2|α−β|; all of them reach a Haar-random target with "
                  "probability ∏(1+4kσ²)^{−(N−k)/2}, about exp(−N(N²−1)σ²/3)",
                  "the product against its exact form (means of cos²ᵏ, and bar states of rank 1); bar states "
                  "of rank 2, 12σ⁴ each",
                  "Hamerly et al., Nat. Commun. 13, 6831 (2022), doi:10.1038/s41467-022-34308-3; out of "
                  "reach: Burgwal et al., Opt. Express 25, 28236 (2017), doi:10.1364/OE.25.028236",
                  out_of_reach},
    ValidationRow{
        "exact-chips",
        "local correction realises a target exactly where every MZI reaches its θ, and only there; σ = 0.03",
        "the bound is rounding: 16 ε per column",
        "Bandyopadhyay et al., Optica 8, 1247 (2021), doi:10.1364/OPTICA.424052", exact_chips},
    ValidationRow{
        "local-correction",
        "what correction of known splitters leaves: E = √(2/3)·N·σ², for N³σ² ≫ 1 and Nσ² < 0.03; "
        "twice that where both splitters of an MZI are off alike; rounding to 8 bits remains, √N·1.814/2⁸",
        "a share Nσ² + 6/N² of E² (2Nσ² for α = β); with bits: what correction leaves, and the terms of "
        "phase-bits",
        "Bandyopadhyay et al., Optica 8, 1247 (2021), doi:10.1364/OPTICA.424052; constant: Hamerly "
        "et al., Phys. Rev. Applied 18, 024018 (2022), arXiv:2106.04363",
        local},
    ValidationRow{
        "nulling",
        "self-configuration carries on what a coupler leaves, so that those still to be set make up for it: "
        "E = (2/3)·N·σ² up to output phases, for N³σ² ≫ 1 and Nσ² < 0.03",
        "a share Nσ² + 6/N² of E²",
        "Hamerly et al., Phys. Rev. Applied 18, 024018 and 024019 (2022), arXiv:2106.04363", nulling},
};

}  // namespace

std::span<const ValidationRow> correction_rows() { return rows; }

}  // namespace fringe
