#include "electronic/training_step.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/cost.hpp"
#include "core/error.hpp"
#include "core/memory_system.hpp"

namespace fringe {
namespace {

constexpr double issue_width = 4 * 32;

/// The board of each architecture whose boost clock is taken to be what its TDP sustains.
struct Reference {
  std::string_view architecture, board;
};
constexpr std::array references{
    Reference{"Pascal GP102", "gtx1080ti"},      Reference{"Volta GV100", "v100-sxm2-32gb"},
    Reference{"Turing TU102", "rtx6000"},        Reference{"Turing TU104", "rtx6000"},
    Reference{"Turing TU106", "rtx6000"},        Reference{"Ampere GA102", "rtx3090"},
    Reference{"Ampere GA100", "a100-sxm4-40gb"}, Reference{"Ada AD102", "rtx4090"},
    Reference{"Ada AD104", "rtx4090"},           Reference{"Hopper GH100", "h100-sxm"},
    Reference{"Blackwell B200", "b200"}};

const GpuSpec& reference_of(const GpuSpec& gpu) {
  const auto row = std::ranges::find(references, gpu.architecture, &Reference::architecture);
  if (row == references.end())
    throw Error(std::string(gpu.name) + ": architecture '" + std::string(gpu.architecture) +
                "' has no reference board for its clock");
  return find_gpu(row->board);
}

double watts_per_multiprocessor(const GpuSpec& gpu) {
  const double memory_w = gpu.memory_bytes_per_s * find_memory(gpu.memory).dram_j_per_byte;
  return ((1 - static_power_fraction) * gpu.tdp_w - memory_w) / gpu.multiprocessors;
}

/// Boards without tensor cores compute FP16 operands on their FP32 lanes.
bool has_tensor_cores(const GpuSpec& gpu) { return gpu.peak(Format::fp16) > gpu.peak(Format::fp32); }

void check(const TrainingParameters& p) {
  const auto require = [](const char* key, double value, bool zero_allowed) {
    if (std::isfinite(value) && (value > 0 || (zero_allowed && value == 0))) return;
    throw Error("training step: " + std::string(key) + " = " + std::to_string(value) + " must be " +
                (zero_allowed ? "non-negative" : "positive"));
  };
  require("tensor_issue_fp16", p.tensor_issue_fp16, true);
  require("tensor_issue_tf32", p.tensor_issue_tf32, true);
  require("bytes_per_parameter", p.bytes_per_parameter, true);
  require("products_fp16", p.products_fp16, false);
  require("products_tf32", p.products_tf32, false);
  require("convolutions_fp16", p.convolutions_fp16, false);
  require("convolutions_tf32", p.convolutions_tf32, false);
}

double cuda11_factor(Library library, bool narrow, const TrainingParameters& p) {
  if (library == Library::products) return narrow ? p.products_fp16 : p.products_tf32;
  return narrow ? p.convolutions_fp16 : p.convolutions_tf32;
}

}  // namespace

double sustained_clock_hz(const GpuSpec& gpu) {
  const GpuSpec& reference = reference_of(gpu);
  const double power = watts_per_multiprocessor(gpu) / watts_per_multiprocessor(reference);
  return std::min(std::max(gpu.clock_hz, reference.clock_hz), reference.clock_hz * std::cbrt(power));
}

TrainingRates training_rates(const GpuSpec& gpu, Format format, Library library, Software software,
                             const TrainingParameters& p) {
  check(p);
  if (gpu.peak(format) <= 0)
    throw Error(std::string(gpu.name) + " does not compute in " + std::string(row_of(format).name));
  const double clock = sustained_clock_hz(gpu);
  const bool narrow = row_of(format).bytes < 4;
  TrainingRates rates{gpu.clock_hz / (gpu.peak(format) * clock), 1 / gpu.memory_bytes_per_s,
                      p.bytes_per_parameter / gpu.memory_bytes_per_s};
  if (format != Format::fp32 && has_tensor_cores(gpu))
    rates.s_per_operation += (narrow ? p.tensor_issue_fp16 : p.tensor_issue_tf32) /
                             (2 * issue_width * gpu.multiprocessors * clock);
  if (software == Software::cuda11) {
    const double factor = cuda11_factor(library, narrow, p);
    rates.s_per_operation *= factor;
    rates.s_per_byte *= factor;
  }
  return rates;
}

double step_seconds(const TrainingRates& rates, const TrainingDemand& demand) noexcept {
  return demand.items * (demand.operations * rates.s_per_operation + demand.bytes * rates.s_per_byte) +
         demand.parameters * rates.s_per_parameter;
}

}  // namespace fringe
