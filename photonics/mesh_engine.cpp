#include "photonics/mesh_engine.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/mesh_gradient.hpp"
#include "photonics/mesh_trials.hpp"

namespace fringe {
namespace {

class CpuMeshEngine final : public MeshEngine {
 public:
  explicit CpuMeshEngine(ThreadPool& pool) : pool_(&pool) {}

  const std::string& device() const override { return device_; }

  void propagate(const MeshLayout& layout, const PhysicalMesh<double>& mesh, ConstFields<float> in,
                 Fields<float> out) override {
    check_planes(layout, in, out);
    CompiledMesh<float>(layout, mesh).propagate(in, out, pool_);
  }

  std::vector<double> errors(const ChipTrials& chips, std::uint32_t first, std::uint32_t count,
                             ConstFields<float> in) override {
    check_planes(chips.layout, in);
    return MeshTrials(chips.layout, chips.asked, chips.imperfections, chips.seed, chips.site, chips.crossing)
        .errors(first, count, in, pool_);
  }

  std::uint32_t chips_at_a_time(const MeshLayout& layout) const override {
    return fringe::chips_at_a_time(layout, pool_->size() * std::size_t{16},
                                   pool_->size() * std::size_t{400'000'000});
  }

  PhaseProgram gradient(const MeshLayout& layout, const PhaseProgram& program,
                        const FabricatedMesh& fabricated, ConstFields<float> in,
                        const OutputSlopes& slopes) override {
    check_planes(layout, in);
    const auto mesh = realise<double>(layout, program, fabricated);
    MeshGradient<float> back(layout);
    back.set(mesh, fabricated);
    const std::size_t modes = layout.modes, batch = in.re.cols, plane = modes * batch;
    std::vector<float> memory(5 * plane);  // zeros: a real input's imaginary plane is the last
    const auto fields = [&](std::size_t first) {
      return Fields<float>{{&memory[first * plane], modes, batch},
                           {&memory[(first + 1) * plane], modes, batch}};
    };
    const Fields<float> y = fields(0), g = fields(2);
    CompiledMesh<float>(layout, mesh).propagate(in, y, pool_);
    slopes(y, g);
    if (!in.im.data) in.im = {&memory[4 * plane], modes, batch};
    PhaseProgram gradient{std::vector<double>(layout.couplers.size()),
                          std::vector<double>(layout.couplers.size()), std::vector<double>(modes)};
    back.slopes(back.reversible() ? ConstFields<float>(y) : in, g, gradient, pool_);
    return gradient;
  }

 private:
  ThreadPool* pool_;
  std::string device_ = "cpu";
};

}  // namespace

std::unique_ptr<MeshEngine> make_cpu_mesh_engine(ThreadPool& pool) {
  return std::make_unique<CpuMeshEngine>(pool);
}

std::size_t chip_work(const MeshLayout& layout) { return layout.couplers.size() * (layout.ports() + 32); }

std::uint32_t chips_at_a_time(const MeshLayout& layout, std::size_t step, std::size_t budget) {
  constexpr std::size_t most = 1 << 16;
  return static_cast<std::uint32_t>(std::max(step, std::min(most, budget / chip_work(layout)) / step * step));
}

void check_planes(const MeshLayout& layout, const ConstFields<float>& in, const ConstFields<float>& out) {
  const std::size_t batch = in.re.cols;
  const auto fits = [&](const ConstMatrix& plane) {
    return plane.data && plane.rows == layout.modes && plane.cols == batch;
  };
  if (batch == 0 || !fits(in.re) || (in.im.data && !fits(in.im)) || !fits(out.re) || !fits(out.im))
    throw Error("mesh engine: inputs and outputs must be " + std::to_string(layout.modes) + " modes by " +
                std::to_string(batch) + " samples in all planes, and not empty");
}

void check_planes(const MeshLayout& layout, const ConstFields<float>& in) {
  check_planes(layout, in, {in.re, in.im.data ? in.im : in.re});
}

}  // namespace fringe
