#include "photonics/in_situ.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

/// S(η) on a pair of fields; the same matrix in both directions.
void split(double cosine, double sine, Complex& upper, Complex& lower) {
  const Complex a = upper, b = lower;
  upper = {cosine * a.real() - sine * b.imag(), cosine * a.imag() + sine * b.real()};
  lower = {cosine * b.real() - sine * a.imag(), cosine * b.imag() + sine * a.real()};
}

/// Without the checks for infinities that operator* makes.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

void check(const TapReading& reading) {
  if (!(reading.noise >= 0) || !std::isfinite(reading.noise))
    throw Error("tap noise = " + std::to_string(reading.noise) + "; it must be 0 or more, and finite");
  if (reading.bits < 0 || reading.bits > 24)
    throw Error("tap bits = " + std::to_string(reading.bits) +
                "; it must be 1 to 24, or 0 for unlimited resolution");
  if (!(reading.undone_loss_db >= 0) || !std::isfinite(reading.undone_loss_db))
    throw Error("undone_loss_db = " + std::to_string(reading.undone_loss_db) +
                "; it must be 0 or more, and finite");
}

InSituGradient::InSituGradient(const MeshLayout& layout) : layout_(layout), column_(layout.couplers.size()) {
  for (std::uint32_t column = 0; column < layout.columns(); ++column)
    std::fill(column_.begin() + layout.column_start[column],
              column_.begin() + layout.column_start[column + 1], column);
}

void InSituGradient::set(const PhaseProgram& program, const FabricatedMesh& chip) {
  check_sizes(layout_, program);
  check_sizes(layout_, chip);
  const Crossing& crossing = *chip.crossing;
  push_pull_ = crossing.push_pull;
  parts_.resize(layout_.couplers.size());
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    const Matrix2 front = splitter(crossing.front_rad, crossing.front_rad != 0 ? chip.gamma_rad[k] : 0),
                  in = splitter(crossing.input_rad, chip.alpha_rad[k]),
                  out = splitter(crossing.output_rad, chip.beta_rad[k]);
    const double theta = program.theta[k] + chip.theta_error_rad[k], imbalance = chip.arm_imbalance_db[k];
    parts_[k] = {
        front[0].real(),
        front[1].imag(),
        in[0].real(),
        in[1].imag(),
        out[0].real(),
        out[1].imag(),
        std::polar(1.0, program.phi[k] + chip.phi_error_rad[k]),
        std::polar(field_transmission_from_loss_db(std::max(0.0, imbalance)), push_pull_ ? theta / 2 : theta),
        std::polar(field_transmission_from_loss_db(std::max(0.0, -imbalance)), push_pull_ ? -theta / 2 : 0),
        field_transmission_from_loss_db(chip.loss_db[k] + chip.upper_path_db[k]),
        field_transmission_from_loss_db(chip.loss_db[k] + chip.lower_path_db[k])};
  }
  out_.resize(layout_.modes);
  for (std::size_t m = 0; m < out_.size(); ++m)
    out_[m] = std::polar(field_transmission_from_loss_db(chip.out_path_db[m]),
                         program.out[m] + chip.out_error_rad[m]);
}

void InSituGradient::forward(Complex* fields, Complex* taps) const {
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    const Part& p = parts_[k];
    Complex &upper = fields[layout_.couplers[k].upper], &lower = fields[layout_.couplers[k].lower];
    upper *= p.upper_way;
    lower *= p.lower_way;
    split(p.front_cos, p.front_sin, upper, lower);
    upper = times(upper, p.phi);
    taps[3 * k + 2] = upper;
    split(p.in_cos, p.in_sin, upper, lower);
    taps[3 * k] = upper = times(upper, p.upper_arm);
    taps[3 * k + 1] = lower = times(lower, p.lower_arm);
    split(p.out_cos, p.out_sin, upper, lower);
  }
  for (std::size_t m = 0; m < out_.size(); ++m)
    taps[3 * parts_.size() + m] = fields[m] = times(fields[m], out_[m]);
}

void InSituGradient::backward(Complex* fields) const {
  for (std::size_t m = 0; m < out_.size(); ++m) fields[m] = times(fields[m], out_[m]);
  for (std::size_t k = parts_.size(); k-- > 0;) {
    const Part& p = parts_[k];
    Complex &upper = fields[layout_.couplers[k].upper], &lower = fields[layout_.couplers[k].lower];
    split(p.out_cos, p.out_sin, upper, lower);
    upper = times(upper, p.upper_arm);
    lower = times(lower, p.lower_arm);
    split(p.in_cos, p.in_sin, upper, lower);
    upper = times(upper, p.phi);
    split(p.front_cos, p.front_sin, upper, lower);
    upper *= p.upper_way;
    lower *= p.lower_way;
  }
}

TapCount InSituGradient::measure(ConstFields<double> x, Fields<double> g, PhaseProgram& gradient,
                                 const TapReading& reading, const Draw& draw,
                                 std::uint64_t first_sample) const {
  check(reading);
  const std::size_t modes = layout_.modes, batch = g.re.cols, count = parts_.size();
  for (const MatrixView<const double>& plane :
       {x.re, x.im, ConstFields<double>(g).re, ConstFields<double>(g).im})
    if (plane.data != nullptr && (plane.rows != modes || plane.cols != batch))
      throw Error("in-situ gradient: all planes must be " + std::to_string(modes) + " modes by " +
                  std::to_string(batch) + " samples");
  if (gradient.theta.size() != count || gradient.phi.size() != count || gradient.out.size() != modes)
    throw Error("in-situ gradient: the gradient's sizes differ from the layout's");
  if (out_.size() != modes) throw Error("in-situ gradient: no phases were set");

  const double step = reading.undone_loss_db, columns = static_cast<double>(layout_.columns());
  std::vector<Complex> fields(modes), back(modes), taps(this->taps());
  std::vector<double> slope(taps.size()), undone(taps.size());
  for (std::size_t t = 0; t < taps.size(); ++t)
    undone[t] = 1 / std::pow(field_transmission_from_loss_db(
                                 step * (t < 3 * count ? static_cast<double>(column_[t / 3] + 1) : columns)),
                             2);
  const DrawStream stream = stream_of(draw);
  const double levels = std::ldexp(1.0, reading.bits) - 1;
  TapCount total;

  /// The fields pass; adds weight times what the taps read of pass number `pass`.
  const auto read = [&](double weight, std::uint64_t sample, std::uint64_t pass) {
    forward(fields.data(), taps.data());
    double largest = 0;
    for (const Complex& field : taps) largest = std::max(largest, std::norm(field));
    for (std::size_t t = 0; t < taps.size(); ++t) {
      double power = std::norm(taps[t]);
      if (reading.noise > 0)
        power += reading.noise * largest *
                 static_cast<double>(normal(stream, (3 * sample + pass) * taps.size() + t));
      if (reading.bits > 0 && largest > 0) {
        const double step_power = largest / levels;
        power = std::round(std::clamp(power, 0.0, largest) / step_power) * step_power;
      }
      slope[t] += weight * undone[t] * power;
    }
    total.readings += count * (push_pull_ ? 3 : 2) + modes;
  };

  for (std::size_t b = 0; b < batch; ++b) {
    std::fill(slope.begin(), slope.end(), 0.0);
    const auto input = [&](std::size_t m) {
      return Complex(x.re(m, b), x.im.data != nullptr ? x.im(m, b) : 0.0);
    };
    double power_x = 0, power_back = 0;
    for (std::size_t m = 0; m < modes; ++m) {
      fields[m] = input(m);
      back[m] = {g.re(m, b), -g.im(m, b)};
    }
    read(-0.5, first_sample + b, 0);
    backward(back.data());
    for (std::size_t m = 0; m < modes; ++m) {
      g.re(m, b) = back[m].real();
      g.im(m, b) = -back[m].imag();
      back[m] = {-back[m].imag(), -back[m].real()};  // −i·conj
      power_x += std::norm(input(m));
      power_back += std::norm(back[m]);
    }
    // Sent at the power of x, so that readings compare like with like; slopes are scaled back.
    const double sent = power_x > 0 && power_back > 0 ? std::sqrt(power_x / power_back) : 1;
    for (std::size_t m = 0; m < modes; ++m) fields[m] = back[m] *= sent;
    read(-0.5, first_sample + b, 1);
    for (std::size_t m = 0; m < modes; ++m) fields[m] = input(m) + back[m];
    read(0.5, first_sample + b, 2);
    total.passes += 4;
    for (std::size_t k = 0; k < count; ++k) {
      gradient.theta[k] += (push_pull_ ? (slope[3 * k] - slope[3 * k + 1]) / 2 : slope[3 * k]) / sent;
      gradient.phi[k] += slope[3 * k + 2] / sent;
    }
    for (std::size_t m = 0; m < modes; ++m) gradient.out[m] += slope[3 * count + m] / sent;
  }
  return total;
}

}  // namespace fringe
