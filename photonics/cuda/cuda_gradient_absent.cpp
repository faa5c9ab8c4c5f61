#include "core/error.hpp"
#include "photonics/cuda/cuda_gradient.hpp"

namespace fringe {

struct CudaGradient::Device {};

CudaGradient::CudaGradient(Executor&, const MeshLayout&, std::size_t) {
  throw Error("no CUDA gradient: " + cuda_status().reason);
}
CudaGradient::CudaGradient(CudaGradient&&) noexcept = default;
CudaGradient& CudaGradient::operator=(CudaGradient&&) noexcept = default;
CudaGradient::~CudaGradient() = default;
// Without a constructor there is no object to call these on.
void CudaGradient::set(const PhaseProgram&, const FabricatedMesh&) {}
void CudaGradient::set(const PhysicalMesh<double>&, const FabricatedMesh&) {}
std::size_t CudaGradient::parameters() const noexcept { return 0; }
void CudaGradient::backward(Fields<float>, Fields<float>, std::span<double>, CudaStream) {}

}  // namespace fringe
