#include "core/error.hpp"
#include "photonics/cuda/cuda_mesh.hpp"

namespace fringe {

struct CudaMesh::Device {};

CudaMesh::CudaMesh(Executor&, const MeshLayout&, std::span<const PhysicalMesh<double>>) {
  throw Error("no CUDA mesh: " + cuda_status().reason);
}
CudaMesh::CudaMesh(CudaMesh&&) noexcept = default;
CudaMesh& CudaMesh::operator=(CudaMesh&&) noexcept = default;
CudaMesh::~CudaMesh() = default;
// Without a constructor there is no object to call these on.
void CudaMesh::recompile(std::span<const PhysicalMesh<double>>) {}
std::size_t CudaMesh::modes() const noexcept { return 0; }
std::size_t CudaMesh::meshes() const noexcept { return 0; }
bool CudaMesh::deferred() const noexcept { return false; }
void CudaMesh::propagate(ConstFields<float>, Fields<float>, CudaStream) const {}

}  // namespace fringe
