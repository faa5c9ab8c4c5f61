// Errors that splitters share: those of one coupler alike, all of them alike, and those of another
// wavelength.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numeric>
#include <tuple>

#include "core/units.hpp"
#include "photonics/haar.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/wdm.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// E² where the two splitters of a coupler are off by σ each, with correlation ρ. Seen from the coupler's
/// input their generators are X and cos θ·X + sin θ·Z, X and Z Pauli matrices: 4σ²(1 + ρ·cos θ) together, and
/// rank k has the mean (k−1)/(k+1) of cos θ.
double alike_in_pairs(const std::vector<std::size_t>& ranks, std::size_t modes, double sigma, double rho) {
  double sum = 0;
  for (const std::size_t rank : ranks) {
    const auto k = static_cast<double>(rank);
    sum += 4 * sigma * sigma * (1 + rho * (k - 1) / (k + 1));
  }
  return sum / static_cast<double>(modes);
}

std::vector<ValidationCase> correlated_splitters(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  constexpr double sigma = 0.005;
  for (const Topology* t : neighbour_topologies())
    for (const auto& [modes, full] : {std::pair<std::size_t, std::size_t>{8, 3200}, {32, 480}})
      for (const double rho : {0.0, 0.5, 1.0}) {
        const std::size_t n = modes;
        const double law = alike_in_pairs(haar_ranks(t->name, t->build(n)), n, sigma, rho);
        cases.push_back(
            {{{fmt::format("{}, σ = {}, ρ = {}: E", mesh_label(*t, n), sigma, rho), std::sqrt(law),
               law * law / (2 * std::sqrt(law))}},
             [t, n, rho, draws = size.draws(full)](Gallery& gallery) {
               const MeshLayout layout = t->build(n);
               return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
                 const auto u = gallery_unitary(n, draw);
                 const FabricatedMesh mesh =
                     fabricate(layout, {.splitter_sigma_rad = sigma, .splitter_correlation = rho},
                               gallery_seed, draw, 0);
                 return std::vector<double>{
                     likeness(layout, t->decompose(square_view(u)), mesh, u).error_squared};
               }))[0])};
             }});
      }
  return cases;
}

/// What light of a wavelength finds wrong, to second order.
struct Detuned {
  double error_squared;  ///< E²
  double infidelity;     ///< 1 − |tr(U†A)/N|²: without the phase that all modes share
};

/// A Haar mesh whose splitters are all off by δ and whose phases are all longer by the share ε. Its matrix is
/// U·exp(iG), G the sum of every part's generator carried to the inputs, and N·E² = ⟨tr G²⟩. Seen from its
/// own input a coupler adds δ·((1 + cos θ)·X + sin θ·Z) and ε·(φ·P + θ/2·(1 − Y)), P the projector on its
/// upper mode. A uniform φ leaves of what earlier parts added (`left`) only the diagonal, which goes through
/// couplers as power does. Of rank k, cos²(θ/2) has the distribution xᵏ: its mean is k/(k+1), that of sin θ
/// 2k·B(k+½, 3/2); θ has the distribution function 1 − cos²ᵏ(θ/2).
Detuned detuned(const std::vector<std::size_t>& ranks, const MeshLayout& layout, double delta,
                double epsilon) {
  struct Angle {
    double mean = 0, square = 0;
  };
  std::vector<Angle> angles(layout.modes);  // of each rank: ∫P(> θ), 2∫θ·P(> θ), by the midpoint rule
  constexpr int points = 2000;
  for (int i = 0; i < points; ++i) {
    const double theta = pi * (i + 0.5) / points, power = std::pow(std::cos(theta / 2), 2);
    double above = 1;
    for (std::size_t k = 1; k < layout.modes; ++k) {
      above *= power;
      angles[k].mean += above * pi / points;
      angles[k].square += 2 * theta * above * pi / points;
    }
  }
  std::vector<double> left(layout.modes, 0.0);
  double sum = 0, phases = 0, spread = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const auto k = static_cast<double>(ranks[i]);
    const auto& [theta, theta_square] = angles[ranks[i]];
    const double cross = k / (k + 1), bar = 1 - cross;
    const double sine = 2 * k * std::exp(std::lgamma(k + 0.5) + std::lgamma(1.5) - std::lgamma(k + 2));
    double &u = left[layout.couplers[i].upper], &l = left[layout.couplers[i].lower];
    sum += 8 * delta * delta * cross + 2 * delta * epsilon * pi * sine +
           epsilon * epsilon * (4 * pi * pi / 3 + theta_square + pi * theta);
    sum +=
        2 * u * (delta * sine + epsilon * (pi + theta / 2)) + 2 * l * (-delta * sine + epsilon * theta / 2);
    const double above = u + epsilon * pi;
    std::tie(u, l) = std::pair{bar * above + cross * l + delta * sine + epsilon * theta / 2,
                               cross * above + bar * l - delta * sine + epsilon * theta / 2};
    phases += pi + theta;
    spread += pi * pi / 3 + theta_square - theta * theta;
  }
  for (const double mode : left) {  // the phase screen
    sum += epsilon * epsilon * 4 * pi * pi / 3 + 2 * mode * epsilon * pi;
    phases += pi;
    spread += pi * pi / 3;
  }
  const auto n = static_cast<double>(layout.modes);
  return {sum / n, sum / n - epsilon * epsilon * (phases * phases + spread) / (n * n)};
}

std::vector<ValidationCase> common_error(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  static constexpr double delta = 0.002;
  for (const Topology* t : neighbour_topologies())
    for (const auto& [modes, full] : {std::pair<std::size_t, std::size_t>{4, 6400}, {16, 1600}, {64, 160}}) {
      const std::size_t n = modes;
      const MeshLayout layout = t->build(n);
      const double law = detuned(haar_ranks(t->name, layout), layout, delta, 0).error_squared;
      cases.push_back({{{fmt::format("{}, δ = {}: E", mesh_label(*t, n), delta), std::sqrt(law),
                         law * law / (2 * std::sqrt(law))}},
                       [t, layout, n, draws = size.draws(full)](Gallery& gallery) {
                         return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
                           const auto u = gallery_unitary(n, draw);
                           FabricatedMesh mesh = ideal_fabrication(layout);
                           for (auto* angles : {&mesh.alpha_rad, &mesh.beta_rad})
                             std::fill(angles->begin(), angles->end(), delta);
                           return std::vector<double>{
                               likeness(layout, t->decompose(square_view(u)), mesh, u).error_squared};
                         }))[0])};
                       }});
    }
  return cases;
}

constexpr Dispersion dispersion{1550e-9, 4.08e6};
constexpr std::size_t channels = 8;
constexpr double symbol_rate_hz = 10e9;

/// Channels as far from the design wavelength on either side: terms odd in the distance cancel.
std::vector<ValidationCase> wdm(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  const std::vector<double> grid = wdm_grid(dispersion.design_wavelength_m, 100e9, channels);
  for (const Topology* t : neighbour_topologies()) {
    constexpr std::size_t n = 16;
    const MeshLayout layout = t->build(n);
    const std::vector<std::size_t> ranks = haar_ranks(t->name, layout);
    std::vector<Claim> claims;
    double limit = 0;  // between the laws of the inner and the outer half of the channels
    for (std::size_t c = channels / 2; c < channels; ++c) {
      const double away = grid[channels - 1 - c] - grid[c];
      const Detuned law = detuned(ranks, layout, dispersion.splitter_rad_per_m * away / 2,
                                  -away / 2 / dispersion.design_wavelength_m);
      const std::string label = fmt::format("{}, ±{:.2f} nm", mesh_label(*t, n), away / 2 * 1e9);
      claims.push_back({label + ": mean E²", law.error_squared, law.error_squared * law.error_squared});
      claims.push_back({label + ": mean 1 − F", law.infidelity, law.infidelity * law.infidelity});
      if (c == 3 * channels / 4 - 1 || c == 3 * channels / 4) limit += std::sqrt(law.error_squared) / 2;
    }
    constexpr double each = n * n * symbol_rate_hz / 1e9;
    claims.push_back({mesh_label(*t, n) + ": GMAC/s of all channels", channels * each});
    claims.push_back(
        {fmt::format("{}: GMAC/s of those with E ≤ {:.3f}", mesh_label(*t, n), limit), channels * each / 2});
    cases.push_back(
        mean_case(std::move(claims), size.draws(1600), [t, layout, grid, limit](std::uint32_t draw) {
          const auto u = gallery_unitary(n, draw);
          const auto seen = wdm_channels(layout, t->decompose(square_view(u)), ideal_fabrication(layout),
                                         dispersion, grid, square_view(u));
          std::vector<double> values;
          for (std::size_t c = channels / 2; c < channels; ++c) {
            const WdmChannel &a = seen[channels - 1 - c], &b = seen[c];
            values.push_back((a.error * a.error + b.error * b.error) / 2);
            values.push_back(1 - (a.fidelity + b.fidelity) / 2);
          }
          values.push_back(wdm_macs_per_s(seen, n, symbol_rate_hz, 2) / 1e9);
          values.push_back(wdm_macs_per_s(seen, n, symbol_rate_hz, limit) / 1e9);
          return values;
        }));
  }
  return cases;
}

constexpr std::array rows{
    ValidationRow{"splitter-correlation",
                  "the two splitters of an MZI are off by σ each with correlation ρ, nothing corrected: E² = "
                  "(4σ²/N)·Σ(1 + ρ(k−1)/(k+1)) over couplers of rank k: shared errors add up in cross states",
                  "a share E² of E²",
                  "this law: first order in σ; shared errors: Hamerly et al., Nat. Commun. 13, 6831 (2022), "
                  "doi:10.1038/s41467-022-34308-3; ranks: Russell et al., New J. Phys. 19, 033007 (2017)",
                  correlated_splitters},
    ValidationRow{"common-splitter-error",
                  "all splitters are off by the same δ: N·E²/δ² = Σ8⟨cos²(θ/2)⟩ + 2Σ⟨sin θ⟩(D_upper − "
                  "D_lower), D what earlier couplers leave on the two modes, carried along as power is",
                  "a share E² of E²",
                  "this law: first order in δ; ranks: Russell et al., New J. Phys. 19, 033007 (2017), "
                  "doi:10.1088/1367-2630/aa60ed",
                  common_error},
    ValidationRow{
        "wdm",
        "8 channels of 100 GHz through one mesh: splitters off by 4.08 rad/µm of wavelength, phases "
        "as 1/λ. E² by the law of errors that all parts share, F without the phase that all modes "
        "share; throughput is that of one channel times the channels that are good enough",
        "a share E² of E², 1 − F of 1 − F",
        "form: Totovic et al., Sci. Rep. 12, 5605 (2022), doi:10.1038/s41598-022-09370-y; this law: "
        "first order; ranks: Russell et al., New J. Phys. 19, 033007 (2017)",
        wdm},
};

}  // namespace

std::span<const ValidationRow> wavelength_rows() { return rows; }

}  // namespace fringe
