#include "electronic/gpu_model.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "core/memory_system.hpp"
#include "electronic/format_matrix.hpp"
#include "electronic/training_step.hpp"

namespace fringe {
namespace {

double static_watts(const GpuSpec& gpu, const GpuModelParameters& p) { return p.static_fraction * gpu.tdp_w; }

void require_within(double value, double low, bool low_allowed, double high, const char* key) {
  if (value <= high && (value > low || (low_allowed && value == low))) return;
  throw Error("GPU model: " + std::string(key) + " = " + std::to_string(value) + " must lie in " +
              (low_allowed ? "[" : "(") + std::to_string(low) + ", " + std::to_string(high) + "]");
}

class GpuModel final : public Accelerator {
 public:
  GpuModel(const GpuSpec& gpu, Format format, Executor& cpu, ThreadPool& pool, const GpuModelParameters& p)
      : gpu_(gpu),
        format_(format),
        cpu_(cpu),
        pool_(pool),
        parameters_(p),
        memory_(find_memory(gpu.memory)),
        operation_j_(energy_per_operation(gpu, format, p)),
        digital_j_(energy_per_operation(gpu, format == Format::fp64 ? format : Format::fp32, p)),
        name_(std::string(gpu.name) + "-" + std::string(row_of(format).name)) {}

  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::simulated; }
  Boundary boundary() const override { return Boundary::board; }
  Executor& executor() const override { return cpu_; }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t) override {
    return make_format_matrix(w, format_, cpu_, pool_);
  }

  Cost price(std::span<const Work> work) override {
    Cost total;
    for (const KernelBounds& k : kernel_bounds(gpu_, format_, work, parameters_))
      total = then(total, kernel(k));
    if (!work.empty()) total.latency_s += parameters_.submission_s - parameters_.launch_gap_s;
    total.watts(Part::idle) = static_watts(gpu_, parameters_);
    total.provenance = Provenance::modelled;
    return total;
  }

 private:
  Cost kernel(const KernelBounds& k) const {
    const KernelTimes& t = k.times;
    Cost cost;
    cost.energy(Part::dram) = k.dram_bytes * memory_.dram_j_per_byte;
    cost.energy(Part::sram) = k.sram_bytes * memory_.sram_j_per_byte;
    cost.busy(t.product ? Resource::matrix_unit : Resource::digital) = compute_seconds(t, parameters_);
    cost.energy(t.product ? Part::mac : Part::digital) =
        k.operations * (t.product ? operation_j_ : digital_j_);
    cost.busy(Resource::memory) = t.memory_s / parameters_.bandwidth_fraction;
    cost.busy(Resource::launch) = std::max(parameters_.launch_gap_s, t.issues * parameters_.host_s);
    cost.latency_s = parameters_.launch_gap_s + kernel_seconds(t, parameters_);
    return cost;
  }

  const GpuSpec& gpu_;
  Format format_;
  Executor& cpu_;
  ThreadPool& pool_;
  GpuModelParameters parameters_;
  const MemorySystem& memory_;
  double operation_j_, digital_j_;
  std::string name_;
};

}  // namespace

double energy_per_operation(const GpuSpec& gpu, Format format, const GpuModelParameters& parameters) {
  const MemorySystem& memory = find_memory(gpu.memory);
  const double memory_w =
      gpu.memory_bytes_per_s * memory.dram_j_per_byte + l2_bytes_per_s(gpu) * memory.sram_j_per_byte;
  // A board that sustains more or less than its boost clock draws its TDP there.
  const double clock = parameters.sustained_clock ? sustained_clock_hz(gpu) / gpu.clock_hz : 1;
  const double all = (gpu.tdp_w - static_watts(gpu, parameters) - memory_w) / (gpu.peak(format) * clock);
  if (format != Format::fp64) return all;
  constexpr double area = (53.0 / 24) * (53.0 / 24);
  return std::min(all, area * energy_per_operation(gpu, Format::fp32, parameters));
}

std::unique_ptr<Accelerator> make_gpu_model(const GpuSpec& gpu, Format format, Executor& cpu,
                                            ThreadPool& pool, const GpuModelParameters& p) {
  if (gpu.peak(format) <= 0) {
    throw Error(std::string(gpu.name) + " does not compute in " + std::string(row_of(format).name) +
                "; its formats: " + formats_of(gpu));
  }
  if (!cpu.on_host())
    throw Error("GPU model: needs an executor on the host, not '" + std::string(cpu.name()) + "'");
  require_within(p.compute_fraction, 0, false, 1, "compute_fraction");
  require_within(p.bandwidth_fraction, 0, false, 1, "bandwidth_fraction");
  require_within(p.launch_gap_s, 0, true, p.submission_s, "launch_gap_s");
  require_within(p.submission_s, 0, true, 1, "submission_s");
  require_within(p.static_fraction, 0, true, 0.5, "static_fraction");
  require_within(p.tensor_issue, 0, true, 100, "tensor_issue");
  require_within(p.host_s, 0, true, 1, "host_s");
  return std::make_unique<GpuModel>(gpu, format, cpu, pool, p);
}

}  // namespace fringe
