// Random unitaries: their matrix elements, and the phases that meshes need for them.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <deque>
#include <map>

#include "core/units.hpp"
#include "photonics/decompose.hpp"
#include "photonics/haar.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// C(2k, k)/4ᵏ, the mean of cos²ᵏ over all angles.
double central_binomial(std::size_t k) {
  double value = 1;
  for (std::size_t i = 1; i <= k; ++i)
    value *= (2 * static_cast<double>(i) - 1) / (2 * static_cast<double>(i));
  return value;
}

std::vector<ValidationCase> elements(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const std::size_t n : {2, 5, 16}) {
    const auto m = static_cast<double>(n);
    const auto label = [&](const char* what) { return fmt::format("N = {}: {}", n, what); };
    cases.push_back(mean_case({{label("unitary, mean |u|⁴"), 2 / (m * (m + 1))},
                               {label("unitary, mean |tr U|²"), 1},
                               {label("unitary, mean |tr U²|²"), 2},
                               {label("orthogonal, mean o⁴"), 3 / (m * (m + 2))},
                               {label("orthogonal, mean (tr O)²"), 1}},
                              size.draws(16000), [n](std::uint32_t draw) {
                                const auto u = gallery_unitary(n, draw);
                                const auto o = haar_orthogonal(n, {gallery_seed, Purpose::haar, draw, 1});
                                double unitary = 0, orthogonal = 0, real_trace = 0;
                                std::complex<double> trace = 0, square = 0;
                                for (std::size_t r = 0; r < n; ++r) {
                                  trace += u[r * n + r];
                                  real_trace += o[r * n + r];
                                  for (std::size_t c = 0; c < n; ++c) {
                                    unitary += std::pow(std::abs(u[r * n + c]), 4);
                                    orthogonal += std::pow(o[r * n + c], 4);
                                    square += u[r * n + c] * u[c * n + r];
                                  }
                                }
                                const auto count = static_cast<double>(n * n);
                                return std::vector<double>{unitary / count, std::norm(trace),
                                                           std::norm(square), orthogonal / count,
                                                           real_trace * real_trace};
                              }));
  }
  return cases;
}

/// What one topology's phases are held against.
ValidationCase phases_of(const Topology& t, std::size_t n, std::size_t draws) {
  const MeshLayout layout = t.build(n);
  const std::vector<std::size_t> ranks = haar_ranks(t.name, layout);
  double crossing = 0, theta = 0;
  for (const std::size_t k : ranks) {
    crossing += static_cast<double>(k) / static_cast<double>(k + 1) / static_cast<double>(ranks.size());
    theta += pi * central_binomial(k) / static_cast<double>(ranks.size());
  }
  const std::string label = mesh_label(t, n);
  std::vector<Claim> claims{{label + ": mean cos²(θ/2)", crossing},
                            {label + ": mean θ [rad]", theta},
                            kolmogorov_claim(label + ": √n·D of cos²(θ/2)"),
                            kolmogorov_claim(label + ": √n·D of φ"),
                            kolmogorov_claim(label + ": √n·D of output phases")};
  return {std::move(claims), [&t, n, draws, ranks](Gallery& gallery) {
            const std::size_t couplers = ranks.size();
            // Per draw: the two means, then all couplers' ratios, φ and output phases as uniform numbers.
            const auto drawn = gallery.each(draws, [&](std::uint32_t draw) {
              const PhaseProgram program = t.decompose(square_view(gallery_unitary(n, draw)));
              std::vector<double> numbers(2);
              for (std::size_t k = 0; k < couplers; ++k) {
                const double crossed = std::pow(std::cos(program.theta[k] / 2), 2);
                numbers[0] += crossed / static_cast<double>(couplers);
                numbers[1] += program.theta[k] / static_cast<double>(couplers);
                numbers.push_back(std::pow(crossed, static_cast<double>(ranks[k])));
              }
              for (const double phase : program.phi) numbers.push_back(phase / (2 * pi));
              for (const double phase : program.out) numbers.push_back(phase / (2 * pi));
              return numbers;
            });
            std::vector<std::vector<double>> averages;
            std::array<std::vector<double>, 3> samples;
            for (const auto& numbers : drawn) {
              averages.push_back({numbers[0], numbers[1]});
              for (std::size_t i = 2; i < numbers.size(); ++i)
                samples[std::min<std::size_t>((i - 2) / couplers, 2)].push_back(numbers[i]);
            }
            std::vector<Measured> found = means(averages);
            for (auto& set : samples) found.push_back({kolmogorov(std::move(set)), 0, draws});
            return found;
          }};
}

std::vector<ValidationCase> phases(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology* t : neighbour_topologies())
    for (const auto& [n, draws] : {std::pair<std::size_t, std::size_t>{9, 4000}, {32, 800}, {128, 64}})
      if (n <= size.largest_modes) cases.push_back(phases_of(*t, n, size.draws(draws)));
  return cases;
}

/// P(share ≤ x) of Beta(a, b) for whole a and b: of a+b−1 uniform numbers at least a are below x.
double beta_distribution(std::size_t a, std::size_t b, double x) {
  const std::size_t n = a + b - 1;
  double sum = 0, binomial = 1;
  for (std::size_t j = 0; j <= n; ++j) {
    if (j >= a)
      sum += binomial * std::pow(x, static_cast<double>(j)) * std::pow(1 - x, static_cast<double>(n - j));
    binomial *= static_cast<double>(n - j) / static_cast<double>(j + 1);
  }
  return sum;
}

/// Modes that each coupler of the cascaded trees gathers: behind its upper and its lower input.
std::vector<std::array<std::size_t, 2>> gathered_modes(const MeshLayout& layout) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::deque<std::array<std::size_t, 2>>> of_pair;
  for (std::size_t tree = 0; tree + 1 < layout.modes; ++tree) {
    std::vector<std::size_t> gathered(layout.modes, 1);
    for (const Coupler& c : tree_couplers(layout.modes, tree)) {
      of_pair[{c.upper, c.lower}].push_back({gathered[c.upper], gathered[c.lower]});
      gathered[c.upper] += gathered[c.lower];
    }
  }
  std::vector<std::array<std::size_t, 2>> result;
  for (const Coupler& c : layout.couplers) {  // light meets the couplers of one pair tree by tree
    auto& trees = of_pair[{c.upper, c.lower}];
    result.push_back(trees.front());
    trees.pop_front();
  }
  return result;
}

std::vector<ValidationCase> trees(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const auto& [modes, draws] : {std::pair<std::size_t, std::size_t>{7, 4000}, {16, 1600}, {64, 160}}) {
    if (modes > size.largest_modes) continue;
    const std::size_t n = modes;
    const Topology& t = find_topology("cascaded-trees");
    const auto gathered = gathered_modes(t.build(n));
    double crossing = 0;
    for (const auto& [upper, lower] : gathered)
      crossing += static_cast<double>(lower) / static_cast<double>((upper + lower) * gathered.size());
    const std::string label = mesh_label(t, n);
    cases.push_back(
        {{{label + ": mean cos²(θ/2)", crossing}, kolmogorov_claim(label + ": √n·D of cos²(θ/2)")},
         [&t, n, gathered, draws = size.draws(draws)](Gallery& gallery) {
           const auto drawn = gallery.each(draws, [&](std::uint32_t draw) {
             const PhaseProgram program = t.decompose(square_view(gallery_unitary(n, draw)));
             std::vector<double> numbers(1);
             for (std::size_t k = 0; k < gathered.size(); ++k) {
               const double crossed = std::pow(std::cos(program.theta[k] / 2), 2);
               numbers[0] += crossed / static_cast<double>(gathered.size());
               numbers.push_back(beta_distribution(gathered[k][1], gathered[k][0], crossed));
             }
             return numbers;
           });
           std::vector<std::vector<double>> averages;
           std::vector<double> samples;
           for (const auto& numbers : drawn) {
             averages.push_back({numbers[0]});
             samples.insert(samples.end(), numbers.begin() + 1, numbers.end());
           }
           return std::vector<Measured>{means(averages)[0], {kolmogorov(std::move(samples)), 0, draws}};
         }});
  }
  return cases;
}

/// Mean of |u_rc|²·(r−c)² over a mesh whose couplers cross half of the light on average, at uniform φ: ways
/// don't interfere on average, so light walks as particles do.
double walked_distance(const MeshLayout& layout) {
  const std::size_t n = layout.modes;
  double sum = 0;
  for (std::size_t source = 0; source < n; ++source) {
    std::vector<double> light(n, 0.0);
    light[source] = 1;
    for (const Coupler& c : layout.couplers)
      light[c.upper] = light[c.lower] = (light[c.upper] + light[c.lower]) / 2;
    for (std::size_t r = 0; r < n; ++r)
      sum += light[r] * std::pow(static_cast<double>(r) - static_cast<double>(source), 2);
  }
  return sum / static_cast<double>(n);
}

double distance(const std::vector<std::complex<double>>& u, std::size_t n) {
  double sum = 0;
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c)
      sum += std::norm(u[r * n + c]) * std::pow(static_cast<double>(r) - static_cast<double>(c), 2);
  return sum / static_cast<double>(n);
}

/// How far from its input light comes out: at random phases, and of random matrices.
std::vector<ValidationCase> random_phases(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const std::size_t n : {16, 64}) {
    const Topology& t = find_topology("rectangular");
    const MeshLayout layout = t.build(n);
    const double even = (static_cast<double>(n * n) - 1) / 6, walked = walked_distance(layout);
    const std::string label = mesh_label(t, n);
    cases.push_back(mean_case(
        {{label + ", random phases: ⟨(r−c)²⟩", walked}, {label + ", random matrix: ⟨(r−c)²⟩", even}},
        size.draws(n < 64 ? 1600 : 160), [layout, n](std::uint32_t draw) {
          PhaseProgram program{std::vector<double>(layout.couplers.size()),
                               std::vector<double>(layout.couplers.size()), std::vector<double>(n)};
          fill_uniform(program.theta, {gallery_seed, Purpose::test, draw, 3});
          fill_uniform(program.phi, {gallery_seed, Purpose::test, draw, 4});
          for (double& theta : program.theta) theta *= pi;
          for (double& phi : program.phi) phi *= 2 * pi;
          const auto a = transfer_matrix(layout, realise<double>(layout, program, ideal_fabrication(layout)));
          return std::vector<double>{distance(a, n), distance(gallery_unitary(n, draw), n)};
        }));
  }
  return cases;
}

constexpr std::array rows{
    ValidationRow{"haar-elements", "elements and traces of random unitary and orthogonal matrices",
                  "none: exact moments",
                  "Mezzadri, Notices AMS 54, 592 (2007), arXiv:math-ph/0609050; Diaconis and Shahshahani, "
                  "J. Appl. Probab. 31A, 49 (1994)",
                  elements},
    ValidationRow{
        "haar-phases",
        "phases of Haar-random unitaries: P(cos²(θ/2) ≤ x) = xᵏ for the N−k couplers of rank k, φ "
        "and output phases uniform; so the mean of θ is π·C(2k,k)/4ᵏ. D: largest distance of n samples' "
        "distribution from the law",
        "none: exact laws; distributions may be off by what chance allows at 1e-6",
        "Russell et al., New J. Phys. 19, 033007 (2017), doi:10.1088/1367-2630/aa60ed; skew towards "
        "the cross state: Burgwal et al., Opt. Express 25, 28236 (2017), doi:10.1364/OE.25.028236",
        phases},
    ValidationRow{"haar-trees",
                  "cascaded binary trees: a coupler that gathers a modes above and b below crosses a share "
                  "of Beta(b, a), as the powers of a random vector are uniform on the simplex",
                  "none: exact law; distributions may be off by what chance allows at 1e-6",
                  "trees: Miller, Photonics Research 1, 1 (2013), doi:10.1364/PRJ.1.000001; vectors: "
                  "Wootters, Found. Phys. 20, 1365 (1990), doi:10.1007/BF01883491",
                  trees},
    ValidationRow{
        "random-phases",
        "uniform θ and φ don't make random matrices but banded ones: light spreads over some √N modes; "
        "⟨(r−c)²⟩, weighted by |u|², is that of a random walk, against (N²−1)/6 for Haar-random matrices",
        "none: exact means",
        "Pai et al., Phys. Rev. Applied 11, 064044 (2019), doi:10.1103/PhysRevApplied.11.064044",
        random_phases},
};

}  // namespace

std::span<const ValidationRow> haar_rows() { return rows; }

}  // namespace fringe
