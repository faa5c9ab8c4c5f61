// What stands where two modes of a mesh meet: the crossing type, a choice of its own beside the topology.
#pragma once

#include <array>
#include <complex>
#include <span>
#include <string_view>

namespace fringe {

/// Row-major {upper←upper, upper←lower, lower←upper, lower←lower}.
using Matrix2 = std::array<std::complex<double>, 4>;

/// Nominal angles of the splitters of one crossing, in the order in which light meets them:
///   T(θ, φ) = S(output) · P(θ) · S(input) · diag(e^{iφ}, 1) · S(front),  S(η) = [[cos η, i sin η], [i sin η,
///   cos η]],
/// P(θ) = diag(e^{iθ}, 1), or diag(e^{iθ/2}, e^{−iθ/2}) where it is driven push–pull. A waveguide crossing is
/// a splitter of π/2. An angle of 0 is no splitter and has no error. To add a crossing: add a row.
struct Crossing {
  std::string_view name;
  std::string_view description;
  double front_rad, input_rad, output_rad;
  bool push_pull;
  int splitters;            ///< that light passes, for loss and length; a waveguide crossing is none
  int waveguide_crossings;  ///< that light passes
  std::string_view source;
};

std::span<const Crossing> crossings() noexcept;
/// Throws Error, offering the nearest name.
const Crossing& find_crossing(std::string_view name);
/// The plain MZI: front 0, input and output π/4, θ on the upper arm.
const Crossing& mzi_crossing() noexcept;

/// Errors of one crossing: its splitters' angles are input + α, output + β and, where there is one, front +
/// γ; between input and output splitter the upper arm loses arm_imbalance_db more than the lower one
/// (negative: the lower one loses more), which limits the extinction.
struct CrossingErrors {
  double alpha_rad = 0, beta_rad = 0, gamma_rad = 0, arm_imbalance_db = 0;
};

/// T(θ, φ) of a crossing with its errors; loss that both modes share is not part of it.
Matrix2 transfer(const Crossing& crossing, double theta_rad, double phi_rad,
                 const CrossingErrors& errors = {});

Matrix2 multiply(const Matrix2& a, const Matrix2& b);
/// S(η). At π/4 both elements are the same number, at π/2 and 0 one is exactly zero.
Matrix2 splitter(double nominal_rad, double error_rad);

/// Phases of a crossing and what is left over of a target on its two outputs.
struct CrossingSetting {
  double theta_rad, phi_rad;
  double upper_lag_rad, lower_lag_rad;  ///< phase of the target's output over the crossing's
};

/// What counts where a target's ratio is out of reach, so that some light must go astray.
enum class CorrectionGoal {
  field,  ///< the complex field: stray light is put in phase with the wanted light, the least-squares choice
  /// The quadrature that balanced homodyne detection reads, for real matrices: stray light is turned so far
  /// out of phase that its real part is the wanted amplitude. What remains is imaginary everywhere and unseen
  /// to first order.
  quadrature,
};

/// The setting with which a crossing of known errors does what the unitary `target` does, up to phases on its
/// outputs: |T₁₁|² runs from cos²(a+b) at θ = 0 to cos²(a−b) at θ = π for the angles a, b of input and output
/// splitter, and a front splitter S(c) makes the target of the rest target·S(c)⁻¹. A ratio out of reach is
/// met as nearly as possible, and its phases follow the goal. Where the target has a dark element,
/// `dark_phi_rad` is φ's value unless the other element decides it. arm_imbalance is left alone. θ in [0, π],
/// φ in [0, 2π).
CrossingSetting solve(const Crossing& crossing, const CrossingErrors& errors, const Matrix2& target,
                      double dark_phi_rad, CorrectionGoal goal = CorrectionGoal::field);

}  // namespace fringe
