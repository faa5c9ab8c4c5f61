#include "electronic/systolic_array.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "core/error.hpp"
#include "core/memory_system.hpp"
#include "electronic/format_matrix.hpp"

namespace fringe {
namespace {

constexpr double mib = 1024.0 * 1024.0, gib = 1024 * mib;

constexpr std::array<SystolicSpec, 3> chips{{
    {"tpu-v1", 256, 256, 1, 0.7e9, Format::int8, 28 * mib, 8 * gib, 34e9, 75, "ddr4",
     "N. Jouppi et al., In-datacenter performance analysis of a tensor processing unit, ISCA 2017, "
     "doi:10.1145/3079856.3080246, table 2 and section 2 (92 Tera-operations/s; 8 GiB of DDR3, priced at the "
     "energy of DDR4); TDP of 75 W also: N. Jouppi et al., ISCA 2021, table 1; rate, clock, "
     "memory, bandwidth and TDP also: Epoch AI, Machine Learning Hardware (December 2025)"},
    {"tpu-v3", 128, 128, 4, 0.94e9, Format::bf16, 32 * mib, 32 * gib, 900e9, 450, "hbm2",
     "N. Jouppi et al., Ten lessons from three generations shaped Google's TPUv4i, ISCA 2021, "
     "doi:10.1109/ISCA52012.2021.00010, table 1 (123 TFLOPS; two cores of two arrays); peak, memory and its "
     "bandwidth also: Google Cloud documentation, TPU v3, which measured 262 W at most of the TDP's 450"},
    {"tpu-v4i", 128, 128, 4, 1.05e9, Format::bf16, 144 * mib, 8 * gib, 614e9, 175, "hbm2",
     "N. Jouppi et al., Ten lessons from three generations shaped Google's TPUv4i, ISCA 2021, "
     "doi:10.1109/ISCA52012.2021.00010, table 1 (138 TFLOPS, which four arrays at this clock give); memory "
     "and its bandwidth are those of two stacks of HBM2 at 2.4 Gbit/s a pin; rate, memory, "
     "bandwidth and TDP also as Epoch AI, Machine Learning Hardware (December 2025), reads the same paper"},
}};

double ceil_divide(std::size_t a, std::size_t b) { return static_cast<double>((a + b - 1) / b); }

/// What the operands of an array move through its edges in a cycle: inputs along rows, results along columns.
double edge_bytes_per_s(const SystolicSpec& spec) {
  return static_cast<double>((spec.rows + spec.columns) * spec.arrays) * spec.clock_hz *
         row_of(spec.format).bytes;
}

/// Of memory beside the chip and the edges at their full rate.
double memory_w(const SystolicSpec& spec, const MemorySystem& memory) {
  return spec.memory_bytes_per_s * memory.dram_j_per_byte + edge_bytes_per_s(spec) * memory.sram_j_per_byte;
}

double energy_of_operation(const SystolicSpec& spec, const MemorySystem& memory) {
  return ((1 - static_power_fraction) * spec.tdp_w - memory_w(spec, memory)) / spec.peak();
}

class SystolicArray final : public Accelerator {
 public:
  SystolicArray(const SystolicSpec& spec, Dataflow dataflow, Executor& cpu, ThreadPool& pool)
      : spec_(spec),
        dataflow_(dataflow),
        cpu_(cpu),
        pool_(pool),
        memory_(find_memory(spec.memory)),
        operation_j_(energy_of_operation(spec, memory_)),
        name_(std::string(spec.name) + "-" + std::string(to_string(dataflow))) {}

  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::simulated; }
  Boundary boundary() const override { return Boundary::board; }
  Executor& executor() const override { return cpu_; }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t) override {
    return make_format_matrix(w, spec_.format, cpu_, pool_);
  }

  Cost price(std::span<const Work> work) override {
    const bool weights_stay = weight_bytes(work) <= spec_.sram_bytes / 2;
    Cost total;
    for (const Work& w : work) total = then(total, one(w, weights_stay));
    total.watts(Part::idle) = static_power_fraction * spec_.tdp_w;
    total.provenance = Provenance::modelled;
    return total;
  }

 private:
  double bytes_per_number() const { return row_of(spec_.format).bytes; }

  double weight_bytes(std::span<const Work> work) const {
    std::map<int, double> each;
    for (const Work& w : work)
      if (w.kind == Work::Kind::product && w.weight >= 0)
        each[w.weight] = w.matrix_numbers() * bytes_per_number();
    double bytes = 0;
    for (const auto& [weight, own] : each) bytes += own;
    return bytes;
  }

  double cycles(const Work& w) const {
    if (w.macs() == 0) return 0;
    if (w.kind == Work::Kind::outer_product)
      return systolic_cycles(spec_, dataflow_, w.rows, w.inner, w.columns, w.groups);
    return w.transposed ? systolic_cycles(spec_, dataflow_, w.inner, w.columns, w.rows, w.groups)
                        : systolic_cycles(spec_, dataflow_, w.rows, w.columns, w.inner, w.groups);
  }

  Cost one(const Work& w, bool weights_stay) const {
    const double matrix = w.matrix_numbers(), numbers = w.bytes / row_of(Format::fp32).bytes;
    double weights = 0, others = 0;
    switch (w.kind) {
      case Work::Kind::product:
        if (w.weight >= 0) weights = matrix * bytes_per_number();
        others = numbers * bytes_per_number() - weights;
        break;
      case Work::Kind::outer_product:
        others = (numbers - matrix) * bytes_per_number() + matrix * row_of(Format::fp32).bytes;
        break;
      case Work::Kind::elementwise:
        others = numbers * bytes_per_number();
        break;
      case Work::Kind::weight_update:
        others = w.bytes;
        break;
    }
    const bool others_stay = others <= spec_.sram_bytes / 2;
    const double off_chip = w.off_chip_bytes * bytes_per_number() / row_of(Format::fp32).bytes;
    const double dram = (weights_stay ? 0 : weights) + (others_stay ? off_chip : others);
    Cost cost;
    const double memory_s = dram / spec_.memory_bytes_per_s;
    cost.busy(Resource::memory) = memory_s;
    cost.energy(Part::dram) = dram * memory_.dram_j_per_byte;
    double compute_s = 0;
    if (w.macs() > 0) {
      compute_s = cycles(w) / spec_.clock_hz;
      cost.busy(Resource::matrix_unit) = compute_s;
      cost.energy(Part::mac) = 2 * w.macs() * operation_j_;
      cost.energy(Part::sram) = compute_s * edge_bytes_per_s(spec_) * memory_.sram_j_per_byte;
    } else {
      const double elements = w.kind == Work::Kind::weight_update
                                  ? matrix
                                  : static_cast<double>(w.rows) * static_cast<double>(w.columns);
      const double operations = elements * w.operations_per_element;
      compute_s = operations / (static_cast<double>(spec_.columns * spec_.arrays) * spec_.clock_hz);
      cost.busy(Resource::digital) = compute_s;
      cost.energy(Part::digital) = operations * operation_j_;
      cost.energy(Part::sram) =
          std::min(others, compute_s * edge_bytes_per_s(spec_)) * memory_.sram_j_per_byte;
    }
    cost.latency_s = std::max(compute_s, memory_s);
    return cost;
  }

  const SystolicSpec& spec_;
  Dataflow dataflow_;
  Executor& cpu_;
  ThreadPool& pool_;
  const MemorySystem& memory_;
  double operation_j_;
  std::string name_;
};

}  // namespace

std::span<const SystolicSpec> systolic_catalogue() noexcept { return chips; }

const SystolicSpec& find_systolic(std::string_view name) { return find_row("systolic array", name, chips); }

double tdp_from_mac(const SystolicSpec& spec, double mac_j) {
  return (spec.peak() / 2 * mac_j + memory_w(spec, find_memory(spec.memory))) / (1 - static_power_fraction);
}

double systolic_cycles(const SystolicSpec& spec, Dataflow dataflow, std::size_t m, std::size_t n,
                       std::size_t k, std::size_t groups) noexcept {
  const bool weights_stay = dataflow == Dataflow::weight_stationary;
  const std::size_t held_rows = weights_stay ? k : m, held_columns = weights_stay ? m : n;
  const std::size_t streamed = weights_stay ? n : k;
  const double folds = static_cast<double>(groups) * ceil_divide(held_rows, spec.rows) *
                       ceil_divide(held_columns, spec.columns);
  const double turns = ceil_divide(static_cast<std::size_t>(folds), spec.arrays);
  return turns * static_cast<double>(2 * spec.rows + spec.columns + streamed - 2);
}

std::unique_ptr<Accelerator> make_systolic_array(const SystolicSpec& spec, Dataflow dataflow, Executor& cpu,
                                                 ThreadPool& pool) {
  if (!cpu.on_host())
    throw Error("systolic array: needs an executor on the host, not '" + std::string(cpu.name()) + "'");
  return std::make_unique<SystolicArray>(spec, dataflow, cpu, pool);
}

}  // namespace fringe
