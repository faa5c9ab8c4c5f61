// Programming an ideal mesh: its size, the round trip of decompositions, the gain of a core.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/units.hpp"
#include "photonics/haar.hpp"
#include "photonics/svd_core.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

std::vector<ValidationCase> sizes(const GallerySize&) {
  std::vector<ValidationCase> cases;
  for (const auto& [name, modes] : {std::pair<std::string_view, std::size_t>{"rectangular", 2},
                                    {"rectangular", 9},
                                    {"rectangular", 1024},
                                    {"triangular", 2},
                                    {"triangular", 9},
                                    {"triangular", 1024}}) {
    const Topology& t = find_topology(name);
    const std::size_t n = modes;
    const auto m = static_cast<double>(n);
    const double columns = n == 2 ? 1 : name == "rectangular" ? m : 2 * m - 3;
    cases.push_back(
        {{{mesh_label(t, n) + ": columns", columns}, {mesh_label(t, n) + ": MZIs", m * (m - 1) / 2}},
         [&t, n](Gallery&) {
           const MeshLayout layout = t.build(n);
           return std::vector<Measured>{{static_cast<double>(layout.columns())},
                                        {static_cast<double>(layout.couplers.size())}};
         }});
  }
  return cases;
}

struct Target {
  std::string_view name;
  std::vector<std::complex<double>> (*make)(std::size_t n);
};

std::vector<std::complex<double>> haar_target(std::size_t n) { return gallery_unitary(n, 0); }
std::vector<std::complex<double>> orthogonal_target(std::size_t n) {
  const auto real = haar_orthogonal(n, {gallery_seed, Purpose::haar, 0});
  return {real.begin(), real.end()};
}
std::vector<std::complex<double>> identity_target(std::size_t n) {
  std::vector<std::complex<double>> u(n * n);
  for (std::size_t i = 0; i < n; ++i) u[i * n + i] = 1;
  return u;
}
/// A cyclic shift: all light crosses or none.
std::vector<std::complex<double>> permutation_target(std::size_t n) {
  std::vector<std::complex<double>> u(n * n);
  for (std::size_t i = 0; i < n; ++i) u[i * n + (i + 1) % n] = 1;
  return u;
}
/// The discrete Fourier transform.
std::vector<std::complex<double>> fourier_target(std::size_t n) {
  std::vector<std::complex<double>> u(n * n);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c)
      u[r * n + c] = std::polar(1 / std::sqrt(static_cast<double>(n)),
                                2 * pi * static_cast<double>(r * c % n) / static_cast<double>(n));
  return u;
}

constexpr std::array targets{Target{"Haar", haar_target}, Target{"orthogonal", orthogonal_target},
                             Target{"identity", identity_target}, Target{"cyclic shift", permutation_target},
                             Target{"Fourier", fourier_target}};

ValidationCase round_trip_of(const Topology& t, std::size_t n, std::span<const Target> wanted) {
  std::string label = fmt::format("{}: E, {}", mesh_label(t, n), wanted.front().name);
  if (wanted.size() > 1) label = fmt::format("{}: E, worst of {}", mesh_label(t, n), wanted.size());
  return {{{label, mesh_rounding(t.build(n)), 0, Claim::Relation::at_most}},
          [&t, n, wanted](Gallery& gallery) {
            const MeshLayout layout = t.build(n);
            const FabricatedMesh ideal = ideal_fabrication(layout);
            const auto errors = gallery.each(wanted.size(), [&](std::uint32_t i) {
              const auto u = wanted[i].make(n);
              return std::vector<double>{
                  std::sqrt(likeness(layout, t.decompose(square_view(u)), ideal, u).error_squared)};
            });
            double worst = 0;
            for (const auto& error : errors) worst = std::max(worst, error[0]);
            return std::vector<Measured>{{worst}};
          }};
}

std::vector<ValidationCase> round_trips(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : universal_topologies()) {
    for (const std::size_t n : {2, 3, 33}) cases.push_back(round_trip_of(*t, n, targets));
    for (const std::size_t n : {64, 256, 1024})
      if (n <= size.largest_modes)
        cases.push_back(round_trip_of(*t, n, std::span(targets).first(n > 64 ? 1 : targets.size())));
  }
  return cases;
}

/// σ²_max of an n×n matrix of standard normals: μ + σ·TW₁, with the centre and scale of Johnstone 2001 and
/// the mean −1.2065 of the Tracy–Widom law of order 1.
std::vector<ValidationCase> gaussian_cores(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const auto& [modes, draws] : {std::pair<std::size_t, std::size_t>{16, 1600}, {64, 160}}) {
    const std::size_t n = modes;
    const auto m = static_cast<double>(n);
    const double edge = std::sqrt(m - 1) + std::sqrt(m);
    const double scale = edge * std::cbrt(1 / std::sqrt(m - 1) + 1 / std::sqrt(m));
    const double largest = edge * edge - 1.2065 * scale;
    const double correction = scale * std::pow(m, -2.0 / 3);
    cases.push_back(
        mean_case({{fmt::format("N = {}: mean σ²_max/N", n), largest / m, correction / m}}, size.draws(draws),
                  [n](std::uint32_t draw) {
                    std::vector<float> normals(n * n);
                    fill_normal(normals, {gallery_seed, Purpose::initial_weights, draw});
                    const std::vector<double> w(normals.begin(), normals.end());
                    const CoreProgram core = program_core(find_topology("rectangular"), {w.data(), n, n}, n);
                    return std::vector<double>{core.gain * core.gain / static_cast<double>(n)};
                  }));
  }
  return cases;
}

constexpr std::array rows{
    ValidationRow{"mesh-size", "columns N (rectangular) and 2N−3 (triangular), N(N−1)/2 MZIs", "none: exact",
                  "Clements et al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460; Reck et al., Phys. "
                  "Rev. Lett. 73, 58 (1994), doi:10.1103/PhysRevLett.73.58",
                  sizes},
    ValidationRow{"round-trip",
                  "every universal mesh realises any unitary: Haar, real orthogonal, identity, permutation, "
                  "Fourier; from N = 2 over odd N up to the largest",
                  "the bound is rounding: 16 ε per column",
                  "Reck et al., Phys. Rev. Lett. 73, 58 (1994), doi:10.1103/PhysRevLett.73.58; Clements et "
                  "al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460",
                  round_trips},
    ValidationRow{"gaussian-core",
                  "the largest singular value of a random matrix, the gain of its core: (√(N−1)+√N)² and the "
                  "mean of the Tracy–Widom law",
                  "the law's error at finite N, a share N^{-2/3} of its width",
                  "Johnstone, Ann. Statist. 29, 295 (2001), doi:10.1214/aos/1009210544", gaussian_cores},
};

}  // namespace

std::span<const ValidationRow> programming_rows() { return rows; }

}  // namespace fringe
