#include "photonics/phase_drive.hpp"

#include <gtest/gtest.h>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

constexpr double pi_power = 24.77e-3;

PhaseDrive heater(double resistance_per_w = 0) { return {500, resistance_per_w, pi_power, 2 * pi}; }

double nearest(const PhaseDrive& drive, int bits, double phase) {
  return driven({{phase}, {}, {}}, drive, bits).theta[0];
}

double circular(double a, double b) { return std::abs(std::remainder(a - b, 2 * pi)); }

TEST(PhaseDrive, VoltagePowerAndPhaseAgree) {
  EXPECT_DOUBLE_EQ(heater_power_w(heater(), 5), 25.0 / 500);
  EXPECT_DOUBLE_EQ(heater_phase_rad(heater(), std::sqrt(500 * pi_power)), pi);
  for (const double rise : {0.0, 1.0, 20.0})
    for (const double v : {0.0, 0.1, 1.0, 5.0}) {
      const PhaseDrive drive = heater(rise);
      const double p = heater_power_w(drive, v);
      EXPECT_NEAR(p * drive.resistance_ohm * (1 + rise * p), v * v, 8 * 2.2e-16 * v * v);
      EXPECT_NEAR(heater_voltage_v(drive, heater_phase_rad(drive, v)), v, 8 * 2.2e-16 * v);
    }
}

TEST(PhaseDrive, PutsOutTheNearestPhaseThatACodeGives) {
  const int bits = 6, levels = 64;
  for (const double rise : {0.0, 10.0})
    for (const double resistance : {0.0, 500.0}) {
      PhaseDrive drive = heater(rise);
      drive.resistance_ohm = resistance;
      std::vector<double> codes;
      for (int code = 0; code < levels; ++code)
        codes.push_back(resistance > 0
                            ? heater_phase_rad(drive, code * heater_voltage_v(drive, 2 * pi) / levels)
                            : code * 2 * pi / levels);
      for (int i = 0; i < 2000; ++i) {
        const double phase = -7 + 0.01 * i;
        const double out = nearest(drive, bits, phase);
        double best = 10;
        for (const double code : codes) best = std::min(best, circular(code, phase));
        EXPECT_NEAR(circular(out, phase), best, rounding(2)) << phase;
        EXPECT_GE(out, 0);
        EXPECT_LT(out, 2 * pi);
        EXPECT_NEAR(nearest(drive, bits, out), out, rounding(2));  // a code's phase is its own nearest
      }
    }
}

TEST(PhaseDrive, ReachesBeyondATurnWhereItsRangeDoes) {
  PhaseDrive drive = heater();
  drive.range_rad = 2.5 * pi;
  const int bits = 12;
  const double step = drive.range_rad / 4096;
  for (const double resistance : {0.0, 500.0}) {
    drive.resistance_ohm = resistance;
    EXPECT_NEAR(nearest(drive, bits, 2.3 * pi), 2.3 * pi, step);
    EXPECT_NEAR(nearest(drive, bits, -0.5), 2 * pi - 0.5, step);
    EXPECT_NEAR(nearest(drive, bits, 2.6 * pi), 0.6 * pi, step);
    // Beyond the last code: the same phase a turn lower.
    EXPECT_NEAR(nearest(drive, bits, 2.5 * pi - 1e-6), 0.5 * pi, step);
  }
}

// With u = φ/2π and k = η·P(2π), codes are even in x, x² = u(1+ku)/(1+k). The mean square of (dφ/dx)/2ᵇ/√12
// over uniform phases is 2(1+k)/(1+2k) times that of even steps: √2 in rms for a constant resistance. Next
// term: phases within some steps of 0, where the step itself changes, a share of about 4/2ᵇ. The mean over n
// phases spreads by less than 1.5/√n of itself (fourth moment of a uniform error, 9/5, times that of x).
TEST(PhaseDrive, RmsStepOfAVoltageDrive) {
  const int bits = 10, n = 200000;
  std::vector<double> phases(n);
  fill_uniform(phases, {1, Purpose::test});
  for (double& phase : phases) phase *= 2 * pi;
  for (const double k : {0.0, 0.2, 1.0}) {
    const PhaseProgram out = driven({phases, {}, {}}, heater(k / (2 * pi_power)), bits);
    double squares = 0;
    for (int i = 0; i < n; ++i) squares += std::pow(circular(out.theta[i], phases[i]), 2) / n;
    const double even = std::pow(2 * pi / 1024, 2) / 12, law = 2 * (1 + k) / (1 + 2 * k);
    EXPECT_NEAR(squares / even, law, law * (4.0 / 1024 + z * 1.5 / std::sqrt(n))) << k;
  }
}

TEST(PhaseDrive, NoBitsAreNoChange) {
  const PhaseProgram program{{-3, 9}, {0, 1}, {7, 2}};
  EXPECT_EQ(driven(program, heater(), 0).theta, program.theta);
  EXPECT_EQ(driven(program, heater(), 0).out, program.out);
  EXPECT_THROW(driven(program, heater(), 33), Error);
  EXPECT_THROW(driven(program, {500, -1, pi_power, 2 * pi}, 8), Error);
}

}  // namespace
}  // namespace fringe
