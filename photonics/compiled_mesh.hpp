// A mesh prepared for fast propagation of batches. Eight multiply-adds per coupler and vector instead of
// sixteen: each mode is kept as D·x̂ with a complex D that is known when the mesh is compiled, so that
//   y₀ = aD₀(x̂₀ + B x̂₁),  B = bD₁/(aD₀);   y₁ = dD₁(x̂₁ + C x̂₀),  C = cD₀/(dD₁),
// the complex form of fast Givens rotations (Gentleman, J. Inst. Maths Applics 12, 329 (1973)). Where a is
// too small for D's range, rows trade places first. D is multiplied in once, at the output. A mesh in which
// no light reaches some coupler's output (a dead coupler) has no such form and takes sixteen.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/thread_pool.hpp"
#include "photonics/fields.hpp"
#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_kernel_order.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"
#include "photonics/ring_form.hpp"

namespace fringe {

/// Real is float or double. Any layout works; couplers of neighbouring modes take the fast path.
template <class Real>
class CompiledMesh {
 public:
  /// Throws Error where sizes disagree with the layout or a coupler is not finite.
  CompiledMesh(const MeshLayout& layout, const PhysicalMesh<double>& mesh);
  CompiledMesh(const MeshLayout& layout, const PhysicalMesh<float>& mesh);
  CompiledMesh(CompiledMesh&&) noexcept;
  CompiledMesh& operator=(CompiledMesh&&) noexcept;
  ~CompiledMesh();

  /// New coefficients for the same layout; memory is reused. Throws as the constructor does; the mesh must
  /// then be compiled anew before its next use.
  void recompile(const PhysicalMesh<double>& mesh);
  void recompile(const PhysicalMesh<float>& mesh);

  std::size_t modes() const noexcept { return layout_.modes; }
  std::size_t couplers() const noexcept { return layout_.couplers.size(); }

  /// out = mesh · in; both [modes × batch], any strides; in.im.data may be null (real input); `in` is `out`
  /// itself or does not overlap it. A sample's bits depend on that sample alone: not on threads, neighbours
  /// or position. Relative error below 3·eps·√columns where couplers differ, 3·eps·columns where all are
  /// alike. Input magnitudes between 2⁻⁴⁰ and 2⁴⁰ are safe. Concurrent calls are allowed. Throws Error on
  /// shape mismatch.
  void propagate(ConstFields<Real> in, Fields<Real> out, ThreadPool* pool = nullptr,
                 const KernelSet& kernels = mesh_kernels()) const;

  /// The first columns of the mesh as a matrix: out[modes × columns], (i, k) = field at output i for a field
  /// of 1 at input k; the bits of propagate() on the identity in two thirds of its time. Throws Error on
  /// shape mismatch.
  void transmission(Fields<Real> out, ThreadPool* pool = nullptr,
                    const KernelSet& kernels = mesh_kernels()) const;

 private:
  template <class Source>
  void compile(const PhysicalMesh<Source>& mesh);
  template <class Source>
  bool compile_groups(const PhysicalMesh<Source>& mesh);
  template <class Source>
  bool compile_group(const PhysicalMesh<Source>& mesh, std::size_t group, bool swaps);
  void rescale_rows();
  template <class Source>
  void compile_plain(const PhysicalMesh<Source>& mesh);
  /// The form for few samples, made when first asked for; null where there is none.
  const RingForm<Real>* ring_form() const;
  void propagate_blocks(const ConstFields<Real>& in, const Fields<Real>& out, ThreadPool* pool,
                        const KernelSet& kernels) const;
  void propagate_plain(const ConstFields<Real>& in, const Fields<Real>& out, std::size_t begin,
                       std::size_t end, const KernelSet& kernels) const;

  struct Ring;

  MeshLayout layout_;
  std::unique_ptr<Ring> ring_;  ///< null where the layout has none
  bool by_waves_ = false, plain_ = false;
  KernelOrder order_;
  // Written by every compilation.
  std::vector<KernelGroup> groups_;
  std::vector<Real> coefficients_;
  std::vector<KernelPair> pairs_;  ///< where plain_
  std::vector<KernelMask<Real>> swaps_;
  std::vector<KernelRescale<Real>> rescales_;
  std::vector<Real> out_re_, out_im_;
  std::vector<std::complex<double>> scale_, saved_scale_;  ///< D of each mode
};

}  // namespace fringe
