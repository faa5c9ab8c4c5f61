// A real matrix on cores of n modes: W = gain · U · diag(attenuation) · Vᵀ, U and Vᵀ each on a mesh, a line
// of attenuators between them (Miller, Photonics Research 1, 1 (2013); Shen et al., Nat. Photonics 11, 441
// (2017)).
#pragma once

#include <cstddef>
#include <vector>

#include "photonics/mesh_layout.hpp"
#include "photonics/phase_program.hpp"

namespace fringe {

/// What the controller asks of one core.
struct CoreProgram {
  PhaseProgram u, v;                ///< light passes v (it realises Vᵀ), the attenuators, then u
  std::vector<double> attenuation;  ///< field transmission σ_k/σ_max in [0, 1], largest first
  double gain = 0;                  ///< digital factor behind detection; σ_max on an ideal core
};

/// How W[rows×cols] falls on n×n cores; tiles at the edges use a part of their inputs and outputs.
struct Tiling {
  std::size_t rows = 0, cols = 0, modes = 0;
  std::size_t tile_rows() const { return (rows + modes - 1) / modes; }
  std::size_t tile_cols() const { return (cols + modes - 1) / modes; }
  std::size_t tiles() const { return tile_rows() * tile_cols(); }
};

/// Singular values and phases of a core of n modes whose first w.cols inputs and first w.rows outputs are
/// used and realise w[≤n×≤n]. No light enters the other inputs and nobody reads the other outputs, so what
/// stands there is free: w/σ_max is completed to a compression of its orthogonal dilation (Halmos, Summa
/// Brasil. Math. 2, 125 (1950)), which leaves σ_max as it is. Padding with zeros would fill the meshes with
/// exact bar and cross states, which no correction can reach. Throws Error where w is empty, larger than the
/// core, or holds NaN or infinity.
CoreProgram program_core(const Topology& topology, MatrixView<const double> w, std::size_t modes);

/// Number of phases of a core: two meshes of n² each and n attenuators.
inline std::size_t core_phases(std::size_t modes) { return 2 * modes * modes + modes; }

/// Power of holding a program's phases [W] where each shifter draws pi_power_w per π rad; attenuators count
/// as MZIs with θ = 2·asin(transmission).
double hold_power_w(const CoreProgram& program, double pi_power_w);

}  // namespace fringe
