// A mesh as a matrix on an NVIDIA GPU, built there and multiplied by cuBLAS: for batches far larger than the
// mesh.
//
// A complex product is four real ones on the planes, as many operations as one of interleaved numbers,
// without the two passes that interleave and part them; a real input takes two.
#pragma once

#include <cstddef>
#include <memory>

#include "photonics/cuda/cuda_mesh.hpp"

namespace fringe {

/// Real is float or double. Nothing picks between it and CudaMesh: a sample would have other bits in another
/// batch.
template <class Real>
class CudaTransfer {
 public:
  /// `cuda` is the CUDA executor and must outlive the object. Throws Error where it is not, where cuBLAS is
  /// not among the machine's libraries, and as CudaMesh (float; double takes any layout, as CompiledMesh).
  CudaTransfer(Executor& cuda, const MeshLayout& layout, const PhysicalMesh<double>& mesh);
  CudaTransfer(CudaTransfer&&) noexcept;
  CudaTransfer& operator=(CudaTransfer&&) noexcept;
  ~CudaTransfer();

  /// A new mesh of the same layout; device memory is reused. Work that was queued before is unaffected.
  void recompile(const PhysicalMesh<double>& mesh);

  /// [modes × modes] in device memory: (i, k) = field at output i for a field of 1 at input k.
  ConstFields<Real> matrix() const noexcept;

  /// out = matrix · in, both [modes × batch] in device memory and apart from each other; in.im.data may be
  /// null. On the stream, no wait; calls on one object follow each other on one stream. Relative error as
  /// CompiledMesh's of Real, plus √modes·eps of the sums. Equal bits for equal calls on one kind of GPU with
  /// one version of cuBLAS. Throws Error on shape mismatch or where cuBLAS refuses.
  void multiply(ConstFields<Real> in, Fields<Real> out, CudaStream stream = nullptr) const;

 private:
  struct Device;
  std::unique_ptr<Device> device_;
};

}  // namespace fringe
