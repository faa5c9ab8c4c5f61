#include "photonics/physical_mesh.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/clones.hpp"
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

/// Couplers that are realised together.
constexpr std::size_t run = 128;

/// What a run's 2×2s are made of.
struct Parts {
  double theta_sin[run], theta_cos[run], phi_sin[run], phi_cos[run];
  double lower_sin[run], lower_cos[run];  ///< of the phase of the lower arm
  double alpha_sin[run], alpha_cos[run], beta_sin[run], beta_cos[run];
  double upper_arm[run], lower_arm[run];  ///< transmission between the splitters
  double upper_way[run], lower_way[run];  ///< ahead of the coupler, and of the coupler
};

struct Nominal {
  double input_cos, input_sin, output_cos, output_sin;
};

/// T(θ, φ) without a front splitter, {Re, Im} of each element, times the transmission of its way.
FRINGE_CLONES void put_together(const Parts& __restrict parts, const Nominal& __restrict nominal,
                                std::size_t count, double* __restrict to) {
  for (std::size_t i = 0; i < count; ++i) {
    const double is = nominal.input_sin * parts.alpha_cos[i] + nominal.input_cos * parts.alpha_sin[i];
    const double ic = nominal.input_cos * parts.alpha_cos[i] - nominal.input_sin * parts.alpha_sin[i];
    const double os = nominal.output_sin * parts.beta_cos[i] + nominal.output_cos * parts.beta_sin[i];
    const double oc = nominal.output_cos * parts.beta_cos[i] - nominal.output_sin * parts.beta_sin[i];
    const double ur = parts.upper_arm[i] * parts.theta_cos[i], ui = parts.upper_arm[i] * parts.theta_sin[i];
    const double lr = parts.lower_arm[i] * parts.lower_cos[i], li = parts.lower_arm[i] * parts.lower_sin[i];
    const double straight = oc * ic, crossed = os * is, up = oc * is, down = os * ic;
    const double p = parts.phi_cos[i], q = parts.phi_sin[i];
    const double ar = straight * ur - crossed * lr, ai = straight * ui - crossed * li;
    const double br = -(up * ui + down * li), bi = up * ur + down * lr;
    const double cr = -(down * ui + up * li), ci = down * ur + up * lr;
    const double dr = straight * lr - crossed * ur, di = straight * li - crossed * ui;
    const double upper = parts.upper_way[i], lower = parts.lower_way[i];
    to[8 * i] = upper * (ar * p - ai * q);
    to[8 * i + 1] = upper * (ar * q + ai * p);
    to[8 * i + 2] = lower * br;
    to[8 * i + 3] = lower * bi;
    to[8 * i + 4] = upper * (cr * p - ci * q);
    to[8 * i + 5] = upper * (cr * q + ci * p);
    to[8 * i + 6] = lower * dr;
    to[8 * i + 7] = lower * di;
  }
}

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
void realise_run(const PhaseProgram& program, const FabricatedMesh& chip, std::size_t first,
                 std::size_t count, Matrix2* to) {
  const Crossing& crossing = *chip.crossing;
  const Matrix2 input = splitter(crossing.input_rad, 0), output = splitter(crossing.output_rad, 0),
                ahead = splitter(crossing.front_rad, 0);
  const bool front = crossing.front_rad != 0;
  Parts parts;
  double angle[run];
  for (std::size_t i = 0; i < count; ++i) {
    const double theta = program.theta[first + i] + chip.theta_error_rad[first + i];
    angle[i] = crossing.push_pull ? theta / 2 : theta;
  }
  sines_cosines(angle, count, parts.theta_sin, parts.theta_cos);
  for (std::size_t i = 0; i < count; ++i) angle[i] = program.phi[first + i] + chip.phi_error_rad[first + i];
  sines_cosines(angle, count, parts.phi_sin, parts.phi_cos);
  sines_cosines(&chip.alpha_rad[first], count, parts.alpha_sin, parts.alpha_cos);
  sines_cosines(&chip.beta_rad[first], count, parts.beta_sin, parts.beta_cos);
  for (std::size_t i = 0; i < count; ++i) {
    parts.lower_sin[i] = crossing.push_pull ? -parts.theta_sin[i] : 0;
    parts.lower_cos[i] = crossing.push_pull ? parts.theta_cos[i] : 1;
  }
  Transmission arm, upper_way, lower_way;
  for (std::size_t i = 0; i < count; ++i) {
    const double imbalance = chip.arm_imbalance_db[first + i], loss = chip.loss_db[first + i];
    parts.upper_arm[i] = imbalance > 0 ? arm.of(imbalance) : 1;
    parts.lower_arm[i] = imbalance < 0 ? arm.of(-imbalance) : 1;
    parts.upper_way[i] = upper_way.of(loss + chip.upper_path_db[first + i]);
    parts.lower_way[i] = lower_way.of(loss + chip.lower_path_db[first + i]);
  }
  double *const upper = parts.upper_way, *const lower = parts.lower_way;
  double upper_ahead[run], lower_ahead[run], gamma_sin[run], gamma_cos[run];
  if (front) {
    // The ways lie ahead of the front splitter.
    std::copy_n(upper, count, upper_ahead);
    std::copy_n(lower, count, lower_ahead);
    std::fill_n(upper, count, 1.0);
    std::fill_n(lower, count, 1.0);
    sines_cosines(&chip.gamma_rad[first], count, gamma_sin, gamma_cos);
  }
  const Nominal nominal{input[0].real(), input[1].imag(), output[0].real(), output[1].imag()};
  put_together(parts, nominal, count, reinterpret_cast<double*>(to));
  for (std::size_t i = 0; i < count && front; ++i) {
    const double f = ahead[0].real() * gamma_cos[i] - ahead[1].imag() * gamma_sin[i],
                 g = ahead[1].imag() * gamma_cos[i] + ahead[0].real() * gamma_sin[i];
    const Matrix2 t = multiply(to[i], {f, Complex{0, g}, Complex{0, g}, f});
    for (std::size_t e = 0; e < 4; ++e) {
      const double way = e % 2 == 0 ? upper_ahead[i] : lower_ahead[i];
      to[i][e] = {way * t[e].real(), way * t[e].imag()};
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
void realise(const MeshLayout& layout, const PhaseProgram& program, const FabricatedMesh& fabricated,
             PhysicalMesh<Real>& mesh) {
  check_sizes(layout, program);
  check_sizes(layout, fabricated);
  const std::size_t count = layout.couplers.size();
  mesh.couplers.resize(count);
  mesh.out.resize(layout.modes);
  for (std::size_t first = 0; first < count; first += run) {
    const std::size_t here = std::min(run, count - first);
    if constexpr (std::is_same_v<Real, double>) {
      realise_run(program, fabricated, first, here, &mesh.couplers[first]);
    } else {
      Matrix2 exact[run];
      realise_run(program, fabricated, first, here, exact);
      for (std::size_t i = 0; i < here; ++i)
        std::transform(exact[i].begin(), exact[i].end(), mesh.couplers[first + i].begin(),
                       [](Complex z) { return std::complex<Real>(z); });
    }
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    mesh.out[m] = std::complex<Real>(field_transmission_from_loss_db(fabricated.out_path_db[m]) *
                                     phasor(program.out[m] + fabricated.out_error_rad[m]));
}

template <class Real>
PhysicalMesh<Real> realise(const MeshLayout& layout, const PhaseProgram& program,
                           const FabricatedMesh& fabricated) {
  PhysicalMesh<Real> mesh;
  realise(layout, program, fabricated, mesh);
  return mesh;
}

template PhysicalMesh<float> realise<float>(const MeshLayout&, const PhaseProgram&, const FabricatedMesh&);
template PhysicalMesh<double> realise<double>(const MeshLayout&, const PhaseProgram&, const FabricatedMesh&);
template void realise<float>(const MeshLayout&, const PhaseProgram&, const FabricatedMesh&,
                             PhysicalMesh<float>&);
template void realise<double>(const MeshLayout&, const PhaseProgram&, const FabricatedMesh&,
                              PhysicalMesh<double>&);

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
