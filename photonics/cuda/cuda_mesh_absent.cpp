#include "core/error.hpp"
#include "photonics/cuda/cuda_mesh.hpp"

namespace fringe {

template <class Real>
struct CudaMesh<Real>::Device {};

template <class Real>
CudaMesh<Real>::CudaMesh(Executor&, const MeshLayout&, std::span<const PhysicalMesh<double>>) {
  throw Error("no CUDA mesh: " + cuda_status().reason);
}
template <class Real>
CudaMesh<Real>::CudaMesh(CudaMesh&&) noexcept = default;
template <class Real>
CudaMesh<Real>& CudaMesh<Real>::operator=(CudaMesh&&) noexcept = default;
template <class Real>
CudaMesh<Real>::~CudaMesh() = default;
// Without a constructor there is no object to call these on.
template <class Real>
void CudaMesh<Real>::recompile(std::span<const PhysicalMesh<double>>) {}
template <class Real>
std::size_t CudaMesh<Real>::modes() const noexcept {
  return 0;
}
template <class Real>
std::size_t CudaMesh<Real>::meshes() const noexcept {
  return 0;
}
template <class Real>
bool CudaMesh<Real>::deferred() const noexcept {
  return false;
}
template <class Real>
void CudaMesh<Real>::propagate(ConstFields<Real>, Fields<Real>, CudaStream) const {}

template class CudaMesh<float>;
template class CudaMesh<double>;

}  // namespace fringe
