// A real matrix on cores of n modes. "svd": W = gain · U · diag(attenuation) · Vᵀ, U and Vᵀ each on a mesh, a
// line of attenuators between them (Miller, Photonics Research 1, 1 (2013); Shen et al., Nat. Photonics 11,
// 441 (2017)). "unitary" and "orthogonal": W = gain · Re U, one mesh.
#pragma once

#include <cstddef>
#include <vector>

#include "photonics/core_kind.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/phase_program.hpp"

namespace fringe {

/// What the controller asks of one core. One mesh alone: u; v and attenuation are empty.
struct CoreProgram {
  PhaseProgram u, v;                ///< light passes v (it realises Vᵀ), the attenuators, then u
  std::vector<double> attenuation;  ///< field transmission σ_k/σ_max in [0, 1], largest first
  double gain = 0;                  ///< digital factor behind detection; of an ideal core
};

/// How W[rows×cols] falls on n×n cores; tiles at the edges use a part of their inputs and outputs.
struct Tiling {
  std::size_t rows = 0, cols = 0, modes = 0;
  std::size_t tile_rows() const { return (rows + modes - 1) / modes; }
  std::size_t tile_cols() const { return (cols + modes - 1) / modes; }
  std::size_t tiles() const { return tile_rows() * tile_cols(); }
};

/// Phases of a core of n modes whose first w.cols inputs and first w.rows outputs are used and realise
/// w[≤n×≤n]. No light enters the other inputs and nobody reads the other outputs, so what stands there is
/// free. A core that takes any matrix (takes_any_matrix) has gain σ_max: w/σ_max is completed to a
/// compression of its orthogonal dilation (Halmos, Summa Brasil. Math. 2, 125 (1950)), which leaves σ_max as
/// it is. Padding with zeros would fill the meshes with exact bar and cross states, which no correction can
/// reach. With w/σ_max = A·diag(σ)·Bᵀ completed, a single mesh realises the unitary A·diag(σ + i·√(1−σ²))·Bᵀ,
/// whose real part it is. Other cores realise nearest_orthogonal(). Programs are of plain MZIs, but of
/// push–pull ones where the kind is theta_only. Throws Error where w is empty, larger than the core, or holds
/// NaN or infinity.
CoreProgram program_core(const Topology& topology, MatrixView<const double> w, std::size_t modes,
                         const CoreKind& kind = svd_core(), Detection detection = Detection::homodyne);

/// The part gain·q[rows×cols] of a multiple of an orthogonal matrix that is nearest to w in the Frobenius
/// norm.
struct OrthogonalPart {
  std::vector<double> q;  ///< [modes×modes], orthogonal
  double gain;
  double residual;  ///< ‖w − gain·q[rows×cols]‖_F
};
/// Of k = max(0, rows + cols − modes) singular values of the part the orthogonal matrix leaves no choice but
/// 1 (the others range over [0, 1], as in its cosine–sine decomposition), so the k largest of w become their
/// mean and the residual is the root of their summed squared deviations from it; for a full core this is the
/// polar factor (Fan and Hoffman, Proc. Amer. Math. Soc. 6, 111 (1955)). Up to rows + cols = modes every w is
/// met exactly. Throws Error where program_core() does.
OrthogonalPart nearest_orthogonal(MatrixView<const double> w, std::size_t modes);

/// Power of holding a program's driven phases [W] where each shifter draws pi_power_w per π rad; attenuators
/// count as MZIs with θ = 2·asin(transmission).
double hold_power_w(const CoreProgram& program, double pi_power_w, const CoreKind& kind = svd_core());

}  // namespace fringe
