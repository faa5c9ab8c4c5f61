// Gradients that a chip measures on itself.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/units.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/in_situ.hpp"
#include "photonics/mesh_gradient.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// ‖measured − exact‖/‖exact‖ over all phases, squared numerator and denominator.
struct Miss {
  double difference = 0, norm = 0;
};

/// One random program, input and adjoint on a rectangular mesh that loses `loss_db` per MZI; balanced: also
/// where a mode meets none.
Miss miss(std::size_t n, double loss_db, bool balanced, const TapReading& reading, std::uint32_t draw) {
  const Topology& t = find_topology("rectangular");
  const MeshLayout layout = t.build(n);
  const PhaseProgram program = t.decompose(square_view(gallery_unitary(n, draw)));
  const FabricatedMesh mesh =
      fabricate(layout, {.insertion_loss_db = loss_db, .balanced_edges = balanced}, gallery_seed, draw, 0);
  std::vector<float> normals(4 * n);
  fill_normal(normals, {gallery_seed, Purpose::test, draw});
  std::vector<double> x(normals.begin(), normals.begin() + static_cast<std::ptrdiff_t>(2 * n)),
      g(normals.begin() + static_cast<std::ptrdiff_t>(2 * n), normals.end());
  const auto planes = [&](std::vector<double>& z) {
    return Fields<double>{{z.data(), n, 1}, {z.data() + n, n, 1}};
  };
  const auto zero = [&] {
    return PhaseProgram{std::vector<double>(layout.couplers.size()),
                        std::vector<double>(layout.couplers.size()), std::vector<double>(n)};
  };
  PhaseProgram exact = zero(), found = zero();
  const auto a = transfer_matrix(layout, realise<double>(layout, program, mesh));
  MeshGradient<double> gradient(layout);
  gradient.set(program, mesh);
  std::vector<double> fields = x, adjoint = g;
  if (gradient.reversible())
    for (std::size_t r = 0; r < n; ++r) {
      std::complex<double> y = 0;
      for (std::size_t c = 0; c < n; ++c) y += a[r * n + c] * std::complex<double>(x[c], x[n + c]);
      fields[r] = y.real();
      fields[n + r] = y.imag();
    }
  gradient.backward(planes(fields), planes(adjoint), exact);
  InSituGradient taps(layout);
  taps.set(program, mesh);
  taps.measure(planes(x), planes(g), found, reading, {gallery_seed, Purpose::tap_noise, draw});
  Miss sum;
  for (const auto phases : {&PhaseProgram::theta, &PhaseProgram::phi, &PhaseProgram::out})
    for (std::size_t k = 0; k < (exact.*phases).size(); ++k) {
      const double e = (exact.*phases)[k], d = (found.*phases)[k] - e;
      sum.difference += d * d;
      sum.norm += e * e;
    }
  return sum;
}

/// √(⟨difference⟩/⟨norm⟩), with the standard error of the ratio.
Measured relative(const std::vector<std::vector<double>>& drawn) {
  const std::vector<Measured> mean = means(drawn);
  const double ratio = mean[0].value / mean[1].value;
  double square = 0;
  for (const auto& draw : drawn) square += std::pow(draw[0] - ratio * draw[1], 2);
  const double count = static_cast<double>(drawn.size());
  return root({ratio, std::sqrt(square / (count - 1) / count) / mean[1].value, drawn.size()});
}

/// Where every path loses l dB per column, a slope in column j is weak by 1 − 10^(−l·j/10), and slopes of all
/// columns are alike in size: θ and φ of N(N−1)/2 couplers, and N phases of the screen, in column N.
double bias(std::size_t n, double loss_db) {
  double square = 0, phases = 0;
  for (std::size_t j = 1; j <= n; ++j) {
    const double weak = 1 - std::pow(10, -loss_db * static_cast<double>(j) / 10);
    const double count =
        2.0 * static_cast<double>((n - (j + 1) % 2) / 2) + (j == n ? static_cast<double>(n) : 0);
    square += count * weak * weak;
    phases += count;
  }
  return std::sqrt(square / phases);
}

std::vector<ValidationCase> measured_gradient(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  const auto add = [&](std::string label, double expected, double next, Claim::Relation relation,
                       std::size_t full, auto task) {
    cases.push_back(
        {{{std::move(label), expected, next, relation}}, [draws = size.draws(full), task](Gallery& gallery) {
           return std::vector<Measured>{relative(gallery.each(draws, [&](std::uint32_t draw) {
             const Miss m = task(draw);
             return std::vector<double>{m.difference, m.norm};
           }))};
         }});
  };
  const double rounding = 1e-9;  // of differences of intensities, far below any figure here
  add("lossless, N = 16: relative error", rounding, 0, Claim::Relation::at_most, 400,
      [](std::uint32_t draw) { return miss(16, 0, false, {}, draw); });
  for (const double loss : {0.02, 0.05, 0.1, 0.2, 0.5})
    add(fmt::format("{} dB per MZI, balanced, N = 16: relative error", loss), bias(16, loss), 0,
        Claim::Relation::equals, 3200, [loss](std::uint32_t draw) { return miss(16, loss, true, {}, draw); });
  add("0.1 dB per MZI, balanced, N = 16, undone: relative error", rounding, 0, Claim::Relation::at_most, 400,
      [](std::uint32_t draw) { return miss(16, 0.1, true, {.undone_loss_db = 0.1}, draw); });
  // Edge modes that meet no coupler in a column gain what was not lost: at most half of the columns.
  add("0.1 dB per MZI, bare edges, N = 16, undone: below a tenth", 0.1, 0, Claim::Relation::at_most, 400,
      [](std::uint32_t draw) { return miss(16, 0.1, false, {.undone_loss_db = 0.1}, draw); });
  return cases;
}

constexpr std::array rows{
    ValidationRow{
        "in-situ-measured",
        "intensities at the shifters give the exact gradient on a lossless mesh; where every path loses "
        "l dB per column, slopes of column j come out weak by 1 − 10^(−l·j/10), and the known loss can "
        "be undone",
        "none: slopes of random light are alike in every column",
        "Hughes et al., Optica 5, 864 (2018), doi:10.1364/OPTICA.5.000864, eq. 11; measured: Pai et al., "
        "Science 380, 398 (2023), doi:10.1126/science.ade8450; with loss: this protocol's own algebra",
        measured_gradient},
};

}  // namespace

std::span<const ValidationRow> in_situ_rows() { return rows; }

}  // namespace fringe
