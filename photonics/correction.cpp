#include "photonics/correction.hpp"

#include <cmath>

#include "photonics/wrap_phase.hpp"

namespace fringe {

PhaseProgram correct_locally(const MeshLayout& layout, const PhaseProgram& ideal, const FabricatedMesh& known,
                             CorrectionGoal goal) {
  check_sizes(layout, ideal);
  check_sizes(layout, known);
  PhaseProgram corrected = ideal;
  std::vector<double> lag(layout.modes, 0.0);  // phase of the ideal field over that of the chip's field
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    double &upper = lag[layout.couplers[k].upper], &lower = lag[layout.couplers[k].lower];
    // The plain MZI by its half angle: exact near the cross and the bar state.
    const double h = wrap_phase(ideal.theta[k]) / 2, phi = ideal.phi[k] + upper, shared = h + pi / 2;
    const Matrix2 target{
        std::polar(1.0, shared + phi) * std::sin(h), std::polar(1.0, shared + lower) * std::cos(h),
        std::polar(1.0, shared + phi) * std::cos(h), std::polar(1.0, shared + lower) * -std::sin(h)};
    const CrossingSetting setting = solve(*known.crossing, known.errors(k), target, phi - lower, goal);
    corrected.theta[k] = wrap_phase(setting.theta_rad - known.theta_error_rad[k]);
    corrected.phi[k] = wrap_phase(setting.phi_rad - known.phi_error_rad[k]);
    upper = setting.upper_lag_rad;
    lower = setting.lower_lag_rad;
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    corrected.out[m] = wrap_phase(ideal.out[m] + lag[m] - known.out_error_rad[m]);
  return corrected;
}

}  // namespace fringe
