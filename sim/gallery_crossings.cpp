// Crossing types and flat meshes: what keeps errors from growing with the mesh.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/units.hpp"
#include "photonics/correction.hpp"
#include "photonics/imperfections.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// E² of a corrected mesh of N modes whose couplers of rank k hit each of two forbidden discs of the Riemann
/// sphere with the densities given (1: uniform). Discs have the angular radii |s| and |d|, normal of the
/// given variances; a target inside one misses by what is left to its edge: E² = Σₖ(N−k)(dₛ⟨s⁴⟩ +
/// d_d⟨d⁴⟩)/(3N), as in Bandyopadhyay et al. 2021 for dₛ = k, d_d = 0.
template <class Density>
double left_after_correction(std::size_t modes, double sum_variance, double difference_variance,
                             Density density) {
  double square = 0;
  for (std::size_t k = 1; k < modes; ++k) {
    const auto [sum, difference] = density(static_cast<double>(k));
    square += static_cast<double>(modes - k) * 3 *
              (sum * sum_variance * sum_variance + difference * difference_variance * difference_variance) /
              3;
  }
  return square / static_cast<double>(modes);
}

struct Densities {
  double sum, difference;
};

/// Of the crossing types: the discs lie at the cross and the bar state (MZI), trade places (waveguide
/// crossing), or both on the equator (front splitter), where a target of rank k has the density k/2ᵏ⁻¹.
double law(const Crossing& crossing, std::size_t modes, double sigma, bool correlated) {
  const double v = sigma * sigma, sum = correlated ? 4 * v : 2 * v, difference = correlated ? 0 : 2 * v;
  const auto bar = [](double k) { return k == 1 ? 1.0 : 0.0; };
  if (crossing.front_rad != 0)
    return left_after_correction(modes, sum, difference, [](double k) {
      return Densities{k * std::exp2(1 - k), k * std::exp2(1 - k)};
    });
  if (crossing.waveguide_crossings > 0)
    return left_after_correction(modes, sum, difference, [&](double k) { return Densities{bar(k), k}; });
  return left_after_correction(modes, sum, difference, [&](double k) { return Densities{k, bar(k)}; });
}

std::vector<ValidationCase> fault_tolerance(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  constexpr double sigma = 0.02;
  for (const char* name : {"mzi", "3-splitter-mzi", "mzi-crossing"})
    for (const bool correlated : {false, true})
      for (const auto& [modes, full] :
           {std::pair<std::size_t, std::size_t>{16, 6400}, {64, 480}, {128, 80}}) {
        const Crossing& crossing = find_crossing(name);
        if (modes > size.largest_modes) continue;
        // In a small mesh with a third splitter one chip in ten errs at all: few chips would tell nothing.
        const std::size_t n = modes, draws = std::max(size.draws(full), std::size_t{n == 16 ? 1600u : 0u});
        const double expected = law(crossing, n, sigma, correlated), m = static_cast<double>(n);
        // As for local correction; and what the front splitter's own error moves, of order σ.
        const double next = expected * (m * sigma * sigma + 6 / (m * m) + 4 * sigma);
        cases.push_back(
            {{{fmt::format("{}, {} errors, N = {}, σ = {}: E", name,
                           correlated ? "correlated" : "independent", n, sigma),
               std::sqrt(expected), next / (2 * std::sqrt(expected))}},
             [&crossing, n, correlated, draws](Gallery& gallery) {
               const Topology& t = find_topology("rectangular");
               const MeshLayout layout = t.build(n);
               return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
                 const auto u = gallery_unitary(n, draw);
                 const FabricatedMesh mesh = fabricate(
                     layout, {.splitter_sigma_rad = sigma, .splitter_correlation = correlated ? 1.0 : 0.0},
                     gallery_seed, draw, 0, crossing);
                 const PhaseProgram asked = correct_locally(layout, t.decompose(square_view(u)), mesh);
                 return std::vector<double>{likeness(layout, asked, mesh, u).error_squared};
               }))[0])};
             }});
      }
  return cases;
}

/// Errors at random phases against the same mesh without them.
std::vector<ValidationCase> flat_meshes(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const char* name : {"rectangular", "butterfly"})
    for (const std::size_t n : {16u, 64u, 256u}) {
      constexpr double sigma = 0.01;
      const Topology& t = find_topology(name);
      const MeshLayout layout = t.build(n);
      const double m = static_cast<double>(n), couplers = static_cast<double>(layout.couplers.size());
      const double square = (4 * couplers + 2 * couplers + m) * sigma * sigma / m;
      cases.push_back(mean_case(
          {{fmt::format("{}, σ = {} of splitters and phases: fidelity", mesh_label(t, n), sigma),
            std::exp(-square),
            square * square / m + square * sigma * sigma + (2 * couplers / m + 1) / m * sigma * sigma}},
          size.draws(n < 256 ? 800 : 80), [layout, n](std::uint32_t draw) {
            const auto random = [&](Purpose purpose, std::size_t count, double range) {
              std::vector<double> values(count);
              fill_uniform(values, {gallery_seed, purpose, draw, 1});
              for (double& v : values) v *= range;
              return values;
            };
            const PhaseProgram program{random(Purpose::phase_error_theta, layout.couplers.size(), pi),
                                       random(Purpose::phase_error_phi, layout.couplers.size(), 2 * pi),
                                       random(Purpose::phase_error_out, n, 2 * pi)};
            const auto ideal =
                transfer_matrix(layout, realise<double>(layout, program, ideal_fabrication(layout)));
            const FabricatedMesh mesh = fabricate(
                layout, {.splitter_sigma_rad = sigma, .phase_sigma_rad = sigma}, gallery_seed, draw, 0);
            return std::vector<double>{likeness(layout, program, mesh, ideal).fidelity};
          }));
    }
  return cases;
}

constexpr std::array rows{
    ValidationRow{
        "fault-tolerance",
        "corrected, an MZI mesh errs by √(2/3)·N·σ², or √(8/3)·N·σ² where its splitters share their "
        "errors; with a third splitter E tends to √32·σ², with a waveguide crossing and shared errors "
        "to 4σ²: no longer with N",
        "a share Nσ² + 6/N² + 4σ of E²; the constants follow from the source's picture of forbidden "
        "discs on the Riemann sphere",
        "Hamerly et al., Nat. Commun. 13, 6831 (2022), doi:10.1038/s41467-022-34308-3", fault_tolerance},
    ValidationRow{
        "flat-meshes",
        "at equal errors a mesh loses fidelity with its couplers per mode: N/2 of them in a rectangle, "
        "(log₂ N)/2 in a butterfly: F = exp(−(6 couplers/N + 1)σ²) for splitters and phases alike",
        "the next order of the expansion, and the phase that all shifters share: (2 couplers/N + 1)σ²/N",
        "Fang et al., Opt. Express 27, 14009 (2019), doi:10.1364/OE.27.014009", flat_meshes},
};

}  // namespace

std::span<const ValidationRow> crossing_rows() { return rows; }

}  // namespace fringe
