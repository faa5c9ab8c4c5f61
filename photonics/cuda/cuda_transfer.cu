// A mesh as a matrix: the ring kernel on the identity builds it, cuBLAS multiplies. Both stay on the device.
//
// It is fast where a batch is far larger than its modes, as a dense complex product has four real
// multiply-adds per element, which is what a mesh has per vector in deferred form (4·N² of both), and
// which cuBLAS does with blocks that reuse each operand many times, in double on tensor cores where the chip
// has such. Building costs what N vectors do. Four real products on split planes need no pass that
// interleaves them; beta = 1 adds the second half to the first where it lies. Row-major operands go to the
// column-major library with their places exchanged.
#include <string>

#include "core/cublas_library.cuh"
#include "core/error.hpp"
#include "photonics/cuda/cuda_transfer.hpp"
#include "photonics/cuda/device_memory.cuh"

namespace fringe {
namespace {

template <class Real>
struct Identity {
  MatrixView<Real> x;
  __device__ void operator()(std::size_t, std::size_t r, std::size_t c) const { x(r, c) = r == c ? 1 : 0; }
};

class Handle {
 public:
  Handle() { cublas::check(cublas_.create(&handle_), "create"); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { cublas_.destroy(handle_); }

  void on(cudaStream_t stream) const { cublas::check(cublas_.set_stream(handle_, stream), "stream"); }
  /// y = alpha·a·x + beta·y, row-major: cuBLAS is column-major, so operands and sizes change places.
  template <class Real>
  void product(Real alpha, MatrixView<const Real> a, MatrixView<const Real> x, Real beta,
               MatrixView<Real> y) const {
    constexpr bool single = sizeof(Real) == sizeof(float);
    constexpr cudaDataType_t type = single ? CUDA_R_32F : CUDA_R_64F;
    const auto size = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    cublas::check(
        cublas_.gemm(handle_, CUBLAS_OP_N, CUBLAS_OP_N, size(y.cols), size(y.rows), size(a.cols), &alpha,
                     x.data, type, size(x.stride), a.data, type, size(a.stride), &beta, y.data, type,
                     size(y.stride), single ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_64F, CUBLAS_GEMM_DEFAULT),
        "gemm");
  }

 private:
  const cublas::Library& cublas_ = cublas::Library::get();
  cublasHandle_t handle_ = nullptr;
};

}  // namespace

template <class Real>
struct CudaTransfer<Real>::Device {
  MeshLayout layout;
  CudaMesh<Real> mesh;
  Buffer<Real> re, im;
  Handle handle{};

  Fields<Real> matrix() const {
    return {{re.data(), layout.modes, layout.modes}, {im.data(), layout.modes, layout.modes}};
  }
  void build() const {
    const Fields<Real> a = matrix();
    device::for_each(layout.modes, layout.modes, Identity<Real>{a.re}, "identity");
    const ConstFields<Real> identity(a.re, MatrixView<const Real>());
    mesh.propagate(identity, a);
    device::settle("matrix");  // products may follow on any stream
  }
};

template <class Real>
CudaTransfer<Real>::CudaTransfer(Executor& cuda, const MeshLayout& layout, const PhysicalMesh<double>& mesh) {
  if (cuda.on_host()) throw Error("no CUDA product: the executor computes on the host");
  const std::size_t elements = layout.modes * layout.modes;
  device_.reset(new Device{layout, CudaMesh<Real>(cuda, layout, mesh), Buffer<Real>(cuda, elements),
                           Buffer<Real>(cuda, elements)});
  device_->build();
}
template <class Real>
CudaTransfer<Real>::CudaTransfer(CudaTransfer&&) noexcept = default;
template <class Real>
CudaTransfer<Real>& CudaTransfer<Real>::operator=(CudaTransfer&&) noexcept = default;
template <class Real>
CudaTransfer<Real>::~CudaTransfer() = default;

template <class Real>
void CudaTransfer<Real>::recompile(const PhysicalMesh<double>& mesh) {
  device_->mesh.recompile({&mesh, 1});  // waits for the products that are queued
  device_->build();
}

template <class Real>
ConstFields<Real> CudaTransfer<Real>::matrix() const noexcept {
  return device_->matrix();
}

template <class Real>
void CudaTransfer<Real>::multiply(ConstFields<Real> in, Fields<Real> out, CudaStream stream) const {
  const Device& d = *device_;
  const std::size_t modes = d.layout.modes, batch = in.re.cols;
  const auto is = [&](auto view) { return view.data && view.rows == modes && view.cols == batch; };
  if (!is(in.re) || (in.im.data && !is(in.im)) || !is(out.re) || !is(out.im))
    throw Error("GPU product: all planes must be " + std::to_string(modes) + " modes by " +
                std::to_string(batch) + " samples");
  if (batch == 0) return;
  d.handle.on(static_cast<cudaStream_t>(stream));
  const ConstFields<Real> a = d.matrix();
  const auto add = [&](MatrixView<const Real> m, MatrixView<const Real> x, MatrixView<Real> y, Real sign,
                       bool more) { d.handle.product(sign, m, x, static_cast<Real>(more), y); };
  add(a.re, in.re, out.re, 1, false);
  add(a.im, in.re, out.im, 1, false);
  if (!in.im.data) return;
  add(a.im, in.im, out.re, -1, true);
  add(a.re, in.im, out.im, 1, true);
}

template class CudaTransfer<float>;
template class CudaTransfer<double>;

}  // namespace fringe
