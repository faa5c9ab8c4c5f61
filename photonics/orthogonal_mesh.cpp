#include "photonics/orthogonal_mesh.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

constexpr double dark = 1e-13;      // field whose phase is rounding alone
constexpr double tolerance = 1e-9;  // of what is not real, as a field

/// Whether a phase is π, not 0; `field` is the smallest that has it.
bool is_minus(double phase_rad, double field) {
  if (std::abs(std::sin(phase_rad)) * field > tolerance)
    throw Error("orthogonal_program: the program doesn't realise a real matrix");
  return std::cos(phase_rad) < 0;
}

}  // namespace

// A plain MZI behind lags u and l of its inputs is i·e^{iθ/2}·e^{il}·[[ε s, c], [ε c, −s]], ε = e^{i(φ+u−l)}
// = ±1 unless s or c is dark. For ε = −1 it is the push–pull MZI of 2π − θ with the sign of its upper output
// turned.
PhaseProgram orthogonal_program(const MeshLayout& layout, const PhaseProgram& plain) {
  check_sizes(layout, plain);
  PhaseProgram program = plain;
  std::vector<double> lag(layout.modes, 0.0);     // of the plain mesh's fields over real ones
  std::vector<unsigned> passed(layout.modes, 0);  // couplers, modulo 4: the power of i
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    const auto [upper, lower] = layout.couplers[k];
    const double half = wrap_phase(plain.theta[k]) / 2, common = half + pi / 2;
    const double u = lag[upper] + plain.phi[k], l = lag[lower];
    const double s = std::abs(std::sin(half)), c = std::abs(std::cos(half));
    const bool mixes = s > dark && c > dark, minus = mixes && is_minus(u - l, std::min(s, c));
    program.theta[k] = minus ? 2 * (pi - half) : 2 * half;
    program.phi[k] = pi / 2 * ((passed[lower] + 4 - passed[upper]) % 4);
    lag[upper] = wrap_phase(common + (s > dark && !mixes ? u : l) + (minus ? pi : 0));
    lag[lower] = wrap_phase(common + (c > dark && !mixes ? u : l));
    passed[upper] = passed[lower] = (passed[lower] + 1) % 4;
  }
  for (std::size_t m = 0; m < layout.modes; ++m) {
    const bool minus = m < layout.ports() && is_minus(plain.out[m] + lag[m], 1);
    program.out[m] = pi / 2 * ((4 - passed[m] + (minus ? 2u : 0u)) % 4);
  }
  return program;
}

}  // namespace fringe
