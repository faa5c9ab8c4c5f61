#include "core/error.hpp"
#include "photonics/cuda/cuda_transfer.hpp"

namespace fringe {

template <class Real>
struct CudaTransfer<Real>::Device {};

template <class Real>
CudaTransfer<Real>::CudaTransfer(Executor&, const MeshLayout&, const PhysicalMesh<double>&) {
  throw Error("no CUDA product: " + cuda_status().reason);
}
template <class Real>
CudaTransfer<Real>::CudaTransfer(CudaTransfer&&) noexcept = default;
template <class Real>
CudaTransfer<Real>& CudaTransfer<Real>::operator=(CudaTransfer&&) noexcept = default;
template <class Real>
CudaTransfer<Real>::~CudaTransfer() = default;
// Without a constructor there is no object to call these on.
template <class Real>
void CudaTransfer<Real>::recompile(const PhysicalMesh<double>&) {}
template <class Real>
ConstFields<Real> CudaTransfer<Real>::matrix() const noexcept {
  return {};
}
template <class Real>
void CudaTransfer<Real>::multiply(ConstFields<Real>, Fields<Real>, CudaStream) const {}

template class CudaTransfer<float>;
template class CudaTransfer<double>;

}  // namespace fringe
