#include "photonics/tile_programming.hpp"

#include <algorithm>

#include "photonics/correction.hpp"
#include "photonics/gradient_programming.hpp"
#include "photonics/haar.hpp"

namespace fringe {
namespace {

/// What calibration finds: the splitters. Phase errors are what it leaves behind.
FabricatedMesh known(FabricatedMesh mesh) {
  for (auto* errors : {&mesh.theta_error_rad, &mesh.phi_error_rad, &mesh.out_error_rad})
    std::fill(errors->begin(), errors->end(), 0.0);
  return mesh;
}

}  // namespace

CoreProgram program_for_chip(const PhotonicSetup& setup, const MeshLayout& layout,
                             MatrixView<const double> weights, const PhotonicTile& tile) {
  const PhotonicDesign& design = setup.design;
  const CoreKind& kind = find_core_kind(design.core);
  const Crossing& crossing = find_crossing(design.crossing);
  CoreProgram program =
      program_core(find_topology(design.topology), weights, layout.ports(), kind, design.detection);
  program.gain = 1;
  const bool real = kind.meshes == 2 && design.detection == Detection::homodyne;
  const CorrectionGoal goal = real ? CorrectionGoal::quadrature : CorrectionGoal::field;
  const auto fit = [&](PhaseProgram& mesh, const FabricatedMesh& fabricated) {
    if (setup.corrected)
      mesh = correct_locally(layout, mesh, known(fabricated), goal);
    else if (&crossing != &mzi_crossing())
      mesh = correct_locally(layout, mesh, ideal_fabrication(layout, crossing));
  };
  if (kind.theta_only) return program;
  fit(program.u, tile.fabricated_u());
  if (kind.meshes == 2) fit(program.v, tile.fabricated_v());
  return program;
}

CoreProgram random_program(const PhotonicSetup& setup, const MeshLayout& layout, const Draw& draw) {
  const CoreKind& kind = find_core_kind(setup.design.core);
  const std::size_t n = layout.ports();
  CoreProgram program;
  if (kind.theta_only) {
    const std::vector<double> q = haar_orthogonal(n, draw);
    program = program_core(find_topology(setup.design.topology), {q.data(), n, n}, n, kind);
  } else {
    const FabricatedMesh ideal = ideal_fabrication(layout, find_crossing(setup.design.crossing));
    Draw next = draw;
    ++next.site;
    program.u = correct_locally(layout, random_start(layout, draw), ideal);
    if (kind.meshes == 2) {
      program.v = correct_locally(layout, random_start(layout, next), ideal);
      program.attenuation.assign(n, 1.0);
    }
  }
  program.gain = 1;
  return program;
}

}  // namespace fringe
