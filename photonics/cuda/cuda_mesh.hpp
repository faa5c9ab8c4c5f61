// Meshes on an NVIDIA GPU: what CompiledMesh is on the CPU, for one mesh or many of one layout in a
// launch (tiles of a matrix, imperfect chips). The kernel is ring_pass.hpp's.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/executor.hpp"
#include "photonics/fields.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

/// A cudaStream_t; null: the default stream, on which executors work.
using CudaStream = void*;

/// Real is float or double; double precision holds half the vectors in a lane's registers.
template <class Real>
class CudaMesh {
 public:
  /// `cuda` is the CUDA executor and must outlive the mesh. Throws Error where it is not, where the layout's
  /// columns don't couple neighbours in turns or it has more than 1024 modes, and as CompiledMesh does. All
  /// meshes take eight multiply-adds per coupler and vector, or, where one of them has an exact cross or
  /// couplers too near to it, sixteen.
  CudaMesh(Executor& cuda, const MeshLayout& layout, std::span<const PhysicalMesh<double>> meshes);
  CudaMesh(Executor& cuda, const MeshLayout& layout, const PhysicalMesh<double>& mesh)
      : CudaMesh(cuda, layout, std::span(&mesh, 1)) {}
  CudaMesh(CudaMesh&&) noexcept;
  CudaMesh& operator=(CudaMesh&&) noexcept;
  ~CudaMesh();

  /// New coefficients for as many meshes; device memory is reused. Work that was queued before is unaffected.
  void recompile(std::span<const PhysicalMesh<double>> meshes);

  std::size_t modes() const noexcept;
  std::size_t meshes() const noexcept;
  bool deferred() const noexcept;  ///< eight multiply-adds

  /// out = mesh · in for each mesh. All planes lie in device memory: out [meshes·modes × batch], in the same
  /// or, for all meshes alike, [modes × batch]; in.im.data may be null (real input). `in` is `out` itself or
  /// does not overlap it; where meshes share their input it does not. One launch on the stream per 65,535
  /// meshes, no wait.
  /// A sample's bits depend on that sample alone. Relative error as CompiledMesh's; 4·eps·√columns
  /// where sixteen multiply-adds are taken. Fastest where rows begin at multiples of 16 bytes. Throws Error
  /// on shape mismatch or where CUDA refuses.
  void propagate(ConstFields<Real> in, Fields<Real> out, CudaStream stream = nullptr) const;

 private:
  struct Device;
  std::unique_ptr<Device> device_;
};

}  // namespace fringe
