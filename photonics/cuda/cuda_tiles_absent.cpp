#include "core/error.hpp"
#include "photonics/cuda/cuda_tiles.hpp"

namespace fringe {

struct CudaTiles::Device {};

CudaTiles::CudaTiles(Executor&, const MeshLayout&, const Tiling&, std::span<const PhysicalMesh<double>>,
                     std::span<const OutputChannels>, std::span<const TileScale>) {
  throw Error("no CUDA tiles: " + cuda_status().reason);
}
CudaTiles::CudaTiles(CudaTiles&&) noexcept = default;
CudaTiles& CudaTiles::operator=(CudaTiles&&) noexcept = default;
CudaTiles::~CudaTiles() = default;
// Without a constructor there is no object to call this on.
void CudaTiles::forward(ConstFields<float>, const float*, Matrix, const Symbols&, CudaStream) const {}

}  // namespace fringe
