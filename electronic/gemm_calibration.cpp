#include "electronic/gemm_calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/log_search.hpp"
#include "electronic/gpu_kernels.hpp"

namespace fringe {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error("measured products: " + what); }

KernelTimes times_of(const GpuSpec& gpu, Format format, const GemmShape& shape) {
  Work work;
  work.weight = 0;
  work.rows = shape.rows, work.inner = shape.inner, work.columns = shape.columns;
  const double numbers = static_cast<double>(shape.rows * shape.inner + shape.inner * shape.columns +
                                             shape.rows * shape.columns);
  work.bytes = numbers * row_of(Format::fp32).bytes;
  GpuModelParameters choices;
  choices.whole_tiles = choices.sustained_clock = true;
  return kernel_bounds(gpu, format, std::span(&work, 1), choices).front().times;
}

double seconds(const KernelTimes& times, const GemmConstants& c) {
  GpuModelParameters p;
  p.compute_fraction = c.compute_fraction, p.bandwidth_fraction = c.bandwidth_fraction;
  return c.call_s + kernel_seconds(times, p);
}

GemmConstants constants_of(std::span<const double> x) {
  return {std::min(1.0, x[0]), std::min(1.0, x[1]), x[2]};
}

/// Numbers of drawn uniforms in rising order.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<double> uniforms(count);
  fill_uniform(uniforms, Draw{.seed = seed, .purpose = Purpose::benchmark, .site = 1});
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return uniforms[i]; });
  return order;
}

struct Device {
  std::string_view name, board;
};
// What drivers print behind "NVIDIA", "GeForce", "Tesla" or "Quadro". Whole names: an RTX 3080 Ti, a GH200
// and an H200 NVL are other boards than those whose names they hold.
constexpr std::array<Device, 29> devices{{{"GTX 1080 Ti", "gtx1080ti"},
                                          {"V100-PCIE-16GB", "v100-pcie-16gb"},
                                          {"V100-PCIE-32GB", "v100-pcie-32gb"},
                                          {"V100-SXM2-16GB", "v100-sxm2-16gb"},
                                          {"V100-SXM2-32GB", "v100-sxm2-32gb"},
                                          {"RTX 2070 with Max-Q Design", "rtx2070-max-q"},
                                          {"RTX 2080 with Max-Q Design", "rtx2080-max-q"},
                                          {"RTX 2080 Super with Max-Q Design", "rtx2080-super-max-q"},
                                          {"RTX 2080 Ti", "rtx2080ti"},
                                          {"TITAN RTX", "titan-rtx"},
                                          {"T4", "t4"},
                                          {"RTX 5000", "rtx5000"},
                                          {"RTX 6000", "rtx6000"},
                                          {"RTX 8000", "rtx8000"},
                                          {"RTX 3080", "rtx3080"},
                                          {"RTX 3090", "rtx3090"},
                                          {"RTX A6000", "rtx-a6000"},
                                          {"A10", "a10"},
                                          {"A100-PCIE-40GB", "a100-pcie-40gb"},
                                          {"A100 80GB PCIe", "a100-pcie-80gb"},
                                          {"A100-SXM4-40GB", "a100-sxm4-40gb"},
                                          {"A100-SXM4-80GB", "a100-sxm4-80gb"},
                                          {"RTX 4090", "rtx4090"},
                                          {"L4", "l4"},
                                          {"L40S", "l40s"},
                                          {"H100 PCIe", "h100-pcie"},
                                          {"H100 80GB HBM3", "h100-sxm"},
                                          {"H200", "h200"},
                                          {"B200", "b200"}}};

/// "NVIDIA GeForce RTX 3090" is "RTX 3090".
std::string_view without_maker(std::string_view name) {
  for (const std::string_view word : {"NVIDIA ", "GeForce ", "Tesla ", "Quadro "})
    if (name.starts_with(word)) name.remove_prefix(word.size());
  return name;
}

}  // namespace

double gemm_seconds(const GpuSpec& gpu, Format format, const GemmShape& shape,
                    const GemmConstants& constants) {
  return seconds(times_of(gpu, format, shape), constants);
}

GemmCalibration calibrate_gemms(const GpuSpec& gpu, Format format, std::span<const MeasuredGemm> measured,
                                std::uint64_t seed) {
  if (gpu.peak(format) <= 0)
    fail(std::string(gpu.name) + " does not compute in " + std::string(row_of(format).name));
  if (measured.size() < 8) fail(std::to_string(measured.size()) + " shapes, takes at least 8");
  std::vector<KernelTimes> times;
  for (const MeasuredGemm& m : measured) {
    if (!(m.seconds > 0) || m.shape.rows == 0 || m.shape.inner == 0 || m.shape.columns == 0)
      fail(std::to_string(m.shape.rows) + " × " + std::to_string(m.shape.inner) + " × " +
           std::to_string(m.shape.columns) + " in " + std::to_string(m.seconds) +
           " s; sizes and times must be positive");
    times.push_back(times_of(gpu, format, m.shape));
  }
  const std::vector<std::size_t> order = shuffled(measured.size(), seed);
  const std::span<const std::size_t> fitted(order.data(), (order.size() + 1) / 2);
  const std::span<const std::size_t> held_out(order.data() + fitted.size(), order.size() - fitted.size());
  const auto error = [&](std::span<const std::size_t> of, const GemmConstants& c) {
    double sum = 0;
    for (const std::size_t i : of) sum += std::abs(seconds(times[i], c) / measured[i].seconds - 1);
    return sum / static_cast<double>(of.size());
  };
  const std::vector<double> best = least_error(
      {0.8, 0.8, 3e-6}, [&](std::span<const double> x) { return error(fitted, constants_of(x)); });
  GemmCalibration result{constants_of(best), fitted.size(), held_out.size()};
  result.fitted_error = error(fitted, result.constants);
  result.held_out_error = error(held_out, result.constants);
  result.uncalibrated_error = error(held_out, {1, 1, GpuModelParameters{}.launch_gap_s});
  return result;
}

std::vector<GemmShape> random_gemms(std::size_t count, std::uint64_t seed) {
  std::vector<double> uniforms(3 * count);
  fill_uniform(uniforms, Draw{.seed = seed, .purpose = Purpose::benchmark, .site = 2});
  const auto side = [](double u, double low) {
    constexpr double step = 16, high = 8192;
    return static_cast<std::size_t>(step * std::round(low * std::pow(high / low, u) / step));
  };
  std::vector<GemmShape> shapes;
  for (std::size_t i = 0; i < count; ++i)
    shapes.push_back(
        {side(uniforms[3 * i], 256), side(uniforms[3 * i + 1], 256), side(uniforms[3 * i + 2], 16)});
  return shapes;
}

const GpuSpec* gpu_of_device(std::string_view device_name) {
  const auto row = std::ranges::find(devices, without_maker(device_name), &Device::name);
  return row == devices.end() ? nullptr : &find_gpu(row->board);
}

}  // namespace fringe
