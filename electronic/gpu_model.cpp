#include "electronic/gpu_model.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "core/error.hpp"
#include "core/memory_system.hpp"
#include "electronic/format_matrix.hpp"
#include "electronic/gpu_tiles.hpp"
#include "electronic/training_step.hpp"

namespace fringe {
namespace {

double static_watts(const GpuSpec& gpu, const GpuModelParameters& p) { return p.static_fraction * gpu.tdp_w; }

/// What DRAM delivers passes through L2, so L2 is no slower.
double l2_bytes_per_s(const GpuSpec& gpu, const MemorySystem& memory) {
  return std::max(memory.sram_bytes_per_s, gpu.memory_bytes_per_s);
}

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
        digital_j_(energy_per_operation(gpu, Format::fp32, p)),
        slowdown_(p.sustained_clock ? std::max(1.0, gpu.clock_hz / sustained_clock_hz(gpu)) : 1),
        name_(std::string(gpu.name) + "-" + std::string(row_of(format).name)) {}

  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::simulated; }
  Boundary boundary() const override { return Boundary::board; }
  Executor& executor() const override { return cpu_; }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t) override {
    return make_format_matrix(w, format_, cpu_, pool_);
  }

  Cost price(std::span<const Work> work) override {
    const bool weights_in_l2 = weight_bytes(work) <= gpu_.l2_bytes / 2;
    Cost total;
    for (const Work& w : work) total = then(total, kernel(w, weights_in_l2));
    if (!work.empty()) total.latency_s += parameters_.submission_s - parameters_.launch_gap_s;
    total.watts(Part::idle) = static_watts(gpu_, parameters_);
    total.provenance = Provenance::modelled;
    return total;
  }

 private:
  struct Traffic {
    double weights = 0, others = 0;
  };

  double bytes_per_number() const { return row_of(format_).bytes; }

  double weight_bytes(std::span<const Work> work) const {
    std::map<int, double> each;
    for (const Work& w : work)
      if (w.kind == Work::Kind::product && w.weight >= 0)
        each[w.weight] = w.matrix_numbers() * bytes_per_number();
    double sum = 0;
    for (const auto& [weight, bytes] : each) sum += bytes;
    return sum;
  }

  Traffic traffic(const Work& w) const {
    const double numbers = w.bytes / row_of(Format::fp32).bytes, matrix = w.matrix_numbers();
    switch (w.kind) {
      case Work::Kind::product:
        if (w.weight < 0) return {0, numbers * bytes_per_number()};
        return {matrix * bytes_per_number(), (numbers - matrix) * bytes_per_number()};
      case Work::Kind::outer_product:
        return {0, (numbers - matrix) * bytes_per_number() + matrix * row_of(Format::fp32).bytes};
      case Work::Kind::elementwise:
        return {0, numbers * bytes_per_number()};
      default:
        return {0, w.bytes};
    }
  }

  TiledProduct tiled(const Work& w) const {
    if (w.kind == Work::Kind::outer_product)
      return tiled_product(gpu_, format_, w.rows, w.inner, w.columns, w.groups);
    return w.transposed ? tiled_product(gpu_, format_, w.inner, w.columns, w.rows, w.groups)
                        : tiled_product(gpu_, format_, w.rows, w.columns, w.inner, w.groups);
  }

  Cost kernel(const Work& w, bool weights_in_l2) const {
    Traffic bytes = traffic(w);
    double product_s = 2 * w.macs() / gpu_.peak(format_);
    if (parameters_.whole_tiles && w.macs() > 0) {
      const TiledProduct product = tiled(w);
      product_s = product.seconds;
      bytes.others += product.partial_bytes;
    }
    const bool others_in_l2 = bytes.others <= gpu_.l2_bytes / 2;
    const double off_chip = w.off_chip_bytes * bytes_per_number() / row_of(Format::fp32).bytes;
    const double dram = (weights_in_l2 ? 0 : bytes.weights) + (others_in_l2 ? off_chip : bytes.others);
    const double sram = bytes.weights + bytes.others;
    const double memory_s = std::max(dram / gpu_.memory_bytes_per_s, sram / l2_bytes_per_s(gpu_, memory_)) /
                            parameters_.bandwidth_fraction;

    Cost cost;
    cost.energy(Part::dram) = dram * memory_.dram_j_per_byte;
    cost.energy(Part::sram) = sram * memory_.sram_j_per_byte;
    double compute_s = 0;
    if (w.macs() > 0) {
      compute_s = slowdown_ * product_s / parameters_.compute_fraction;
      cost.busy(Resource::matrix_unit) = compute_s;
      cost.energy(Part::mac) = 2 * w.macs() * operation_j_;
    } else {
      const double elements = w.kind == Work::Kind::weight_update
                                  ? w.matrix_numbers()
                                  : static_cast<double>(w.rows) * static_cast<double>(w.columns);
      const double operations = elements * w.operations_per_element;
      compute_s = slowdown_ * operations / (gpu_.peak(Format::fp32) * parameters_.compute_fraction);
      cost.busy(Resource::digital) = compute_s;
      cost.energy(Part::digital) = operations * digital_j_;
    }
    cost.busy(Resource::memory) = memory_s;
    cost.busy(Resource::launch) = parameters_.launch_gap_s;
    cost.latency_s = parameters_.launch_gap_s + std::max(compute_s, memory_s);
    return cost;
  }

  const GpuSpec& gpu_;
  Format format_;
  Executor& cpu_;
  ThreadPool& pool_;
  GpuModelParameters parameters_;
  const MemorySystem& memory_;
  double operation_j_, digital_j_;
  double slowdown_;  ///< boost clock over the clock it runs at
  std::string name_;
};

}  // namespace

double energy_per_operation(const GpuSpec& gpu, Format format, const GpuModelParameters& parameters) {
  const MemorySystem& memory = find_memory(gpu.memory);
  const double memory_w =
      gpu.memory_bytes_per_s * memory.dram_j_per_byte + l2_bytes_per_s(gpu, memory) * memory.sram_j_per_byte;
  return (gpu.tdp_w - static_watts(gpu, parameters) - memory_w) / gpu.peak(format);
}

std::unique_ptr<Accelerator> make_gpu_model(const GpuSpec& gpu, Format format, Executor& cpu,
                                            ThreadPool& pool, const GpuModelParameters& p) {
  if (gpu.peak(format) <= 0) {
    std::string known;
    for (const FormatRow& row : number_formats())
      if (gpu.peak(row.format) > 0) known += " " + std::string(row.name);
    throw Error(std::string(gpu.name) + " does not compute in " + std::string(row_of(format).name) +
                "; its formats:" + known);
  }
  if (!cpu.on_host())
    throw Error("GPU model: needs an executor on the host, not '" + std::string(cpu.name()) + "'");
  require_within(p.compute_fraction, 0, false, 1, "compute_fraction");
  require_within(p.bandwidth_fraction, 0, false, 1, "bandwidth_fraction");
  require_within(p.launch_gap_s, 0, true, p.submission_s, "launch_gap_s");
  require_within(p.submission_s, 0, true, 1, "submission_s");
  require_within(p.static_fraction, 0, true, 0.5, "static_fraction");
  return std::make_unique<GpuModel>(gpu, format, cpu, pool, p);
}

}  // namespace fringe
