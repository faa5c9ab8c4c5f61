#include "electronic/gpu_kernels.hpp"

#include <algorithm>
#include <map>

#include "core/memory_system.hpp"
#include "electronic/gpu_tiles.hpp"
#include "electronic/training_step.hpp"

namespace fringe {
namespace {

constexpr double issue_width = 4 * 32;
const double fp32_bytes = row_of(Format::fp32).bytes;

struct Traffic {
  double weights = 0, others = 0;
};

Traffic traffic(const Work& w, double number_bytes) {
  const double numbers = w.bytes / fp32_bytes, matrix = w.matrix_numbers();
  switch (w.kind) {
    case Work::Kind::product:
      if (w.weight < 0) return {0, numbers * number_bytes};
      return {matrix * number_bytes, (numbers - matrix) * number_bytes};
    case Work::Kind::outer_product:
      return {0, (numbers - matrix) * number_bytes + matrix * fp32_bytes};
    case Work::Kind::elementwise:
      return {0, numbers * number_bytes};
    default:
      return {0, w.bytes};
  }
}

double weight_bytes(std::span<const Work> work, double number_bytes) {
  std::map<int, double> each;
  for (const Work& w : work)
    if (w.kind == Work::Kind::product && w.weight >= 0) each[w.weight] = w.matrix_numbers() * number_bytes;
  double sum = 0;
  for (const auto& [weight, bytes] : each) sum += bytes;
  return sum;
}

TiledProduct tiled(const GpuSpec& gpu, Format format, const Work& w) {
  if (w.kind == Work::Kind::outer_product)
    return tiled_product(gpu, format, w.rows, w.inner, w.columns, w.groups);
  return w.transposed ? tiled_product(gpu, format, w.inner, w.columns, w.rows, w.groups)
                      : tiled_product(gpu, format, w.rows, w.columns, w.inner, w.groups);
}

bool windows_of_3x3(const Work& w) {
  if (w.weight < 0) return false;
  const auto of = [&](std::size_t a, std::size_t b) {
    return static_cast<double>(w.groups) * static_cast<double>(a) * static_cast<double>(b);
  };
  const double inputs = w.bytes / fp32_bytes - w.matrix_numbers() - of(w.rows, w.columns);
  return of(w.inner, w.columns) == 9 * inputs;
}

}  // namespace

double l2_bytes_per_s(const GpuSpec& gpu) {
  return std::max(find_memory(gpu.memory).sram_bytes_per_s, gpu.memory_bytes_per_s);
}

bool on_tensor_cores(const GpuSpec& gpu, Format format) noexcept {
  // Tensor cores that take FP64 have twice the lanes' rate; printed figures are off by a few percent at most.
  if (format == Format::fp64) return gpu.peak(format) > 1.5 * gpu.fp64_vector_peak();
  return format != Format::fp32 && gpu.peak(Format::fp16) > gpu.peak(Format::fp32);
}

std::vector<KernelBounds> kernel_bounds(const GpuSpec& gpu, Format format, std::span<const Work> work,
                                        const GpuModelParameters& p) {
  const double number_bytes = row_of(format).bytes;
  const bool weights_in_l2 = weight_bytes(work, number_bytes) <= gpu.l2_bytes / 2;
  const double sustained = p.sustained_clock ? sustained_clock_hz(gpu) : gpu.clock_hz;
  const double slowdown = gpu.clock_hz / sustained, l2 = l2_bytes_per_s(gpu);
  const double issue_rate = 2 * issue_width * gpu.multiprocessors * sustained;
  const double elementwise = format == Format::fp64 ? gpu.fp64_vector_peak() : gpu.peak(Format::fp32);
  std::vector<KernelBounds> bounds;
  bounds.reserve(work.size());
  for (const Work& w : work) {
    KernelBounds k;
    KernelTimes& t = k.times;
    t.issues = static_cast<double>(w.issues);
    Traffic bytes = traffic(w, number_bytes);
    t.product = w.macs() > 0;
    if (t.product) {
      k.operations = 2 * w.macs();
      double product_s = k.operations / gpu.peak(format);
      if (p.whole_tiles) {
        const TiledProduct product = tiled(gpu, format, w);
        product_s = product.seconds;
        bytes.others += product.partial_bytes;
      }
      t.compute_s = slowdown * product_s;
      t.window3x3 = format == Format::fp32 && windows_of_3x3(w);
      if (on_tensor_cores(gpu, format)) t.issue_s = k.operations / issue_rate;
    } else {
      const double elements = w.kind == Work::Kind::weight_update
                                  ? w.matrix_numbers()
                                  : static_cast<double>(w.rows) * static_cast<double>(w.columns);
      k.operations = elements * w.operations_per_element;
      t.compute_s = slowdown * k.operations / elementwise;
    }
    const bool others_in_l2 = bytes.others <= gpu.l2_bytes / 2;
    const double off_chip = w.off_chip_bytes * number_bytes / fp32_bytes;
    k.dram_bytes = (weights_in_l2 ? 0 : bytes.weights) + (others_in_l2 ? off_chip : bytes.others);
    k.sram_bytes = bytes.weights + bytes.others;
    t.memory_s = std::max(k.dram_bytes / gpu.memory_bytes_per_s, k.sram_bytes / l2);
    bounds.push_back(k);
  }
  return bounds;
}

}  // namespace fringe
