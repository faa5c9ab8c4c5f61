#include "photonics/correction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

/// The part of a phase to undo so that `reached` light keeps `wanted` as its real part.
double turned_out(double phase, double wanted, double reached) {
  constexpr double met = 1e-12;  // rounding of a ratio within reach
  return wanted < reached * (1 - met) ? phase - std::copysign(std::acos(wanted / reached), phase) : phase;
}

}  // namespace

// With h = θ/2, s = α+β and d = α−β, an MZI without its φ is
//   i e^{ih} [[r e^{iε}, k e^{iζ}], [k e^{−iζ}, −r e^{−iε}]],
//   r e^{iε} = cos d sin h + i sin s cos h,   k e^{iζ} = cos s cos h + i sin d sin h.
// So the ratio asks for sin²h' (cos²d − sin²s) = sin²h − sin²s, and the phases for φ' = φ − ε + ζ behind
// inputs that are in phase with the ideal ones; the outputs then lag the ideal ones by h − h' − ζ and h − h'
// + ε. For the quadrature, ε (or ζ) is undone only as far as leaves r·cos = sin h (k·cos = |cos h|); the two
// strong paths keep their phases.
PhaseProgram correct_locally(const MeshLayout& layout, const PhaseProgram& ideal, const FabricatedMesh& known,
                             CorrectionGoal goal) {
  check_sizes(layout, ideal);
  check_sizes(layout, known);
  PhaseProgram corrected = ideal;
  std::vector<double> lag(layout.modes, 0.0);  // phase of the ideal field over that of the chip's field
  constexpr double dark = std::numeric_limits<double>::epsilon();

  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    double &upper = lag[layout.couplers[k].upper], &lower = lag[layout.couplers[k].lower];
    const double h = wrap_phase(ideal.theta[k]) / 2;
    const double s = known.alpha_rad[k] + known.beta_rad[k], d = known.alpha_rad[k] - known.beta_rad[k];
    const double sine = std::sqrt(std::max(0.0, std::sin(h + s) * std::sin(h - s)));
    const double cosine = std::sqrt(std::max(0.0, std::cos(h + d) * std::cos(h - d)));
    const double sign = std::cos(h) < 0 ? -1 : 1;
    const double new_h = std::atan2(sine, sign * cosine);
    // A path that stays dark in the ideal mesh sets no phase.
    double epsilon = 0, zeta = 0;
    if (std::sin(h) > dark) {
      const double straight = std::hypot(std::cos(d) * std::sin(new_h), std::sin(s) * std::cos(new_h));
      epsilon = std::atan2(std::sin(s) * std::cos(new_h), std::cos(d) * std::sin(new_h));
      if (goal == CorrectionGoal::quadrature) epsilon = turned_out(epsilon, std::sin(h), straight);
    }
    if (std::abs(std::cos(h)) > dark) {
      const double across = std::hypot(std::cos(s) * std::cos(new_h), std::sin(d) * std::sin(new_h));
      zeta = std::atan2(sign * std::sin(d) * std::sin(new_h), sign * std::cos(s) * std::cos(new_h));
      if (goal == CorrectionGoal::quadrature) zeta = turned_out(zeta, std::abs(std::cos(h)), across);
    }
    corrected.theta[k] = wrap_phase(2 * new_h - known.theta_error_rad[k]);
    corrected.phi[k] = wrap_phase(ideal.phi[k] + upper - lower - epsilon + zeta - known.phi_error_rad[k]);
    const double common = h - new_h + lower;
    upper = wrap_phase(common - zeta);
    lower = wrap_phase(common + epsilon);
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    corrected.out[m] = wrap_phase(ideal.out[m] + lag[m] - known.out_error_rad[m]);
  return corrected;
}

}  // namespace fringe
