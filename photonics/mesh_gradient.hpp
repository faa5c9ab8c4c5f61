// Exact gradients of a mesh by the adjoint method. Where the mesh is well conditioned, fields are recomputed
// backwards from the output with each coupler's inverse, and no activation is stored; where loss would leave
// the precision, or a coupler is dead, they are recomputed forwards from checkpoints every √columns.
// T. W. Hughes et al., Optica 5, 864 (2018), doi:10.1364/OPTICA.5.000864, give the physical form of the
// method.
#pragma once

#include <vector>

#include "core/thread_pool.hpp"
#include "photonics/compressed_batch.hpp"
#include "photonics/fields.hpp"
#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"
#include "photonics/reverse_form.hpp"

namespace fringe {

/// Real is float or double. Calls on one object are not concurrent.
template <class Real>
class MeshGradient {
 public:
  explicit MeshGradient(const MeshLayout& layout);

  /// The mesh that y comes from. Throws Error where sizes disagree with the layout.
  void set(const PhaseProgram& program, const FabricatedMesh& fabricated);
  /// The same where the caller has realised the mesh already: `mesh` is realise(layout, program, fabricated).
  void set(const PhysicalMesh<double>& mesh, const FabricatedMesh& fabricated);

  /// Fields can be recomputed from the output: the field transmission of the mesh, at its least, is above
  /// 2⁻⁶ in float and 2⁻¹³ in double.
  bool reversible() const noexcept { return reversible_; }

  /// For a real loss L and y = A·x over a batch, all planes [modes × batch]: takes `fields`, which are y
  /// where reversible() and x otherwise, and g = ∂L/∂Re y + i ∂L/∂Im y at the output, and leaves g_in = Aᴴg
  /// in g's place. Adds to `gradient`
  ///   ∂L/∂p = Σ_samples Re(ḡ · ∂y/∂p)   for p = θ, φ of each coupler and the output phases.
  /// Sums over samples run in tiles in order: equal bits for any pool. Rounding
  /// errors of x grow by one over the field transmission of the mesh. Batches far larger than the modes go
  /// compressed (compressed_batch.hpp) where the mesh is reversible(). Throws Error on shape mismatch.
  void backward(ConstFields<Real> fields, Fields<Real> g, PhaseProgram& gradient, ThreadPool* pool = nullptr);
  /// The same where g_in is not wanted; g is left alone.
  void slopes(ConstFields<Real> fields, ConstFields<Real> g, PhaseProgram& gradient,
              ThreadPool* pool = nullptr);

 private:
  void check(const ConstFields<Real>& fields, const ConstFields<Real>& g, const PhaseProgram& gradient) const;
  void set_recorded(const PhysicalMesh<double>& mesh);
  /// g_in may be null.
  void add_slopes(const ConstFields<Real>& fields, const ConstFields<Real>& g, const Fields<Real>& g_in,
                  PhaseProgram& gradient, ThreadPool* pool);
  void backward_recorded(const ConstFields<Real>& fields, const ConstFields<Real>& g,
                         const Fields<Real>& g_in, std::size_t begin, std::size_t end, Real* sums) const;
  void add_recorded(const Real* sums, PhaseProgram& gradient) const;
  std::size_t sums() const;

  MeshLayout layout_;
  ReverseForm<Real> form_;
  bool set_ = false, reversible_ = false;
  SlopeWeights weights_;
  CompressedBatch<Real> compressed_;
  std::vector<Real> sums_, tile_sums_;  ///< of the batch, and of each tile in flight
  // Where not reversible:
  std::vector<KernelPair> pairs_;
  std::vector<std::size_t>
      segments_;  ///< first coupler of each segment of about √columns columns, and the end
  std::size_t longest_segment_ = 0;
  std::vector<Real> coefficients_;
  std::vector<Real> out_;  ///< {Re, Im} per mode
};

}  // namespace fringe
