#include "photonics/physical_mesh.hpp"

#include <cmath>
#include <numbers>
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

struct Splitter {
  double bar, cross;  ///< cos and sin of the splitting angle
};

/// Angle π/4 + error; at error 0 both are the same number, so that ideal cross states leak nothing.
Splitter splitter(double error_rad) {
  const double c = std::cos(error_rad), s = std::sin(error_rad);
  return {(c - s) / std::numbers::sqrt2, (c + s) / std::numbers::sqrt2};
}

Complex phasor(double phase_rad) { return {std::cos(phase_rad), std::sin(phase_rad)}; }

std::array<Complex, 4> interferometer(Complex theta, Complex phi, Splitter in, Splitter out) {
  const Complex i{0, 1};
  return {phi * (out.bar * in.bar * theta - out.cross * in.cross),
          i * (out.bar * in.cross * theta + out.cross * in.bar),
          phi * i * (out.cross * in.bar * theta + out.bar * in.cross),
          out.bar * in.bar - out.cross * in.cross * theta};
}

}  // namespace

FabricatedMesh ideal_fabrication(const MeshLayout& layout) {
  const std::vector<double> per_coupler(layout.couplers.size(), 0.0), per_mode(layout.modes, 0.0);
  return {per_coupler, per_coupler, per_coupler, per_coupler, per_mode, per_coupler};
}

void check_sizes(const MeshLayout& layout, const PhaseProgram& program) {
  require_size("theta", program.theta.size(), layout.couplers.size());
  require_size("phi", program.phi.size(), layout.couplers.size());
  require_size("out", program.out.size(), layout.modes);
}

void check_sizes(const MeshLayout& layout, const FabricatedMesh& fabricated) {
  const std::size_t count = layout.couplers.size();
  require_size("alpha_rad", fabricated.alpha_rad.size(), count);
  require_size("beta_rad", fabricated.beta_rad.size(), count);
  require_size("theta_error_rad", fabricated.theta_error_rad.size(), count);
  require_size("phi_error_rad", fabricated.phi_error_rad.size(), count);
  require_size("out_error_rad", fabricated.out_error_rad.size(), layout.modes);
  require_size("loss_db", fabricated.loss_db.size(), count);
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
    const auto ideal = interferometer(phasor(program.theta[k] + fabricated.theta_error_rad[k]),
                                      phasor(program.phi[k] + fabricated.phi_error_rad[k]),
                                      splitter(fabricated.alpha_rad[k]), splitter(fabricated.beta_rad[k]));
    const double transmission = field_transmission_from_loss_db(fabricated.loss_db[k]);
    for (std::size_t e = 0; e < 4; ++e) mesh.couplers[k][e] = std::complex<Real>(transmission * ideal[e]);
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    mesh.out[m] = std::complex<Real>(phasor(program.out[m] + fabricated.out_error_rad[m]));
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
