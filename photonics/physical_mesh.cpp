#include "photonics/physical_mesh.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

void require_size(const char* what, std::size_t size, std::size_t expected) {
  if (size != expected)
    throw Error(std::string(what) + " has " + std::to_string(size) + " entries; the mesh layout needs " +
                std::to_string(expected));
}

template <class Mesh>
auto per_coupler(Mesh& mesh) {
  return std::array{std::pair{"alpha_rad", &mesh.alpha_rad},
                    std::pair{"beta_rad", &mesh.beta_rad},
                    std::pair{"gamma_rad", &mesh.gamma_rad},
                    std::pair{"theta_error_rad", &mesh.theta_error_rad},
                    std::pair{"phi_error_rad", &mesh.phi_error_rad},
                    std::pair{"loss_db", &mesh.loss_db},
                    std::pair{"arm_imbalance_db", &mesh.arm_imbalance_db},
                    std::pair{"upper_path_db", &mesh.upper_path_db},
                    std::pair{"lower_path_db", &mesh.lower_path_db}};
}
template <class Mesh>
auto per_mode(Mesh& mesh) {
  return std::array{std::pair{"out_error_rad", &mesh.out_error_rad},
                    std::pair{"out_path_db", &mesh.out_path_db}};
}

Complex phasor(double phase_rad) { return {std::cos(phase_rad), std::sin(phase_rad)}; }

}  // namespace

FabricatedMesh ideal_fabrication(const MeshLayout& layout, const Crossing& crossing) {
  FabricatedMesh mesh;
  mesh.crossing = &crossing;
  for (const auto& [name, values] : per_coupler(mesh)) values->assign(layout.couplers.size(), 0.0);
  for (const auto& [name, values] : per_mode(mesh)) values->assign(layout.modes, 0.0);
  return mesh;
}

void check_sizes(const MeshLayout& layout, const PhaseProgram& program) {
  require_size("theta", program.theta.size(), layout.couplers.size());
  require_size("phi", program.phi.size(), layout.couplers.size());
  require_size("out", program.out.size(), layout.modes);
}

void check_sizes(const MeshLayout& layout, const FabricatedMesh& fabricated) {
  for (const auto& [name, values] : per_coupler(fabricated))
    require_size(name, values->size(), layout.couplers.size());
  for (const auto& [name, values] : per_mode(fabricated)) require_size(name, values->size(), layout.modes);
}

template <class Real>
PhysicalMesh<Real> realise(const MeshLayout& layout, const PhaseProgram& program,
                           const FabricatedMesh& fabricated) {
  check_sizes(layout, program);
  check_sizes(layout, fabricated);
  const std::size_t count = layout.couplers.size();
  PhysicalMesh<Real> mesh;
  mesh.couplers.resize(count);
  mesh.out.resize(layout.modes);
  for (std::size_t k = 0; k < count; ++k) {
    const Matrix2 t = transfer(*fabricated.crossing, program.theta[k] + fabricated.theta_error_rad[k],
                               program.phi[k] + fabricated.phi_error_rad[k], fabricated.errors(k));
    const double upper = field_transmission_from_loss_db(fabricated.loss_db[k] + fabricated.upper_path_db[k]);
    const double lower = field_transmission_from_loss_db(fabricated.loss_db[k] + fabricated.lower_path_db[k]);
    for (std::size_t e = 0; e < 4; ++e)
      mesh.couplers[k][e] = std::complex<Real>((e % 2 == 0 ? upper : lower) * t[e]);
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    mesh.out[m] = std::complex<Real>(field_transmission_from_loss_db(fabricated.out_path_db[m]) *
                                     phasor(program.out[m] + fabricated.out_error_rad[m]));
  return mesh;
}

template PhysicalMesh<float> realise<float>(const MeshLayout&, const PhaseProgram&, const FabricatedMesh&);
template PhysicalMesh<double> realise<double>(const MeshLayout&, const PhaseProgram&, const FabricatedMesh&);

std::vector<Complex> transfer_matrix(const MeshLayout& layout, const PhysicalMesh<double>& mesh) {
  const std::size_t n = layout.modes;
  require_size("mesh.couplers", mesh.couplers.size(), layout.couplers.size());
  require_size("mesh.out", mesh.out.size(), n);
  std::vector<Complex> matrix(n * n);
  for (std::size_t m = 0; m < n; ++m) matrix[m * n + m] = 1;
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    const auto& t = mesh.couplers[k];
    Complex* upper = &matrix[layout.couplers[k].upper * n];
    Complex* lower = &matrix[layout.couplers[k].lower * n];
    for (std::size_t column = 0; column < n; ++column) {
      const Complex a = upper[column], b = lower[column];
      upper[column] = t[0] * a + t[1] * b;
      lower[column] = t[2] * a + t[3] * b;
    }
  }
  for (std::size_t m = 0; m < n; ++m)
    for (std::size_t column = 0; column < n; ++column) matrix[m * n + column] *= mesh.out[m];
  return matrix;
}

}  // namespace fringe
