// Monte Carlo over imperfect chips on an NVIDIA GPU: what MeshTrials is on the CPU. A launch draws some
// hundred chips (chip_draw.hpp), the next one sends the batch through them (ring_pass.hpp); memory grows with
// those, not with the trials.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "photonics/cuda/cuda_mesh.hpp"
#include "photonics/imperfections.hpp"

namespace fringe {

class CudaTrials {
 public:
  /// As MeshTrials. `cuda` is the CUDA executor and must outlive the object. Throws Error where it is not,
  /// where the layout doesn't fit (CudaMesh), where MeshTrials does, and where there are imperfections other
  /// than those of splitters, phases, insertion loss and drive (MeshTrials::together()). `most_bytes` of
  /// device memory hold chips, at least one of them.
  CudaTrials(Executor& cuda, const MeshLayout& layout, const PhaseProgram& asked,
             const MeshImperfections& imperfections, std::uint64_t seed, std::uint32_t site = 0,
             const Crossing& crossing = mzi_crossing(), std::size_t most_bytes = std::size_t{256} << 20);
  CudaTrials(CudaTrials&&) noexcept;
  CudaTrials& operator=(CudaTrials&&) noexcept;
  ~CudaTrials();

  /// out = chip · in for trials first … first + count − 1. in [modes × batch] and out [count·modes × batch]
  /// lie in device memory and do not overlap; in.im.data may be null. On the stream alone, without a wait but
  /// where memory grows; calls on one object follow each other on one stream. Noise has the CPU's bits;
  /// fields agree with CompiledMesh<double> of the realised chip to 12·2⁻²⁴·√columns of each sample's norm
  /// where errors of couplers differ, to 12·2⁻²⁴·columns anyway. Throws Error on shape mismatch or where CUDA
  /// refuses.
  void run(std::uint32_t first, std::uint32_t count, ConstFields<float> in, Fields<float> out,
           CudaStream stream = nullptr) const;

  /// MeshTrials::errors(): ‖Y − Y₀‖_F/‖Y₀‖_F at the ports, of each trial, into `errors` in device memory.
  /// Sums in double, in an order that depends on the sizes alone. On the stream, without a wait but where
  /// memory grows: as much of it again as chips have holds their outputs, and is kept for the next call. As
  /// nobody waits for Y₀, errors are NaN or infinite where it is 0.
  void errors(std::uint32_t first, std::uint32_t count, ConstFields<float> in, std::span<double> errors,
              CudaStream stream = nullptr) const;
  /// The same on the default stream, brought to the host. Throws Error where Y₀ is 0.
  std::vector<double> errors(std::uint32_t first, std::uint32_t count, ConstFields<float> in) const;

 private:
  struct Device;
  std::unique_ptr<Device> device_;
};

}  // namespace fringe
