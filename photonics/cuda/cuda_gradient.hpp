// Exact gradients of a mesh's phases on an NVIDIA GPU: what MeshGradient<float> is on the CPU. CudaMesh goes
// forwards in one launch; the way back is another one (gradient_pass.hpp), and a third adds its sums.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "photonics/cuda/cuda_mesh.hpp"

namespace fringe {

class CudaGradient {
 public:
  /// `cuda` is the CUDA executor and must outlive the object. At most `most_bytes` of device memory, and a
  /// block's at least, hold sums; larger batches take several launches. Throws Error where CudaMesh does.
  CudaGradient(Executor& cuda, const MeshLayout& layout, std::size_t most_bytes = std::size_t{1} << 30);
  CudaGradient(CudaGradient&&) noexcept;
  CudaGradient& operator=(CudaGradient&&) noexcept;
  ~CudaGradient();

  /// The mesh that y comes from, as MeshGradient::set(). Work that was queued before is unaffected. Throws
  /// Error where sizes disagree with the layout, and where the mesh leaves too little of a field to go back
  /// from its output (MeshGradient::reversible()): the CPU's engine takes those.
  void set(const PhaseProgram& program, const FabricatedMesh& fabricated);
  void set(const PhysicalMesh<double>& mesh, const FabricatedMesh& fabricated);

  /// Phases of the mesh: the size of a gradient.
  std::size_t parameters() const noexcept;

  /// MeshGradient::backward() for y and g = ∂L/∂Re y + i ∂L/∂Im y [modes × batch], which become x and Aᴴg;
  /// adds ∂L/∂{θ…, φ…, out…} to `gradient`. All of it in device memory, on the stream alone, without a wait
  /// but where memory grows; calls on one object follow each other on one stream. Sums run in an order that
  /// depends on the sizes and most_bytes alone: equal bits on every call and GPU. Rounding errors of a field
  /// are 8·eps·√columns over the field transmission of the mesh. Throws Error on shape mismatch, before
  /// set(), or where CUDA refuses.
  void backward(Fields<float> y, Fields<float> g, std::span<double> gradient, CudaStream stream = nullptr);

 private:
  struct Device;
  std::unique_ptr<Device> device_;
};

}  // namespace fringe
