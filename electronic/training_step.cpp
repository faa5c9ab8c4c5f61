#include "electronic/training_step.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/cost.hpp"
#include "core/error.hpp"
#include "core/memory_system.hpp"

namespace fringe {
namespace {

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

void require(const char* key, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw Error("training step: " + std::string(key) + " = " + std::to_string(value) + " must lie in [" +
              std::to_string(low) + ", " + std::to_string(high) + "]");
}

void check(const TrainingParameters& p) {
  require("lanes", p.lanes, 1, 100);
  require("traffic", p.traffic, 1, 100);
  require("issue_products_cuda10", p.issue_products_cuda10, 0, 100);
  require("issue_products_cuda11", p.issue_products_cuda11, 0, 100);
  require("issue_convolutions", p.issue_convolutions, 0, 100);
  require("issue_tf32", p.issue_tf32, 0, 100);
  require("host_cuda10_s", p.host_cuda10_s, 0, 1);
  require("host_cuda11_s", p.host_cuda11_s, 0, 1);
}

double tensor_issue(Format format, Library library, Software software, const TrainingParameters& p) {
  if (row_of(format).bytes >= 4) return p.issue_tf32;
  if (library == Library::convolutions) return p.issue_convolutions;
  return software == Software::cuda10 ? p.issue_products_cuda10 : p.issue_products_cuda11;
}

}  // namespace

double sustained_clock_hz(const GpuSpec& gpu) {
  const GpuSpec& reference = reference_of(gpu);
  const double power = watts_per_multiprocessor(gpu) / watts_per_multiprocessor(reference);
  return std::min(std::max(gpu.clock_hz, reference.clock_hz), reference.clock_hz * std::cbrt(power));
}

GpuModelParameters as_trained(const GpuSpec& gpu, Format format, Library library, Software software,
                              const TrainingParameters& p) {
  check(p);
  if (gpu.peak(format) <= 0)
    throw Error(std::string(gpu.name) + " does not compute in " + std::string(row_of(format).name));
  GpuModelParameters model;
  model.compute_fraction = on_tensor_cores(gpu, format) ? 1 : 1 / p.lanes;
  model.bandwidth_fraction = 1 / p.traffic;
  model.whole_tiles = model.sustained_clock = model.winograd = true;
  model.tensor_issue = tensor_issue(format, library, software, p);
  model.host_s = software == Software::cuda10 ? p.host_cuda10_s : p.host_cuda11_s;
  return model;
}

}  // namespace fringe
