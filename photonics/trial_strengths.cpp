#include "photonics/trial_strengths.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"

namespace fringe {
namespace {

constexpr double largest_normal = 6.35;

/// e^{i·angle}, exact at multiples of π/2, which the sums of all table rows' splitters are.
std::complex<float> corner(double angle) {
  const double quarters = std::round(angle / (pi / 2));
  if (std::abs(angle - quarters * (pi / 2)) > 1e-12) return std::complex<float>(std::polar(1.0, angle));
  constexpr std::complex<float> corners[]{{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  return corners[static_cast<int>(quarters) & 3];
}

/// e^{i·phase} by its remainder, so that it is as exact for large phases.
std::complex<float> phasor(double phase) {
  return std::complex<float>(std::polar(1.0, std::remainder(phase, 2 * pi)));
}

}  // namespace

bool drawn_together(const MeshImperfections& m) {
  MeshImperfections rest = m;
  rest.splitter_sigma_rad = rest.phase_sigma_rad = 0;
  rest.insertion_loss_db = rest.insertion_loss_sigma_db = 0;
  rest.phase_bits = 0;
  rest.drive = {};
  rest.crosstalk = {};
  rest.drift = {};
  rest.geometry = {};
  rest.dispersion = {};
  rest.balanced_edges = m.balanced_edges && m.insertion_loss_db > 0;
  constexpr double widest = 100;  // 6.35 of them are inside sine_cosine()'s range
  return rest == MeshImperfections{} && m.splitter_sigma_rad < widest / 2 && m.phase_sigma_rad < widest;
}

TrialStrengths trial_strengths(const MeshImperfections& m, const Crossing& crossing) {
  const auto at_sum = corner(crossing.output_rad + crossing.input_rad);
  const auto at_difference = corner(crossing.output_rad - crossing.input_rad);
  const auto exponent = [](double loss_db) { return static_cast<float>(loss_db / 20 * std::log2(10.0)); };
  const double most = largest_normal * std::max(2 * m.splitter_sigma_rad, m.phase_sigma_rad / 2);
  return {static_cast<float>(m.splitter_sigma_rad),
          static_cast<float>(m.phase_sigma_rad / 2),
          at_sum.real(),
          at_sum.imag(),
          at_difference.real(),
          at_difference.imag(),
          static_cast<float>(std::cos(crossing.front_rad)),
          static_cast<float>(std::sin(crossing.front_rad)),
          crossing.front_rad != 0,
          crossing.push_pull,
          most < pi / 4,
          exponent(m.insertion_loss_db),
          exponent(m.insertion_loss_sigma_db)};
}

std::vector<TrialPhases> trial_phases(const PhaseProgram& held) {
  std::vector<TrialPhases> phases;
  for (std::size_t k = 0; k < held.theta.size(); ++k) {
    const std::complex<float> theta = phasor(held.theta[k] / 2), phi = phasor(held.phi[k] / 2);
    phases.push_back({theta.real(), theta.imag(), phi.real(), phi.imag()});
  }
  return phases;
}

std::vector<std::complex<float>> trial_screen(const PhaseProgram& held) {
  std::vector<std::complex<float>> screen;
  for (const double phase : held.out) screen.push_back(phasor(phase));
  return screen;
}

}  // namespace fringe
