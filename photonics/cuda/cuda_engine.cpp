// The CUDA side of the seam: host memory to the device, one call of a Cuda* class, and back. Plain C++: where
// a build has no CUDA there is no CUDA executor either, and the first line of make_cuda_mesh_engine() says
// so.
#include <algorithm>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/tensor.hpp"
#include "photonics/cuda/cuda_gradient.hpp"
#include "photonics/cuda/cuda_trials.hpp"
#include "photonics/mesh_engine.hpp"

namespace fringe {
namespace {

/// Two planes of the device's memory, side by side.
class DeviceFields {
 public:
  DeviceFields(Executor& cuda, std::size_t modes, std::size_t batch)
      : modes_(modes), batch_(batch), memory_(cuda, 2 * modes * batch) {}
  DeviceFields(Executor& cuda, const ConstFields<float>& host)
      : DeviceFields(cuda, host.re.rows, host.re.cols) {
    send(host);
  }

  Fields<float> view() const { return {plane(0), plane(1)}; }
  /// As a mesh's input: no imaginary plane where the host's fields had none.
  ConstFields<float> input() const { return real_ ? ConstFields<float>{plane(0), ConstMatrix()} : view(); }

  void send(const ConstFields<float>& host) {
    real_ = !host.im.data;
    std::vector<float> rows;
    const auto append = [&](const ConstMatrix& from) {
      for (std::size_t m = 0; m < modes_; ++m) rows.insert(rows.end(), from.row(m), from.row(m) + batch_);
    };
    append(host.re);
    if (!real_) append(host.im);
    memory_.from_host(rows);
  }
  void fetch(const Fields<float>& host) const {
    const std::vector<float> rows = memory_.to_host();
    for (std::size_t m = 0; m < modes_; ++m) {
      std::copy_n(&rows[m * batch_], batch_, host.re.row(m));
      std::copy_n(&rows[(modes_ + m) * batch_], batch_, host.im.row(m));
    }
  }

 private:
  Matrix plane(std::size_t number) const {
    return {memory_.data() + number * modes_ * batch_, modes_, batch_};
  }

  std::size_t modes_, batch_;
  bool real_ = false;
  Buffer<float> memory_;
};

class CudaMeshEngine final : public MeshEngine {
 public:
  explicit CudaMeshEngine(Executor& cuda) : cuda_(&cuda), device_(cuda_status().device) {}

  const std::string& device() const override { return device_; }

  void propagate(const MeshLayout& layout, const PhysicalMesh<double>& mesh, ConstFields<float> in,
                 Fields<float> out) override {
    check_planes(layout, in, out);
    const CudaMesh<float> on_device(*cuda_, layout, mesh);
    const DeviceFields x(*cuda_, in), y(*cuda_, layout.modes, in.re.cols);
    on_device.propagate(x.input(), y.view());
    y.fetch(out);
  }

  std::vector<double> errors(const ChipTrials& chips, std::uint32_t first, std::uint32_t count,
                             ConstFields<float> in) override {
    check_planes(chips.layout, in);
    const CudaTrials trials(*cuda_, chips.layout, chips.asked, chips.imperfections, chips.seed, chips.site,
                            chips.crossing);
    const DeviceFields x(*cuda_, in);
    return trials.errors(first, count, x.input());
  }

  std::uint32_t chips_at_a_time(const MeshLayout& layout) const override {
    return fringe::chips_at_a_time(layout, 1024, 100'000'000'000);
  }

  PhaseProgram gradient(const MeshLayout& layout, const PhaseProgram& program,
                        const FabricatedMesh& fabricated, ConstFields<float> in,
                        const OutputSlopes& slopes) override {
    check_planes(layout, in);
    const auto mesh = realise<double>(layout, program, fabricated);
    CudaGradient back(*cuda_, layout);
    back.set(mesh, fabricated);
    const std::size_t modes = layout.modes, batch = in.re.cols, couplers = layout.couplers.size();
    DeviceFields y(*cuda_, modes, batch), g(*cuda_, modes, batch);
    CudaMesh<float>(*cuda_, layout, mesh).propagate(DeviceFields(*cuda_, in).input(), y.view());

    std::vector<float> memory(4 * modes * batch);
    const auto fields = [&](std::size_t first) {
      const auto plane = [&](std::size_t n) { return Matrix(&memory[n * modes * batch], modes, batch); };
      return Fields<float>{plane(first), plane(first + 1)};
    };
    y.fetch(fields(0));
    slopes(fields(0), fields(2));
    g.send(fields(2));

    Buffer<double> sums(*cuda_, back.parameters());
    sums.from_host(std::vector<double>(back.parameters()));
    back.backward(y.view(), g.view(), sums.span());
    const std::vector<double> all = sums.to_host();
    const auto theta = all.begin(), phi = theta + static_cast<std::ptrdiff_t>(couplers),
               out = phi + static_cast<std::ptrdiff_t>(couplers);
    return {{theta, phi}, {phi, out}, {out, all.end()}};
  }

 private:
  Executor* cuda_;
  std::string device_;
};

}  // namespace

std::unique_ptr<MeshEngine> make_cuda_mesh_engine(Executor& cuda) {
  if (cuda.on_host()) throw Error("no CUDA mesh engine: the executor computes on the host");
  return std::make_unique<CudaMeshEngine>(cuda);
}

}  // namespace fringe
