// What uncorrected errors do to a mesh: splitters, phases, their resolution.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/units.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/phase_drive.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

struct MeshCase {
  std::size_t modes;
  double strength;
  std::size_t draws;
};

std::string strength_label(const Topology& t, const MeshCase& c, std::string_view strength) {
  return fmt::format("{}, {} = {}", mesh_label(t, c.modes), strength, c.strength);
}

/// Each draw is a chip with a Haar target of its own.
Likeness chip(const Topology& t, const MeshLayout& layout, const MeshImperfections& strengths,
              std::uint32_t draw) {
  const auto u = gallery_unitary(layout.ports(), draw);
  const PhaseProgram asked = quantise(t.decompose(square_view(u)), strengths.phase_bits);
  return likeness(layout, asked, fabricate(layout, strengths, gallery_seed, draw, 0), u);
}

/// E, where no light can hide in dark modes, and F.
ValidationCase error_case(const Topology& t, std::string label, const MeshImperfections& strengths,
                          const MeshLayout& layout, Claim error, Claim fidelity, std::size_t draws) {
  const bool bright = layout.dark_modes == 0;
  error.label = label + ": E", fidelity.label = label + ": F";
  std::vector<Claim> claims;
  if (bright) claims.push_back(error);
  claims.push_back(fidelity);
  return {
      std::move(claims), [&t, strengths, layout, bright, draws](Gallery& gallery) {
        std::vector<Measured> found = means(gallery.each(draws, [&](std::uint32_t draw) {
          const Likeness l = chip(t, layout, strengths, draw);
          return bright ? std::vector<double>{l.error_squared, l.fidelity} : std::vector<double>{l.fidelity};
        }));
        if (bright) found[0] = root(found[0]);
        return found;
      }};
}

/// A claim on √x from one on x.
Claim root_of(double law, double next_order) {
  return {"", std::sqrt(law), next_order / (2 * std::sqrt(law))};
}

std::vector<ValidationCase> splitters(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : universal_topologies())
    for (const MeshCase& c : {MeshCase{8, 0.02, 1600}, {32, 0.02, 480}, {128, 0.01, 48}}) {
      if (c.modes > size.largest_modes) continue;
      const MeshLayout layout = t->build(c.modes);
      const Depth d = depth(layout);
      const double variance = c.strength * c.strength, x = d.couplers * variance;
      const double next = std::pow(d.spread * variance, 2);
      cases.push_back(error_case(
          *t, strength_label(*t, c, "σ"), mesh_errors(c.strength), layout, root_of(2 * x, x * x + next),
          {"", std::exp(-2 * x), next + 4 * variance * variance}, size.draws(c.draws)));
    }
  // Far from small: most of the light is lost to other modes.
  const Topology& t = find_topology("rectangular");
  const MeshCase poor{64, 0.06, 240};
  const MeshLayout layout = t.build(poor.modes);
  const Depth d = depth(layout);
  const double variance = poor.strength * poor.strength;
  cases.push_back(mean_case({{strength_label(t, poor, "σ") + ": F", std::exp(-2 * d.couplers * variance),
                              std::pow(d.spread * variance, 2)}},
                            size.draws(poor.draws), [&t, layout, poor](std::uint32_t draw) {
                              return std::vector<double>{
                                  chip(t, layout, mesh_errors(poor.strength), draw).fidelity};
                            }));
  return cases;
}

std::vector<ValidationCase> phases(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : universal_topologies())
    for (const MeshCase& c : {MeshCase{8, 0.05, 1600}, {32, 0.03, 480}, {128, 0.015, 48}}) {
      if (c.modes > size.largest_modes) continue;
      const MeshLayout layout = t->build(c.modes);
      const double variance = c.strength * c.strength, met = depth(layout).phases, x = met * variance;
      const double common = met / static_cast<double>(c.modes) * variance;
      cases.push_back(error_case(*t, strength_label(*t, c, "σ"), mesh_errors(0, c.strength), layout,
                                 root_of(x, x * x / 2), {"", std::exp(-x), x * x / 4 + common},
                                 size.draws(c.draws)));
    }
  return cases;
}

std::vector<ValidationCase> bits(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  // Meshes with spare couplers hold them in the bar state, at phases that no rounding moves.
  for (const Topology* t : neighbour_topologies())
    for (const auto& [n, b, draws] :
         {std::tuple<std::size_t, int, std::size_t>{8, 6, 1600}, {32, 8, 480}, {32, 14, 480}, {128, 9, 48}}) {
      if (n > size.largest_modes) continue;
      const MeshLayout layout = t->build(n);
      const double step = 2 * pi / std::ldexp(1.0, b), m = static_cast<double>(n);
      const double x = m * step * step / 12;
      const Claim error = root_of(x, x * x / 2 + x * m * step * step / 16);
      cases.push_back(
          {{{fmt::format("{}, {} bits: E", mesh_label(*t, n), b), error.expected, error.next_order}},
           [t, layout, strengths = mesh_errors(0, 0, b), n = size.draws(draws)](Gallery& gallery) {
             return std::vector<Measured>{root(means(gallery.each(n, [&](std::uint32_t draw) {
               return std::vector<double>{chip(*t, layout, strengths, draw).error_squared};
             }))[0])};
           }});
    }
  return cases;
}

struct Figure {
  double sigma, fidelity;
};
constexpr std::array published{Figure{0.005, 0.9686}, Figure{0.01, 0.8802}, Figure{0.015, 0.7499},
                               Figure{0.02, 0.5991}};

/// From angles that are off by a normal error to amplitudes cos(π/4+α) that are.
void amplitudes_for_angles(std::vector<double>& angles) {
  for (double& angle : angles) angle = std::acos((1 - angle) / std::sqrt(2.0)) - pi / 4;
}

/// Splitters and phases at once. One Haar target serves the four strengths of a draw.
std::vector<ValidationCase> fang(const GallerySize& size) {
  constexpr std::size_t n = 256;
  if (n > size.largest_modes) return {};
  std::vector<Claim> claims;
  for (const Figure& f : published) {
    claims.push_back({fmt::format("rectangular, N = {}, σ = {}: F", n, f.sigma), f.fidelity, 0.00005});
  }
  return {mean_case(std::move(claims), size.draws(160), [](std::uint32_t draw) {
    const Topology& t = find_topology("rectangular");
    const MeshLayout layout = t.build(n);
    const auto u = gallery_unitary(n, draw);
    const PhaseProgram program = t.decompose(square_view(u));
    std::vector<double> fidelities;
    for (const Figure& f : published) {
      FabricatedMesh mesh =
          fabricate(layout, mesh_errors(std::sqrt(2.0) * f.sigma, f.sigma), gallery_seed, draw, 0);
      amplitudes_for_angles(mesh.alpha_rad);
      amplitudes_for_angles(mesh.beta_rad);
      fidelities.push_back(likeness(layout, program, mesh, u).fidelity);
    }
    return fidelities;
  })};
}

constexpr std::array rows{
    ValidationRow{"splitter-errors",
                  "splitters off by σ, nothing corrected: E = √(2c)·σ, F = exp(−2cσ²), where light meets c "
                  "couplers on average (N−1 in rectangular and triangular meshes alike)",
                  "E: x² for x = cσ²; both: (s·σ²)² for ways that are up to s couplers longer or shorter, "
                  "and the trace's variance 4σ⁴",
                  "Hamerly et al., Phys. Rev. Applied 18, 024018 (2022), arXiv:2106.04363; equal for both "
                  "meshes: Flamini et al., Sci. Rep. 7, 15133 (2017), doi:10.1038/s41598-017-15174-2",
                  splitters},
    ValidationRow{"phase-errors",
                  "all θ, φ and output phases off by σ: E = √p·σ, F = exp(−pσ²), where light meets p phases "
                  "on average (N in rectangular and triangular meshes alike)",
                  "x²/2 and x²/4 for x = pσ²; F: pσ²/N for the phase that all shifters share",
                  "Flamini et al., Sci. Rep. 7, 15133 (2017), doi:10.1038/s41598-017-15174-2; Fang et al., "
                  "Opt. Express 27, 14009 (2019), doi:10.1364/OE.27.014009",
                  phases},
    ValidationRow{"phase-bits",
                  "phases of b bits over 2π: rounding noise Δ²/12, so E = √N·2π/(√12·2ᵇ) = √N·1.814/2ᵇ",
                  "as for phase errors, and the share N·Δ²/16 of couplers within half a step of the cross "
                  "state",
                  "rounding noise: Widrow and Kollár, Quantization Noise (Cambridge, 2008); phases met: "
                  "Flamini et al., Sci. Rep. 7, 15133 (2017), doi:10.1038/s41598-017-15174-2",
                  bits},
    ValidationRow{"fang-fidelity",
                  "a rectangular mesh of 256 modes whose phases are off by σ and whose splitters' amplitudes "
                  "are off by σ "
                  "(about √2·σ in angle)",
                  "half of the last printed digit",
                  "Fang et al., Opt. Express 27, 14009 (2019), doi:10.1364/OE.27.014009", fang},
};

}  // namespace

std::span<const ValidationRow> error_rows() { return rows; }

}  // namespace fringe
