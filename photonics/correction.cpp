#include "photonics/correction.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {

PhaseProgram program_blocks(const MeshLayout& layout, std::span<const Matrix2> blocks,
                            std::span<const double> out_rad, std::span<const double> dark_phi_rad,
                            const FabricatedMesh& known, CorrectionGoal goal) {
  check_sizes(layout, known);
  const std::size_t count = layout.couplers.size();
  if (blocks.size() != count || dark_phi_rad.size() != count || out_rad.size() != layout.modes)
    throw Error("program_blocks: sizes differ from the layout's " + std::to_string(count) + " couplers and " +
                std::to_string(layout.modes) + " modes");
  PhaseProgram program{std::vector<double>(count), std::vector<double>(count),
                       std::vector<double>(layout.modes)};
  std::vector<double> lag(layout.modes, 0.0);  // phase of the wanted field over that of the chip's field
  for (std::size_t k = 0; k < count; ++k) {
    double &upper = lag[layout.couplers[k].upper], &lower = lag[layout.couplers[k].lower];
    const std::complex<double> first = std::polar(1.0, upper), second = std::polar(1.0, lower);
    const Matrix2& b = blocks[k];
    const CrossingSetting setting =
        solve(*known.crossing, known.errors(k), {b[0] * first, b[1] * second, b[2] * first, b[3] * second},
              dark_phi_rad[k] + upper - lower, goal);
    program.theta[k] = wrap_phase(setting.theta_rad - known.theta_error_rad[k]);
    program.phi[k] = wrap_phase(setting.phi_rad - known.phi_error_rad[k]);
    upper = setting.upper_lag_rad;
    lower = setting.lower_lag_rad;
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    program.out[m] = wrap_phase(out_rad[m] + lag[m] - known.out_error_rad[m]);
  return program;
}

PhaseProgram correct_locally(const MeshLayout& layout, const PhaseProgram& ideal, const FabricatedMesh& known,
                             CorrectionGoal goal) {
  check_sizes(layout, ideal);
  std::vector<Matrix2> blocks(ideal.theta.size());
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    // The plain MZI by its half angle: exact near the cross and the bar state.
    const double h = wrap_phase(ideal.theta[k]) / 2;
    const std::complex<double> shared = std::polar(1.0, h + pi / 2),
                               shifted = std::polar(1.0, h + pi / 2 + ideal.phi[k]);
    blocks[k] = {shifted * std::sin(h), shared * std::cos(h), shifted * std::cos(h), shared * -std::sin(h)};
  }
  return program_blocks(layout, blocks, ideal.out, ideal.phi, known, goal);
}

}  // namespace fringe
