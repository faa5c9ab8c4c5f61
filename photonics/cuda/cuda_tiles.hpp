// A matrix on photonic cores, computed on an NVIDIA GPU: the tiles' light and what reads it in one launch
// (readout.hpp).
#pragma once

#include <memory>
#include <span>

#include "photonics/cuda/cuda_mesh.hpp"
#include "photonics/output_channels.hpp"
#include "photonics/svd_core.hpp"

namespace fringe {

/// How a tile's readings become numbers: gain of the digital side, full scale ±range of its ADCs, and the
/// largest field that its outputs may have (∞: unknown), below which some noise is inaudible
/// (OutputChannels::read_im()).
struct TileScale {
  float gain, range, largest;
};

class CudaTiles {
 public:
  /// Tiles of a matrix, row by row, one mesh each: a core's two meshes joined (joined_mesh.hpp) or its only
  /// one. `layout` is theirs, tiling.modes its ports; `outputs` those of each tile's core, all of the same
  /// strengths. `cuda` is the CUDA executor and must outlive the object. Throws Error where CudaMesh does,
  /// where there are not as many meshes, scales and outputs as tiles, more than 65,535 rows of tiles, and
  /// where light is read by its intensity.
  CudaTiles(Executor& cuda, const MeshLayout& layout, const Tiling& tiling,
            std::span<const PhysicalMesh<double>> meshes, std::span<const OutputChannels> outputs,
            std::span<const TileScale> scales);
  CudaTiles(CudaTiles&&) noexcept;
  CudaTiles& operator=(CudaTiles&&) noexcept;
  ~CudaTiles();

  /// y[rows×batch] = Σ over tiles of a row, in the order of tile columns, of gain · scale · reading. `sent`
  /// [tile_cols·ports × batch] are the fields at the cores' inputs, ahead of the laser's phase noise, im.data
  /// may be null; scale[batch] is each sample's, null: 1. All in device memory. Noise has the bits of
  /// OutputChannels for the same symbols (`tiles` and `tile` of which don't count), readings have them on
  /// equal fields; fields differ as CudaMesh's do. One launch on the stream, no wait. A sample's bits depend
  /// on that sample alone. Throws Error on shape mismatch or where CUDA refuses.
  void forward(ConstFields<float> sent, const float* scale, Matrix y, const Symbols& symbols,
               CudaStream stream = nullptr) const;

 private:
  struct Device;
  std::unique_ptr<Device> device_;
};

}  // namespace fringe
