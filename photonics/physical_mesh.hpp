// From what was asked (PhaseProgram) and what was fabricated (FabricatedMesh) to what the light meets
// (PhysicalMesh).
#pragma once

#include <array>
#include <complex>
#include <vector>

#include "photonics/crossing.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {

/// What one mesh is as fabricated: the crossing type that stands at its couplers, and its static deviations;
/// all zero is the ideal mesh. Vectors: one entry per coupler, or per mode where `out`.
struct FabricatedMesh {
  const Crossing* crossing = &mzi_crossing();
  std::vector<double> alpha_rad, beta_rad, gamma_rad;  ///< see CrossingErrors; γ of a front splitter, if any
  std::vector<double> theta_error_rad, phi_error_rad, out_error_rad;
  std::vector<double> loss_db;  ///< insertion loss of each crossing, both modes alike, ≥ 0; ∞: a dead coupler
  std::vector<double> arm_imbalance_db;  ///< see CrossingErrors
  /// Loss of the way from the coupler ahead (or the input) to this coupler's upper and lower input, and from
  /// the last coupler of a mode to its output, ≥ 0.
  std::vector<double> upper_path_db, lower_path_db, out_path_db;

  CrossingErrors errors(std::size_t coupler) const {
    return {alpha_rad[coupler], beta_rad[coupler], gamma_rad[coupler], arm_imbalance_db[coupler]};
  }
};

/// The ideal mesh of a layout.
FabricatedMesh ideal_fabrication(const MeshLayout& layout, const Crossing& crossing = mzi_crossing());

/// Throw Error where sizes disagree with the layout.
void check_sizes(const MeshLayout& layout, const PhaseProgram& program);
void check_sizes(const MeshLayout& layout, const FabricatedMesh& fabricated);

/// One 2×2 transfer matrix per coupler, row-major {upper←upper, upper←lower, lower←upper, lower←lower}, and a
/// factor per mode at the output.
template <class Real>
struct PhysicalMesh {
  std::vector<std::array<std::complex<Real>, 4>> couplers;  ///< with their loss and that of the paths ahead
  std::vector<std::complex<Real>> out;
};

/// Computed in double, stored in Real. Throws Error where sizes disagree with the layout.
template <class Real>
PhysicalMesh<Real> realise(const MeshLayout& layout, const PhaseProgram& program,
                           const FabricatedMesh& fabricated);
/// The same into memory that is there already.
template <class Real>
void realise(const MeshLayout& layout, const PhaseProgram& program, const FabricatedMesh& fabricated,
             PhysicalMesh<Real>& mesh);

/// The N×N matrix of the mesh by the plain product of its couplers, in double: slow and independent of the
/// kernels.
std::vector<std::complex<double>> transfer_matrix(const MeshLayout& layout, const PhysicalMesh<double>& mesh);

}  // namespace fringe
