#include "sim/measured_gemms.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.hpp"

namespace fringe {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw Error(file.string() + ": " + what);
}

/// The number behind "key:" in a benchmark's name.
std::optional<std::size_t> size_in(std::string_view name, std::string_view key) {
  const std::size_t at = name.find(key);
  if (at == std::string_view::npos) return {};
  std::size_t value = 0;
  const char* const first = name.data() + at + key.size();
  const auto [end, error] = std::from_chars(first, name.data() + name.size(), value);
  if (error != std::errc() || value == 0) return {};
  return value;
}

double seconds_per(const std::filesystem::path& file, const std::string& unit) {
  if (unit == "ns") return 1e-9;
  if (unit == "us") return 1e-6;
  if (unit == "ms") return 1e-3;
  if (unit == "s") return 1;
  fail(file, "time_unit = '" + unit + "' must be ns, us, ms or s");
}

}  // namespace

MeasuredGemms read_measured_gemms(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) fail(path, "cannot be read; it must be a readable file");
  MeasuredGemms measured;
  try {
    const json all = json::parse(file);
    const bool checked = all.contains("steps");
    const json& list = checked ? all.at("steps").at("benchmarks").at("results") : all.at("benchmarks");
    if (checked)
      measured.device = all.value("device", "");
    else if (all.contains("context"))
      measured.device = all.at("context").value("gpu", "");
    for (const json& b : list) {
      const std::string name = b.at("name");
      if (!name.starts_with("gemm/") || b.value("error_occurred", false)) continue;
      // Of repetitions, each is a product that was measured; their mean and spread are none.
      if (b.value("run_type", "iteration") != "iteration") continue;
      const std::string format = name.substr(5, name.find('/', 5) - 5);
      const auto rows = size_in(name, "/rows:"), inner = size_in(name, "/inner:"),
                 columns = size_in(name, "/columns:");
      if (!rows || !inner || !columns)
        fail(path, "benchmark '" + name + "' must be gemm/FORMAT/rows:R/inner:K/columns:N");
      const double seconds = b.at("real_time").get<double>() * seconds_per(path, b.at("time_unit"));
      measured.by_format[find_format(format)].push_back({{*rows, *inner, *columns}, seconds});
    }
  } catch (const json::parse_error& error) {
    fail(path,
         "is no result file of gpu_check.sh or bench_gpu: no JSON at byte " + std::to_string(error.byte));
  } catch (const json::exception& error) {
    fail(path, std::string("is no result file of gpu_check.sh or bench_gpu: ") + error.what());
  }
  if (measured.by_format.empty()) fail(path, "holds no measured products (benchmarks 'gemm/…')");
  return measured;
}

CalibratedGpu calibrate_gpu(const MeasuredGemms& measured, const std::string& gpu, std::uint64_t seed) {
  CalibratedGpu result;
  result.gpu = gpu.empty() ? gpu_of_device(measured.device) : &find_gpu(gpu);
  if (result.gpu == nullptr)
    throw Error("device '" + measured.device + "' is no board of the catalogue; --gpu names one");
  for (const auto& [format, products] : measured.by_format)
    result.formats.push_back({format, calibrate_gemms(*result.gpu, format, products, seed)});
  return result;
}

std::string calibrated_text(const CalibratedGpu& calibrated) {
  std::string text = fmt::format(
      "fringe · GPU model of {}, calibrated on a random half of the measured products\n\n"
      "  {:<8}{:>16}{:>12}{:>13}{:>12}{:>17}{:>18}\n",
      calibrated.gpu->name, "format", "fitted + held", "of peak", "bandwidth", "a call", "error held out",
      "not calibrated");
  for (const auto& [format, c] : calibrated.formats)
    text += fmt::format("  {:<8}{:>16}{:>10.1f} %{:>11.1f} %{:>9.2f} µs{:>15.1f} %{:>16.1f} %\n",
                        row_of(format).name, fmt::format("{} + {}", c.fitted, c.held_out),
                        100 * c.constants.compute_fraction, 100 * c.constants.bandwidth_fraction,
                        1e6 * c.constants.call_s, 100 * c.held_out_error, 100 * c.uncalibrated_error);
  return text +
         "\n  errors: mean absolute relative error of seconds on the shapes that nothing was fitted to; not\n"
         "  calibrated: at the published peak and bandwidth. The aim is 10 %.\n";
}

std::string calibrated_json(const CalibratedGpu& calibrated) {
  nlohmann::ordered_json out{{"gpu", calibrated.gpu->name}, {"formats", nlohmann::ordered_json::array()}};
  for (const auto& [format, c] : calibrated.formats)
    out["formats"].push_back({{"format", row_of(format).name},
                              {"fitted", c.fitted},
                              {"held_out", c.held_out},
                              {"compute_fraction", c.constants.compute_fraction},
                              {"bandwidth_fraction", c.constants.bandwidth_fraction},
                              {"call_s", c.constants.call_s},
                              {"fitted_error", c.fitted_error},
                              {"held_out_error", c.held_out_error},
                              {"uncalibrated_error", c.uncalibrated_error}});
  return out.dump(2) + "\n";
}

}  // namespace fringe
