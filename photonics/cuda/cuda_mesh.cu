// Meshes in device memory and their launch. The host turns the meshes of one layout into a tape
// (ring_tape.hpp): deferred diagonals, eight multiply-adds per coupler and vector, where all meshes have that
// form, else full matrices, sixteen. The tape goes up once, when meshes are compiled; a batch then takes one
// launch, whatever its size, and the host waits for nothing.
//
// It is fast because the launch is all: no kernel per column (a column at a time reads and writes the whole
// batch for four multiply-adds per field), no transposed copy of the batch, no allocation. The body is
// ring_pass.hpp's; this file owns memory and checks shapes. Recompiling waits for the device, as launches on
// any stream may still read the tape.
#include <string>

#include "core/error.hpp"
#include "photonics/cuda/cuda_mesh.hpp"
#include "photonics/cuda/device_memory.cuh"
#include "photonics/cuda/ring_launch.cuh"
#include "photonics/cuda/ring_tape.hpp"

namespace fringe {

template <class Real>
struct CudaMesh<Real>::Device {
  Executor& cuda;
  MeshLayout layout;
  ring::Map map;
  std::size_t meshes;
  Buffer<std::int32_t> modes_at{};
  Buffer<ring::QuadOf<Real>> coefficients{};
  Buffer<Real> out{}, factors{};
  Buffer<std::int32_t> rescale{};
  ring::PassOf<Real> pass{};
  bool deferred = false;

  void compile(std::span<const PhysicalMesh<double>> from) {
    const ring::TapeOf<Real> tape = ring::tape_of<Real>(layout, map, from);
    device::settle("mesh");  // launches on any stream still read what is there
    device::upload(cuda, coefficients, tape.coefficients);
    device::upload(cuda, out, tape.out);
    device::upload(cuda, rescale, tape.rescale);
    device::upload(cuda, factors, tape.factors);
    device::settle("mesh");
    deferred = tape.deferred;
    pass.lanes = map.lanes;
    pass.columns = map.columns;
    pass.modes = map.modes;
    pass.coefficients = coefficients.data();
    pass.enter = modes_at.data();
    pass.leave = modes_at.data() + (map.leave() - map.enter());
    pass.out = out.data();
    pass.rescale = tape.rescale.empty() ? nullptr : rescale.data();
    pass.factors = factors.data();
  }
};

template <class Real>
CudaMesh<Real>::CudaMesh(Executor& cuda, const MeshLayout& layout,
                         std::span<const PhysicalMesh<double>> meshes) {
  if (cuda.on_host()) throw Error("no CUDA mesh: the executor computes on the host");
  device_ = std::make_unique<Device>(Device{cuda, layout, ring::map_of(layout), meshes.size()});
  device::upload(cuda, device_->modes_at, device_->map.modes_at);
  device_->compile(meshes);
}
template <class Real>
CudaMesh<Real>::CudaMesh(CudaMesh&&) noexcept = default;
template <class Real>
CudaMesh<Real>& CudaMesh<Real>::operator=(CudaMesh&&) noexcept = default;
template <class Real>
CudaMesh<Real>::~CudaMesh() = default;

template <class Real>
void CudaMesh<Real>::recompile(std::span<const PhysicalMesh<double>> meshes) {
  if (meshes.size() != device_->meshes)
    throw Error("GPU mesh: " + std::to_string(meshes.size()) + " meshes in place of " +
                std::to_string(device_->meshes));
  device_->compile(meshes);
}

template <class Real>
std::size_t CudaMesh<Real>::modes() const noexcept {
  return device_->map.modes;
}
template <class Real>
std::size_t CudaMesh<Real>::meshes() const noexcept {
  return device_->meshes;
}
template <class Real>
bool CudaMesh<Real>::deferred() const noexcept {
  return device_->deferred;
}

template <class Real>
void CudaMesh<Real>::propagate(ConstFields<Real> in, Fields<Real> out, CudaStream stream) const {
  const std::size_t modes = device_->map.modes, all = modes * device_->meshes, batch = in.re.cols;
  const auto is = [&](auto view, std::size_t rows) {
    return view.data && view.rows == rows && view.cols == batch;
  };
  if ((!is(in.re, modes) && !is(in.re, all)) || (in.im.data && !is(in.im, in.re.rows)) || !is(out.re, all) ||
      !is(out.im, all))
    throw Error("GPU mesh: the inputs must be " + std::to_string(modes) + " or " + std::to_string(all) +
                " rows by " + std::to_string(batch) + " samples, and the outputs " + std::to_string(all));
  if (batch == 0) return;
  ring::PassOf<Real> pass = device_->pass;
  pass.inputs = static_cast<std::uint32_t>(in.re.rows / modes);
  pass.in = in;
  pass.y = out;
  const auto meshes = static_cast<std::uint32_t>(device_->meshes);
  const auto on = static_cast<cudaStream_t>(stream);
  device_->deferred ? ring::launch<ring::Deferred>(pass, meshes, on)
                    : ring::launch<ring::Full>(pass, meshes, on);
}

template class CudaMesh<float>;
template class CudaMesh<double>;

}  // namespace fringe
