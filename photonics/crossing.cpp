#include "photonics/crossing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

constexpr std::array table{
    Crossing{"mzi", "two splitters, theta on the upper arm", 0, pi / 4, pi / 4, false, 2, 0,
             "Clements et al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460"},
    Crossing{"symmetric-mzi", "two splitters, theta driven push-pull on both arms", 0, pi / 4, pi / 4, true,
             2, 0, "Bell and Walmsley, APL Photonics 6, 070804 (2021), doi:10.1063/5.0053421"},
    Crossing{"3-splitter-mzi", "a third splitter ahead of phi: cross and bar states come into reach", pi / 4,
             pi / 4, pi / 4, false, 3, 0,
             "Hamerly et al., Nat. Commun. 13, 6831 (2022), doi:10.1038/s41467-022-34308-3"},
    Crossing{"mzi-crossing", "a waveguide crossing behind: cross and bar trade places", 0, pi / 4, 3 * pi / 4,
             false, 2, 1, "Hamerly et al., Nat. Commun. 13, 6831 (2022), doi:10.1038/s41467-022-34308-3"},
};

struct Angle {
  double cos, sin;
};

/// Cosine and sine of a nominal angle plus an error; exact where the nominal angle is a multiple of π/4.
Angle angle(double nominal, double error) {
  constexpr double half = std::numbers::sqrt2 / 2;
  Angle n{std::cos(nominal), std::sin(nominal)};
  for (const auto& [exact, value] :
       {std::pair{0.0, Angle{1, 0}}, {pi / 4, {half, half}}, {pi / 2, {0, 1}}, {3 * pi / 4, {-half, half}}})
    if (nominal == exact) n = value;
  const double c = std::cos(error), s = std::sin(error);
  return {n.cos * c - n.sin * s, n.sin * c + n.cos * s};
}

Complex phasor(double phase_rad) { return {std::cos(phase_rad), std::sin(phase_rad)}; }

/// S(output) · P(θ) · S(input).
Matrix2 interferometer(const Crossing& crossing, double theta, const CrossingErrors& errors) {
  const Angle in = angle(crossing.input_rad, errors.alpha_rad),
              out = angle(crossing.output_rad, errors.beta_rad);
  Complex upper = phasor(crossing.push_pull ? theta / 2 : theta),
          lower = crossing.push_pull ? std::conj(upper) : 1;
  (errors.arm_imbalance_db > 0 ? upper : lower) *=
      field_transmission_from_loss_db(std::abs(errors.arm_imbalance_db));
  const Complex i{0, 1};
  return {out.cos * in.cos * upper - out.sin * in.sin * lower,
          i * (out.cos * in.sin * upper + out.sin * in.cos * lower),
          i * (out.sin * in.cos * upper + out.cos * in.sin * lower),
          out.cos * in.cos * lower - out.sin * in.sin * upper};
}

double phase_between(Complex a, Complex b) { return std::arg(a * std::conj(b)); }

/// The part of a phase to undo so that `reached` light keeps `wanted` as its real part.
double turned_out(double phase, double wanted, double reached) {
  constexpr double met = 1e-12;  // rounding of a ratio within reach
  return wanted < reached * (1 - met) ? std::copysign(std::acos(std::min(1.0, wanted / reached)), phase) : 0;
}

}  // namespace

std::span<const Crossing> crossings() noexcept { return table; }

const Crossing& find_crossing(std::string_view name) { return find_row("crossing", name, table); }

const Crossing& mzi_crossing() noexcept { return table.front(); }

Matrix2 multiply(const Matrix2& a, const Matrix2& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2],
          a[2] * b[1] + a[3] * b[3]};
}

Matrix2 splitter(double nominal_rad, double error_rad) {
  const Angle a = angle(nominal_rad, error_rad);
  return {a.cos, Complex{0, a.sin}, Complex{0, a.sin}, a.cos};
}

Matrix2 transfer(const Crossing& crossing, double theta_rad, double phi_rad, const CrossingErrors& errors) {
  Matrix2 t = interferometer(crossing, theta_rad, errors);
  const Complex phi = phasor(phi_rad);
  t[0] *= phi;
  t[2] *= phi;
  return crossing.front_rad == 0 ? t : multiply(t, splitter(crossing.front_rad, errors.gamma_rad));
}

// An interferometer without φ is e^{iμ}[[r e^{iε}, k e^{iζ}], [−k e^{−iζ}, r e^{−iε}]] up to fixed signs, ε
// and ζ from its errors. Three of its elements are set by the two lags and φ; the fourth follows, as both
// matrices are unitary. For the quadrature the stray one of r and k is turned by ±acos(wanted/reached) on
// both rows, by a part of ε (or ζ) that is not undone.
CrossingSetting solve(const Crossing& crossing, const CrossingErrors& given, const Matrix2& target,
                      double dark_phi_rad, CorrectionGoal goal) {
  constexpr double dark = 1e-28;  // power whose phase is rounding alone
  CrossingErrors errors = given;
  errors.arm_imbalance_db = 0;
  const Matrix2 rest =
      crossing.front_rad == 0 ? target : multiply(target, splitter(-crossing.front_rad, -errors.gamma_rad));
  // sin²h = (|T₁₁|² − cos²(a+b))/(cos²(a−b) − cos²(a+b)); both differences as products, exact near 0.
  const double straight = std::norm(rest[0]), across = std::norm(rest[1]);
  const Angle sum = angle(crossing.input_rad + crossing.output_rad, errors.alpha_rad + errors.beta_rad),
              difference =
                  angle(crossing.input_rad - crossing.output_rad, errors.alpha_rad - errors.beta_rad);
  // The smaller of the two powers decides: it is the one known to full relative precision.
  const double span = difference.cos * difference.cos - sum.cos * sum.cos;
  const double at_zero = straight < across ? straight - sum.cos * sum.cos : sum.sin * sum.sin - across;
  const double at_pi = straight < across ? difference.cos * difference.cos - straight
                                         : across - difference.sin * difference.sin;
  const double sine = std::max(0.0, at_zero / span), cosine = std::max(0.0, at_pi / span);
  CrossingSetting setting;
  setting.theta_rad = 2 * std::atan2(std::sqrt(sine), std::sqrt(cosine));

  const Matrix2 t = interferometer(crossing, setting.theta_rad, errors);
  double straight_turn = 0, across_turn = 0;
  if (goal == CorrectionGoal::quadrature) {
    const Matrix2 ideal = interferometer(crossing, setting.theta_rad, {});
    const double epsilon = phase_between(t[0] * std::conj(t[3]), ideal[0] * std::conj(ideal[3])) / 2;
    const double zeta = phase_between(t[1] * std::conj(t[2]), ideal[1] * std::conj(ideal[2])) / 2;
    if (straight > dark) straight_turn = turned_out(epsilon, std::sqrt(straight), std::abs(t[0]));
    if (across > dark) across_turn = turned_out(zeta, std::sqrt(across), std::abs(t[1]));
  }
  // The stronger pair sets the lags, so that noise in the phases of the weaker one stays in the weaker one.
  const auto phase = [&](std::size_t e) { return phase_between(rest[e], t[e]); };
  if (straight < across) {
    setting.upper_lag_rad = phase(1) + across_turn;
    setting.phi_rad = straight > dark ? phase(0) - setting.upper_lag_rad + straight_turn : dark_phi_rad;
    setting.lower_lag_rad = phase(2) - setting.phi_rad - across_turn;
  } else {
    setting.lower_lag_rad = phase(3) - straight_turn;
    setting.phi_rad = across > dark ? phase(2) - setting.lower_lag_rad - across_turn : dark_phi_rad;
    setting.upper_lag_rad = phase(0) - setting.phi_rad + straight_turn;
  }
  setting.phi_rad = wrap_phase(setting.phi_rad);
  setting.upper_lag_rad = wrap_phase(setting.upper_lag_rad);
  setting.lower_lag_rad = wrap_phase(setting.lower_lag_rad);
  return setting;
}

}  // namespace fringe
