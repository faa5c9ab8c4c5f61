// Loss: every MZI takes its share, and ways of unlike length unbalance the mesh.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/units.hpp"
#include "photonics/haar.hpp"
#include "photonics/imperfections.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// Mean of sᶜ over the ways of light through a mesh that holds Haar-random unitaries, for c couplers on the
/// way. φ is uniform and independent of all else, so ways don't interfere on average: light walks as
/// particles do, and crosses a coupler of rank k with probability k/(k+1).
double walk(const MeshLayout& layout, const std::vector<std::size_t>& ranks, double s) {
  std::vector<double> light(layout.modes, 1);
  for (std::size_t i = 0; i < layout.couplers.size(); ++i) {
    const double cross = static_cast<double>(ranks[i]) / static_cast<double>(ranks[i] + 1);
    double &upper = light[layout.couplers[i].upper], &lower = light[layout.couplers[i].lower];
    const double above = upper;
    upper = s * ((1 - cross) * above + cross * lower);
    lower = s * (cross * above + (1 - cross) * lower);
  }
  double sum = 0;
  for (const double each : light) sum += each;
  return sum / static_cast<double>(layout.modes);
}

std::vector<ValidationCase> balance(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const std::string_view name : {"rectangular", "triangular"})
    for (const auto& [modes, decibels, draws] : {std::tuple<std::size_t, double, std::size_t>{8, 0.2, 1600},
                                                 {20, 0.1, 800},
                                                 {20, 0.5, 800},
                                                 {20, 1.0, 800},
                                                 {64, 0.2, 96}}) {
      const Topology& t = find_topology(name);
      const MeshLayout layout = t.build(modes);
      const std::vector<std::size_t> ranks = haar_ranks(t.name, layout);
      const double field = field_transmission_from_loss_db(decibels);
      const double overlap = walk(layout, ranks, field), power = walk(layout, ranks, field * field);
      const double fidelity = overlap * overlap / power;
      const std::string label = fmt::format("{}, {} dB", mesh_label(t, modes), decibels);
      const double n = static_cast<double>(modes);
      cases.push_back(
          mean_case({{label + ": mean tr(U†A)/N", overlap},
                     {label + ": mean tr(A†A)/N", power},
                     {label + ": F", fidelity, (1 - fidelity) * (1 - fidelity) / n}},
                    size.draws(draws), [&t, layout, loss_db = decibels](std::uint32_t draw) {
                      const auto u = gallery_unitary(layout.modes, draw);
                      FabricatedMesh mesh = ideal_fabrication(layout);
                      std::fill(mesh.loss_db.begin(), mesh.loss_db.end(), loss_db);
                      const Likeness l = likeness(layout, t.decompose(square_view(u)), mesh, u);
                      return std::vector<double>{l.overlap, l.transmission, l.fidelity / l.transmission};
                    }));
    }
  return cases;
}

/// Fidelity gained over the triangular mesh that holds the same unitaries, at equal errors.
std::vector<ValidationCase> diamond(const GallerySize&) {
  constexpr std::size_t n = 8, draws = 1600;
  static constexpr double loss = 0.5, sigma = 0.05;
  using Relation = Claim::Relation;
  const std::string because =
      "a unitary programmed exactly lives in one of the two triangles and meets the MZIs of the other "
      "besides; "
      "the source trains a classifier, whose spare phases learn";
  std::vector<Claim> claims{
      {fmt::format("N = {}: MZIs", n), (n - 1) * (n - 1)},
      {fmt::format("N = {}, {} dB: F over triangular", n, loss), 0, 0, Relation::at_least, because},
      {fmt::format("N = {}, phases σ = {}: F over triangular", n, sigma), 0, 0, Relation::at_least, because}};
  return {mean_case(std::move(claims), draws, [](std::uint32_t draw) {
    const auto u = gallery_unitary(n, draw);
    struct {
      double couplers, with_loss, with_errors;
    } found[2];
    for (const bool triangular : {false, true}) {
      const Topology& t = find_topology(triangular ? "triangular" : "diamond");
      const MeshLayout layout = t.build(n);
      const PhaseProgram program = t.decompose(square_view(u));
      FabricatedMesh lossy = ideal_fabrication(layout);
      std::fill(lossy.loss_db.begin(), lossy.loss_db.end(), loss);
      const Likeness dim = likeness(layout, program, lossy, u);
      const FabricatedMesh off = fabricate(layout, mesh_errors(0, sigma), gallery_seed, draw, 0);
      found[triangular] = {static_cast<double>(layout.couplers.size()), dim.fidelity / dim.transmission,
                           likeness(layout, program, off, u).fidelity};
    }
    return std::vector<double>{found[0].couplers, found[0].with_loss - found[1].with_loss,
                               found[0].with_errors - found[1].with_errors};
  })};
}

constexpr std::array rows{
    ValidationRow{
        "loss-balance",
        "equal loss in every MZI; F = |tr U†A|²/(N·tr A†A) stays near 1 where ways are equally long "
        "(rectangular, but for its edges) and falls where they aren't (triangular); the law walks light "
        "through "
        "couplers that cross k/(k+1) of it",
        "F of means for the mean of F: (1−F)²/N, as the spread of tr A†A over targets is of order 1/N",
        "Clements et al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460; Flamini et al., Sci. Rep. 7, "
        "15133 "
        "(2017), doi:10.1038/s41598-017-15174-2; k/(k+1): Russell et al., New J. Phys. 19, 033007 (2017)",
        balance},
    ValidationRow{"diamond-mesh",
                  "(N−1)² MZIs, said to be more robust to loss and phase errors than the N(N−1)/2 of the "
                  "triangular mesh; "
                  "here both hold the same Haar-random unitaries",
                  "none: the source shows accuracies of classifiers",
                  "Shokraneh et al., Opt. Express 28, 23495 (2020), doi:10.1364/OE.395441", diamond}};

}  // namespace

std::span<const ValidationRow> loss_rows() { return rows; }

}  // namespace fringe
