#include "photonics/measurement.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// One coupler as realise() makes it.
Matrix2 realised_coupler(const FabricatedMesh& chip, std::size_t k, double theta_rad, double phi_rad) {
  const double upper = field_transmission_from_loss_db(chip.loss_db[k] + chip.upper_path_db[k]),
               lower = field_transmission_from_loss_db(chip.loss_db[k] + chip.lower_path_db[k]);
  Matrix2 t = transfer(*chip.crossing, theta_rad + chip.theta_error_rad[k], phi_rad + chip.phi_error_rad[k],
                       chip.errors(k));
  for (std::size_t e = 0; e < 4; ++e) t[e] = (e % 2 == 0 ? upper : lower) * t[e];
  return t;
}

}  // namespace

ChipUnderTest::ChipUnderTest(const MeshLayout& layout, const FabricatedMesh& fabricated,
                             const ChipDrivers& drivers, const Detectors& detectors)
    : layout_(layout), fabricated_(fabricated), drivers_(drivers), detectors_(detectors) {
  if (!(detectors.photons > 0))
    throw Error("photons = " + std::to_string(detectors.photons) + " per measurement; it must be above 0");
  if (!(detectors.electronic_photons >= 0) || !std::isfinite(detectors.electronic_photons))
    throw Error("electronic_photons = " + std::to_string(detectors.electronic_photons) +
                "; it must be 0 or more, and finite");
  const std::vector<double> zero(layout.couplers.size());
  asked_ = {zero, zero, std::vector<double>(layout.modes)};
  held_ = held_by_chip(drivers_, asked_);
  mesh_ = realise<double>(layout_, held_, fabricated_);
}

void ChipUnderTest::set(const PhaseProgram& program) {
  check_sizes(layout_, program);
  if (program.theta == asked_.theta && program.phi == asked_.phi && program.out == asked_.out) return;
  asked_ = program;
  ++settles_;
  PhaseProgram held = held_by_chip(drivers_, program);
  // Most settings change a coupler or two: the others keep their matrices.
  for (std::size_t k = 0; k < layout_.couplers.size(); ++k)
    if (held.theta[k] != held_.theta[k] || held.phi[k] != held_.phi[k])
      mesh_.couplers[k] = realised_coupler(fabricated_, k, held.theta[k], held.phi[k]);
  for (std::size_t m = 0; m < layout_.modes; ++m)
    if (held.out[m] != held_.out[m])
      mesh_.out[m] = std::polar(field_transmission_from_loss_db(fabricated_.out_path_db[m]),
                                held.out[m] + fabricated_.out_error_rad[m]);
  held_ = std::move(held);
}

std::vector<Complex> ChipUnderTest::propagate(std::span<const Complex> input, double& power) {
  if (input.size() != layout_.ports())
    throw Error("measurement: " + std::to_string(input.size()) + " input fields for " +
                std::to_string(layout_.ports()) + " ports");
  power = 0;
  for (const Complex& x : input) power += std::norm(x);
  if (!(power > 0) || !std::isfinite(power)) throw Error("measurement: the input must carry light");
  ++measurements_;
  std::vector<Complex> field(input.begin(), input.end());
  field.resize(layout_.modes);
  for (std::size_t k = 0; k < layout_.couplers.size(); ++k) {
    const Matrix2& t = mesh_.couplers[k];
    Complex &upper = field[layout_.couplers[k].upper], &lower = field[layout_.couplers[k].lower];
    const Complex a = upper, b = lower;
    upper = times(t[0], a) + times(t[1], b);
    lower = times(t[2], a) + times(t[3], b);
  }
  field.resize(layout_.ports());
  for (std::size_t m = 0; m < field.size(); ++m) field[m] = times(field[m], mesh_.out[m]);
  return field;
}

std::vector<Complex> ChipUnderTest::fields(std::span<const Complex> input) {
  double power = 0;
  std::vector<Complex> field = propagate(input, power);
  const double sigma = std::sqrt(power / (2 * detectors_.photons));
  if (sigma == 0) return field;
  const DrawStream stream = stream_of({detectors_.seed, Purpose::shot_noise});
  const std::size_t first = 2 * field.size() * measurements_;
  for (std::size_t m = 0; m < field.size(); ++m)
    field[m] += sigma * Complex(normal(stream, first + 2 * m), normal(stream, first + 2 * m + 1));
  return field;
}

std::vector<double> ChipUnderTest::powers(std::span<const Complex> input) {
  double power = 0;
  const std::vector<Complex> field = propagate(input, power);
  const DrawStream shot = stream_of({detectors_.seed, Purpose::shot_noise}),
                   electronic = stream_of({detectors_.seed, Purpose::thermal_noise});
  const double photon = power / detectors_.photons;
  const std::size_t first = 2 * field.size() * measurements_;
  std::vector<double> reading(field.size());
  for (std::size_t m = 0; m < field.size(); ++m) {
    reading[m] = std::norm(field[m]);
    if (photon > 0)
      reading[m] += std::sqrt(reading[m] * photon) * normal(shot, first + m) +
                    detectors_.electronic_photons * photon * normal(electronic, first + m);
  }
  return reading;
}

std::vector<Complex> ChipUnderTest::matrix() const {
  const std::vector<Complex> whole = transfer_matrix(layout_, mesh_);
  const std::size_t n = layout_.ports();
  std::vector<Complex> matrix(n * n);
  for (std::size_t r = 0; r < n; ++r) std::copy_n(&whole[r * layout_.modes], n, &matrix[r * n]);
  return matrix;
}

double matrix_error(std::span<const Complex> realised, std::span<const Complex> wanted) {
  double sum = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) sum += std::norm(realised[i] - wanted[i]);
  return std::sqrt(sum / std::sqrt(static_cast<double>(wanted.size())));
}

}  // namespace fringe
