#include "photonics/cuda/gradient_tape.hpp"

#include <string>

#include "core/error.hpp"

namespace fringe::ring {

std::vector<std::int32_t> couplers_at(const Map& map) {
  std::vector<std::int32_t> at(std::size_t{map.columns} * pairs * map.lanes, -1);
  for (std::size_t n = 0; n < map.coupler_cell.size(); ++n)
    at[map.coupler_cell[n]] = static_cast<std::int32_t>(n);
  return at;
}

BackTape back_tape_of(const MeshLayout& layout, const Map& map, const PhysicalMesh<double>& mesh) {
  check(layout, mesh);
  const double least = least_field_transmission(layout, mesh);
  if (!(least > least_reversible<float>))
    throw Error(
        "GPU gradient: the mesh leaves " + std::to_string(least) +
        " of a field at its least; the way back from the output in single precision needs more than " +
        std::to_string(least_reversible<float>) + "; MeshGradient on the CPU takes such meshes");
  BackTape tape;
  for (std::size_t i = 0; i < map.mesh_quads(reverse_quads); ++i)
    tape.coefficients.push_back(identity_quad(i, map.lanes));
  const std::size_t stride = std::size_t{pairs} * map.lanes;
  for (std::size_t n = 0; n < mesh.couplers.size(); ++n) {
    const Matrix2& t = mesh.couplers[n];
    const std::complex<double> over = 1.0 / (t[0] * t[3] - t[1] * t[2]);
    Quad* const at = &tape.coefficients[map.quad(n, reverse_quads)];
    at[0] = quad_of(t[3] * over, -t[1] * over);
    at[stride] = quad_of(-t[2] * over, t[0] * over);
    at[2 * stride] = quad_of(std::conj(t[0]), std::conj(t[2]));
    at[3 * stride] = quad_of(std::conj(t[1]), std::conj(t[3]));
  }
  for (std::size_t place = 0; place < map.ring_places(); ++place) {
    const std::int32_t mode = map.leave()[place];
    if (mode < 0) {
      tape.screen.push_back({});
      continue;
    }
    const std::complex<double> out = mesh.out[static_cast<std::size_t>(mode)];
    tape.screen.push_back(quad_of(1.0 / out, std::conj(out)));
  }
  return tape;
}

std::vector<CouplerWeights> coupler_weights(const FabricatedMesh& fabricated) {
  SlopeWeights weights;
  weights.set(fabricated);
  std::vector<CouplerWeights> each(weights.theta[0].size(), {{}, {-1, 0, 0, 0}});
  for (std::size_t n = 0; n < each.size(); ++n) {
    for (std::size_t k = 0; k < 3; ++k) each[n].theta[k] = weights.theta[k][n];
    for (std::size_t k = 0; k < 4 && weights.front(); ++k) each[n].phi[k] = weights.phi[k][n];
  }
  return each;
}

}  // namespace fringe::ring
