// From what was asked (PhaseProgram) and what was fabricated (FabricatedMesh) to what the light meets
// (PhysicalMesh).
#pragma once

#include <array>
#include <complex>
#include <vector>

#include "photonics/mesh_layout.hpp"

namespace fringe {

/// Static deviations of one fabricated mesh; all zero is the ideal mesh. Vectors: one entry per coupler (out:
/// per mode).
struct FabricatedMesh {
  std::vector<double> alpha_rad,
      beta_rad;  ///< splitting angle errors: π/4+α at the input, π/4+β at the output
  std::vector<double> theta_error_rad, phi_error_rad, out_error_rad;
  std::vector<double> loss_db;  ///< insertion loss of each MZI, both modes alike, ≥ 0
};

/// The ideal mesh of a layout.
FabricatedMesh ideal_fabrication(const MeshLayout& layout);

/// Throw Error where sizes disagree with the layout.
void check_sizes(const MeshLayout& layout, const PhaseProgram& program);
void check_sizes(const MeshLayout& layout, const FabricatedMesh& fabricated);

/// One 2×2 transfer matrix per coupler, row-major {upper←upper, upper←lower, lower←upper, lower←lower}, and a
/// factor per mode at the output.
template <class Real>
struct PhysicalMesh {
  std::vector<std::array<std::complex<Real>, 4>> couplers;
  std::vector<std::complex<Real>> out;
};

/// Computed in double, stored in Real. Throws Error where sizes disagree with the layout.
template <class Real>
PhysicalMesh<Real> realise(const MeshLayout& layout, const PhaseProgram& program,
                           const FabricatedMesh& fabricated);

/// The N×N matrix of the mesh by the plain product of its couplers, in double: slow and independent of the
/// kernels.
std::vector<std::complex<double>> transfer_matrix(const MeshLayout& layout, const PhysicalMesh<double>& mesh);

}  // namespace fringe
