#include "photonics/phase_drive.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr int most_phase_bits = 32;

void require(bool holds, const char* key, double value, const char* rule) {
  if (!holds)
    throw Error("drive." + std::string(key) + " = " + std::to_string(value) + "; it must be " + rule);
}

double in_range(double phase, double range) {
  return phase >= 0 && phase < range ? phase : wrap_phase(phase);
}

class Dac {
 public:
  Dac(const PhaseDrive& drive, int bits)
      : drive_(drive),
        levels_(std::ldexp(1.0, bits)),
        full_scale_v_(drive.resistance_ohm > 0 ? heater_voltage_v(drive, drive.range_rad) : 0) {}

  double nearest(double phase) const {
    const double asked = in_range(phase, drive_.range_rad);
    const double code = nearest_code(asked);
    return phase_of(code < levels_ ? code : nearest_code(std::max(0.0, asked - 2 * pi)));
  }

 private:
  double phase_of(double code) const {
    return drive_.resistance_ohm > 0 ? heater_phase_rad(drive_, code * (full_scale_v_ / levels_))
                                     : code * (drive_.range_rad / levels_);
  }
  double nearest_code(double phase) const {
    if (drive_.resistance_ohm == 0) return std::round(phase / drive_.range_rad * levels_);
    const double below = std::floor(heater_voltage_v(drive_, phase) / full_scale_v_ * levels_);
    return phase_of(below + 1) - phase < phase - phase_of(below) ? below + 1 : below;
  }

  const PhaseDrive& drive_;
  double levels_, full_scale_v_;
};

}  // namespace

void check_phase_bits(int bits) {
  if (bits < 0 || bits > most_phase_bits)
    throw Error("phase_bits = " + std::to_string(bits) + "; it must be 1 to " +
                std::to_string(most_phase_bits) + ", or 0 for unlimited resolution");
}

void check(const PhaseDrive& drive) {
  const auto not_negative = [](const char* key, double value) {
    require(value >= 0 && std::isfinite(value), key, value, "0 or more, and finite");
  };
  not_negative("resistance_ohm", drive.resistance_ohm);
  not_negative("resistance_per_w", drive.resistance_per_w);
  require(drive.pi_power_w > 0 && std::isfinite(drive.pi_power_w), "pi_power_w", drive.pi_power_w,
          "positive and finite");
  require(drive.range_rad >= 2 * pi && drive.range_rad <= 4 * pi, "range_rad", drive.range_rad,
          "2 pi to 4 pi");
}

double heater_power_w(const PhaseDrive& drive, double voltage_v) {
  const double cold = voltage_v * voltage_v / drive.resistance_ohm;
  return 2 * cold / (1 + std::sqrt(1 + 4 * drive.resistance_per_w * cold));
}

double heater_phase_rad(const PhaseDrive& drive, double voltage_v) {
  return pi * heater_power_w(drive, voltage_v) / drive.pi_power_w;
}

double heater_voltage_v(const PhaseDrive& drive, double phase_rad) {
  const double power = phase_rad / pi * drive.pi_power_w;
  return std::sqrt(power * drive.resistance_ohm * (1 + drive.resistance_per_w * power));
}

PhaseProgram in_range(PhaseProgram program, const PhaseDrive& drive) {
  for (std::vector<double>* phases : {&program.theta, &program.phi, &program.out})
    for (double& phase : *phases) phase = in_range(phase, drive.range_rad);
  return program;
}

PhaseProgram driven(const PhaseProgram& asked, const PhaseDrive& drive, int bits) {
  check_phase_bits(bits);
  check(drive);
  if (bits == 0) return asked;
  const Dac dac(drive, bits);
  PhaseProgram program = asked;
  for (std::vector<double>* phases : {&program.theta, &program.phi, &program.out})
    for (double& phase : *phases) phase = dac.nearest(phase);
  return program;
}

PhaseProgram quantise(const PhaseProgram& program, int bits) { return driven(program, {}, bits); }

}  // namespace fringe
