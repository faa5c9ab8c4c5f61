// What descent on all phases of a known chip gains over correcting coupler by coupler, and what spare columns
// do.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "photonics/correction.hpp"
#include "photonics/gradient_programming.hpp"
#include "photonics/imperfections.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

/// log₁₀(1 − F) of one chip and target, down to 1e-9: each coupler corrected; all phases optimised from
/// there; optimised on a mesh with N/2 columns more.
std::vector<double> infidelities(std::size_t n, double sigma, std::uint32_t draw) {
  const auto u = gallery_unitary(n, draw);
  std::vector<double> found;
  const auto note = [&](const MeshLayout& layout, const PhaseProgram& program, const FabricatedMesh& chip) {
    found.push_back(std::log10(std::max(1e-9, 1 - likeness(layout, program, chip, u).fidelity)));
  };
  for (const char* name : {"rectangular", "redundant-rectangular"}) {
    const Topology& t = find_topology(name);
    const MeshLayout layout = t.build(n);
    const FabricatedMesh chip = fabricate(layout, mesh_errors(sigma), gallery_seed, draw, 0);
    PhaseProgram start = random_start(layout, {gallery_seed, Purpose::test, draw, 5});
    if (found.empty()) {
      start = correct_locally(layout, t.decompose(square_view(u)), chip);
      note(layout, start, chip);
    }
    note(layout, program_from_target(layout, chip, square_view(u), start).program, chip);
  }
  return found;
}

std::vector<ValidationCase> spare_columns(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  using Relation = Claim::Relation;
  for (const double sigma : {0.05, 0.1}) {
    constexpr std::size_t n = 8;
    const std::string label = fmt::format("N = {}, σ = {}: decades of 1 − F less by ", n, sigma);
    cases.push_back(mean_case({{label + "optimising", 0, 0, Relation::at_least},
                               {label + "N/2 columns more", 0, 0, Relation::at_least}},
                              size.draws(160), [sigma](std::uint32_t draw) {
                                const auto found = infidelities(n, sigma, draw);
                                return std::vector<double>{found[0] - found[1], found[1] - found[2]};
                              }));
  }
  return cases;
}

constexpr std::array rows{ValidationRow{
    "spare-columns",
    "where splitters are too poor for a target, numerical optimisation of all phases restores fidelity, and "
    "extra columns of couplers restore more",
    "none: the source's abstract says that they help, not by how much; 1 − F counts as 1e-9 where it is less",
    "Burgwal et al., Opt. Express 25, 28236 (2017), doi:10.1364/OE.25.028236", spare_columns}};

}  // namespace

std::span<const ValidationRow> descent_rows() { return rows; }

}  // namespace fringe
