// Phases by descent: for layouts and crossings that have no decomposition, for chips of known errors, and
// from data alone.
#pragma once

#include "core/draw.hpp"
#include "core/thread_pool.hpp"
#include "photonics/lbfgs.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

struct GradientResult {
  PhaseProgram program;
  double residual;  ///< ‖A·x − y‖_F/√samples; for a target matrix ‖U′ − U‖_F/√N
  unsigned iterations, evaluations;
};

/// Minimises ‖A·x − y‖² over every θ, φ and output phase of a mesh A of known fabrication, from `start`. x
/// and y are [ports × samples], complex. With CorrectionGoal::quadrature Re(A·x) is compared with Re y alone,
/// which is what homodyne detection of one quadrature reads; the residual is that of the real part. Exact
/// gradients (mesh_gradient.hpp), L-BFGS (lbfgs.hpp); the same bits for any pool. It finds a local minimum:
/// of a mesh that can't do better the residual says how far it stays. Throws Error where sizes disagree, or
/// a number isn't finite.
GradientResult program_from_data(const MeshLayout& layout, const FabricatedMesh& known, ConstComplexMatrix x,
                                 ConstComplexMatrix y, const PhaseProgram& start,
                                 const LbfgsOptions& options = {},
                                 CorrectionGoal goal = CorrectionGoal::field, ThreadPool* pool = nullptr);

/// The same for a target matrix [ports × ports]; it need not be unitary.
GradientResult program_from_target(const MeshLayout& layout, const FabricatedMesh& known,
                                   ConstComplexMatrix target, const PhaseProgram& start,
                                   const LbfgsOptions& options = {},
                                   CorrectionGoal goal = CorrectionGoal::field, ThreadPool* pool = nullptr);

/// A random start: on universal layouts without dark modes the phases of a Haar-random unitary, whose light
/// spreads over all modes (Pai et al., Phys. Rev. Applied 11, 064044 (2019)); elsewhere each coupler is a
/// Haar-random 2×2, cos²(θ/2) uniform. Translated for the crossing: phases that are random for plain MZIs
/// leave a mesh of others far from Haar-random, where descent hardly finds its way.
PhaseProgram random_start(const MeshLayout& layout, const Draw& draw,
                          const Crossing& crossing = mzi_crossing());

}  // namespace fringe
