// What the controller asks of a mesh, and the complex matrices that programs are made from.
#pragma once

#include <complex>
#include <vector>

#include "core/view.hpp"

namespace fringe {

using ComplexMatrix = MatrixView<std::complex<double>>;
using ConstComplexMatrix = MatrixView<const std::complex<double>>;

/// Phases [rad] of a mesh. Each MZI is
///   T(θ, φ) = S(π/4+β) · diag(e^{iθ}, 1) · S(π/4+α) · diag(e^{iφ}, 1),   S(η) = [[cos η, i sin η], [i sin η,
///   cos η]],
/// φ on the upper input, θ on the upper arm. Ideal (α = β = 0):
///   T = i e^{iθ/2} [[e^{iφ} sin θ/2, cos θ/2], [e^{iφ} cos θ/2, −sin θ/2]]: θ = 0 is cross, θ = π is bar.
/// (Clements et al., Optica 3, 1460 (2016), with the phases placed as in Bandyopadhyay et al., Optica 8, 1247
/// (2021).)
struct PhaseProgram {
  std::vector<double> theta;  ///< per coupler, in the layout's order
  std::vector<double> phi;    ///< per coupler
  std::vector<double> out;    ///< per mode: phase screen behind the last column
};

}  // namespace fringe
