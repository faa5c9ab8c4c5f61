// Exact gradients of a mesh by the adjoint method. Fields are recomputed backwards from the output with each
// coupler's inverse (a coupler is a loss times a unitary), so no activation is stored. T. W. Hughes et al.,
// Optica 5, 864 (2018), doi:10.1364/OPTICA.5.000864, give the physical form of the method.
#pragma once

#include <complex>
#include <vector>

#include "core/thread_pool.hpp"
#include "photonics/fields.hpp"
#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

/// Real is float or double. Calls on one object are not concurrent.
template <class Real>
class MeshGradient {
 public:
  explicit MeshGradient(const MeshLayout& layout);

  /// The mesh that y comes from. Throws Error where sizes disagree with the layout.
  void set(const PhaseProgram& program, const FabricatedMesh& fabricated);

  /// For a real loss L and y = A·x over a batch: takes the fields y and g = ∂L/∂Re y + i ∂L/∂Im y at the
  /// output, both [modes × batch], and overwrites them with the input fields x and g_in = Aᴴg. Adds to
  /// `gradient`
  ///   ∂L/∂p = Σ_samples Re(ḡ · ∂y/∂p)   for p = θ, φ of each coupler and the output phases.
  /// The sum over samples runs in an order set by the batch size alone: equal bits for any pool. Rounding
  /// errors of x grow by one over the field transmission of the mesh. Throws Error on shape mismatch.
  void backward(Fields<Real> y, Fields<Real> g, PhaseProgram& gradient, ThreadPool* pool = nullptr);

 private:
  void backward_part(const Fields<Real>& y, const Fields<Real>& g, std::size_t begin, std::size_t end,
                     double* sums);

  MeshLayout layout_;
  std::vector<KernelPair> pairs_;
  std::vector<Real> coefficients_;
  std::vector<Real> out_;                            ///< {Re, Im} per mode
  std::vector<double> splitter_cos_, splitter_sin_;  ///< of π/4 + β
  std::vector<double> sums_;  ///< per part of the batch: four per coupler, one per mode
};

}  // namespace fringe
