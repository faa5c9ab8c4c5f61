#include "photonics/physical_mesh.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/sines.hpp"

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

/// Couplers whose angles are turned into sines together.
constexpr std::size_t run = 128;

struct Sines {
  double angle[run] = {}, sine[run] = {}, cosine[run] = {};

  template <class Angle>
  void set(std::size_t count, Angle&& of) {
    for (std::size_t i = 0; i < count; ++i) angle[i] = of(i);
    sines_cosines(angle, count, sine, cosine);
  }
};

/// Cosines and sines of a splitter's nominal angle plus an error.
struct Splitters {
  double nominal_cos, nominal_sin;
  Sines error;

  void set(std::size_t count, double nominal_rad, const double* error_rad) {
    const Matrix2 nominal = splitter(nominal_rad, 0);
    nominal_cos = nominal[0].real();
    nominal_sin = nominal[1].imag();
    error.set(count, [&](std::size_t i) { return error_rad[i]; });
  }
  double cos(std::size_t i) const { return nominal_cos * error.cosine[i] - nominal_sin * error.sine[i]; }
  double sin(std::size_t i) const { return nominal_sin * error.cosine[i] + nominal_cos * error.sine[i]; }
};

/// Neighbours often lose the same.
struct Transmission {
  double loss_db = 0, field = 1;

  double of(double db) {
    if (db != loss_db) {
      loss_db = db;
      field = field_transmission_from_loss_db(db);
    }
    return field;
  }
};

/// transfer() of a run of couplers, with their losses.
template <class Real>
void realise_run(const PhaseProgram& program, const FabricatedMesh& chip, std::size_t first,
                 std::size_t count, std::array<std::complex<Real>, 4>* to) {
  const Crossing& crossing = *chip.crossing;
  const bool push_pull = crossing.push_pull, front = crossing.front_rad != 0;
  Sines theta, phi;
  Splitters input, output, ahead;
  theta.set(count, [&](std::size_t i) {
    const double angle = program.theta[first + i] + chip.theta_error_rad[first + i];
    return push_pull ? angle / 2 : angle;
  });
  phi.set(count, [&](std::size_t i) { return program.phi[first + i] + chip.phi_error_rad[first + i]; });
  input.set(count, crossing.input_rad, &chip.alpha_rad[first]);
  output.set(count, crossing.output_rad, &chip.beta_rad[first]);
  if (front) ahead.set(count, crossing.front_rad, &chip.gamma_rad[first]);
  Transmission arm, upper_way, lower_way;
  for (std::size_t i = 0; i < count; ++i) {
    Complex u{theta.cosine[i], theta.sine[i]}, l = push_pull ? std::conj(u) : Complex{1};
    const double imbalance = chip.arm_imbalance_db[first + i];
    if (imbalance != 0) (imbalance > 0 ? u : l) *= arm.of(std::abs(imbalance));
    const double ic = input.cos(i), is = input.sin(i), oc = output.cos(i), os = output.sin(i);
    const double straight = oc * ic, crossed = os * is, up = oc * is, down = os * ic;
    const double p = phi.cosine[i], q = phi.sine[i];
    const Complex a{straight * u.real() - crossed * l.real(), straight * u.imag() - crossed * l.imag()};
    const Complex b{-(up * u.imag() + down * l.imag()), up * u.real() + down * l.real()};
    const Complex c{-(down * u.imag() + up * l.imag()), down * u.real() + up * l.real()};
    const Complex d{straight * l.real() - crossed * u.real(), straight * l.imag() - crossed * u.imag()};
    Matrix2 t{Complex{a.real() * p - a.imag() * q, a.real() * q + a.imag() * p}, b,
              Complex{c.real() * p - c.imag() * q, c.real() * q + c.imag() * p}, d};
    if (front) {
      const double f = ahead.cos(i), g = ahead.sin(i);
      t = multiply(t, {f, Complex{0, g}, Complex{0, g}, f});
    }
    const double loss = chip.loss_db[first + i];
    const double upper = upper_way.of(loss + chip.upper_path_db[first + i]),
                 lower = lower_way.of(loss + chip.lower_path_db[first + i]);
    for (std::size_t e = 0; e < 4; ++e) {
      const double way = e % 2 == 0 ? upper : lower;
      to[i][e] = {static_cast<Real>(way * t[e].real()), static_cast<Real>(way * t[e].imag())};
    }
  }
}

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
  for (std::size_t first = 0; first < count; first += run)
    realise_run(program, fabricated, first, std::min(run, count - first), &mesh.couplers[first]);
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
