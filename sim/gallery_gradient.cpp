// Gradients of meshes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/units.hpp"
#include "photonics/mesh_gradient.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// A mesh at random phases with losses, and L = ½Σ w·|y|² of its fields y for a batch of random inputs.
struct Slopes {
  MeshLayout layout;
  FabricatedMesh fabricated;
  PhaseProgram program;
  std::size_t batch = 5;
  std::vector<double> x_re, x_im, weight;

  Slopes(const Topology& topology, std::size_t n, double loss_db, bool dead) : layout(topology.build(n)) {
    fabricated = ideal_fabrication(layout);
    std::fill(fabricated.loss_db.begin(), fabricated.loss_db.end(), loss_db);
    if (dead) fabricated.loss_db[layout.couplers.size() / 2] = std::numeric_limits<double>::infinity();
    const auto uniform = [](std::size_t count, std::uint32_t site, double scale, double shift) {
      std::vector<double> numbers(count);
      fill_uniform(numbers, {gallery_seed, Purpose::test, 0, site});
      for (double& number : numbers) number = scale * (number - shift);
      return numbers;
    };
    const std::size_t couplers = layout.couplers.size(), fields = layout.modes * batch;
    program = {uniform(couplers, 0, pi, 0), uniform(couplers, 1, 2 * pi, 0),
               uniform(layout.modes, 2, 2 * pi, 0)};
    x_re = uniform(fields, 3, 2, 0.5), x_im = uniform(fields, 4, 2, 0.5), weight = uniform(fields, 5, 1, 0);
  }

  /// y by the plain product of couplers, independent of the kernels.
  std::vector<std::complex<double>> fields(const PhaseProgram& phases) const {
    const PhysicalMesh<double> mesh = realise<double>(layout, phases, fabricated);
    std::vector<std::complex<double>> y;
    for (std::size_t i = 0; i < x_re.size(); ++i) y.emplace_back(x_re[i], x_im[i]);
    for (std::size_t k = 0; k < layout.couplers.size(); ++k)
      for (std::size_t b = 0; b < batch; ++b) {
        std::complex<double>&upper = y[layout.couplers[k].upper * batch + b],
        &lower = y[layout.couplers[k].lower * batch + b];
        const std::complex<double> u = upper, l = lower;
        upper = mesh.couplers[k][0] * u + mesh.couplers[k][1] * l;
        lower = mesh.couplers[k][2] * u + mesh.couplers[k][3] * l;
      }
    for (std::size_t i = 0; i < y.size(); ++i) y[i] *= mesh.out[i / batch];
    return y;
  }

  double loss(const PhaseProgram& phases) const {
    const auto y = fields(phases);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += weight[i] * std::norm(y[i]) / 2;
    return sum;
  }

  PhaseProgram adjoint() const {
    const auto y = fields(program);
    MeshGradient<double> gradient(layout);
    gradient.set(program, fabricated);
    std::vector<double> f_re = x_re, f_im = x_im, g_re, g_im;
    for (std::size_t i = 0; i < y.size(); ++i) {
      g_re.push_back(weight[i] * y[i].real()), g_im.push_back(weight[i] * y[i].imag());
      if (gradient.reversible()) f_re[i] = y[i].real(), f_im[i] = y[i].imag();
    }
    PhaseProgram slopes{std::vector<double>(program.theta.size()), std::vector<double>(program.phi.size()),
                        std::vector<double>(program.out.size())};
    const auto view = [&](std::vector<double>& plane) {
      return MatrixView<double>(plane.data(), layout.modes, batch);
    };
    gradient.backward({view(f_re), view(f_im)}, {view(g_re), view(g_im)}, slopes);
    return slopes;
  }

  /// Largest difference from (L(p+π/2) − L(p−π/2))/2 over the largest slope, for all phases of a small mesh
  /// and about 32 of each kind of a large one.
  double worst_difference() const {
    const PhaseProgram slopes = adjoint();
    PhaseProgram shifted = program;
    double worst = 0, largest = 0;
    const auto compare = [&](std::vector<double>& phases, const std::vector<double>& slope) {
      const std::size_t stride = phases.size() < 256 ? 1 : phases.size() / 32;
      for (std::size_t i = 0; i < phases.size(); i += stride) {
        const double at = phases[i];
        phases[i] = at + pi / 2;
        const double above = loss(shifted);
        phases[i] = at - pi / 2;
        const double difference = (above - loss(shifted)) / 2;
        phases[i] = at;
        worst = std::max(worst, std::abs(difference - slope[i]));
        largest = std::max(largest, std::abs(difference));
      }
    };
    compare(shifted.theta, slopes.theta);
    compare(shifted.phi, slopes.phi);
    compare(shifted.out, slopes.out);
    return worst / largest;
  }
};

ValidationCase gradient_case(const Topology& t, std::size_t n, double loss_db, bool dead) {
  const MeshLayout layout = t.build(n);
  // Where fields are recomputed backwards they grow by what they lost; from 2⁻¹³ on they are stored instead.
  const double transmission =
      field_transmission_from_loss_db(loss_db * static_cast<double>(layout.columns()));
  const double growth = dead || transmission < 0x1p-13 ? 1 : 1 / transmission;
  // L adds up N modes, of which one phase moves a few.
  const double bound = mesh_rounding(layout) * growth * static_cast<double>(layout.modes);
  const std::string label =
      mesh_label(t, n) + (dead ? ", one dead MZI" : fmt::format(", {} dB per MZI", loss_db));
  return {{{label, bound, 0, Claim::Relation::at_most}}, [&t, n, loss_db, dead](Gallery&) {
            return std::vector<Measured>{{Slopes(t, n, loss_db, dead).worst_difference()}};
          }};
}

std::vector<ValidationCase> gradients(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const Topology& t : topologies())
    for (const auto& [loss_db, dead] : {std::pair{0.0, false}, {0.5, false}, {0.0, true}})
      cases.push_back(gradient_case(t, 8, loss_db, dead));
  if (size.largest_modes >= 256)
    cases.push_back(gradient_case(find_topology("rectangular"), 256, 0.5, false));
  return cases;
}

constexpr std::array rows{
    ValidationRow{"adjoint-gradient",
                  "slopes of every θ, φ and output phase by the adjoint method, against (L(p+π/2) − "
                  "L(p−π/2))/2, which is exact: fields are linear in e^{ip}; with loss and dead MZIs too. "
                  "Largest difference over "
                  "the largest slope",
                  "the bound is rounding: 16 ε per column and mode, grown by the loss",
                  "Hughes et al., Optica 5, 864 (2018), doi:10.1364/OPTICA.5.000864; differences that are "
                  "exact: Taguchi and Ozeki, arXiv:2310.03746",
                  gradients},
};

}  // namespace

std::span<const ValidationRow> gradient_rows() { return rows; }

}  // namespace fringe
