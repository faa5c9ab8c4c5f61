// From a DAC's code to a phase: directly, or by the heater's voltage and power.
#pragma once

#include "photonics/phase_program.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {

/// How the code c of a b-bit DAC becomes a phase. With resistance_ohm = 0 it does so in equal steps,
/// c·range/2ᵇ (a driver that is linear in power). Otherwise the code is a voltage of the heater, V =
/// c·V_range/2ᵇ; its power P solves P·R₀·(1 + ηP) = V² (the resistance rises as the heater warms up), and the
/// phase is π·P/P_π (Harris et al., Opt. Express 22, 10487 (2014)).
struct PhaseDrive {
  double resistance_ohm = 0;     ///< R₀ of each phase shifter; 0: phases in equal steps
  double resistance_per_w = 0;   ///< η, its relative rise per watt, ≥ 0
  double pi_power_w = 24.77e-3;  ///< P_π of the doped heater of Harris et al. (2014), > 0
  double range_rad = 2 * pi;     ///< what code 2ᵇ, one beyond the last, would give; 2π … 4π

  bool operator==(const PhaseDrive&) const = default;
};

/// Throw Error naming the key and the rule.
void check(const PhaseDrive& drive);
void check_phase_bits(int bits);  ///< 1 … 32, or 0 for unlimited resolution

/// Power of a heater at a voltage, its phase there, and the voltage for a phase ≥ 0. For resistance_ohm > 0.
double heater_power_w(const PhaseDrive& drive, double voltage_v);
double heater_phase_rad(const PhaseDrive& drive, double voltage_v);
double heater_voltage_v(const PhaseDrive& drive, double phase_rad);

/// The same phases in [0, range): one outside it becomes the equal one in [0, 2π).
PhaseProgram in_range(PhaseProgram program, const PhaseDrive& drive);

/// What the drivers put out for the phases asked, the controller knowing the drive's curve: of the phases
/// that a code of `bits` can give, the nearest to in_range(); for one beyond the last code, the nearest to
/// its equal a turn lower. 0 bits leave the program as it is. Throws Error for bits outside 0 … 32 and where
/// check() does.
PhaseProgram driven(const PhaseProgram& asked, const PhaseDrive& drive, int bits);

/// driven() in equal steps over 2π: the nearest multiple of 2π/2^bits, in [0, 2π).
PhaseProgram quantise(const PhaseProgram& program, int bits);

}  // namespace fringe
