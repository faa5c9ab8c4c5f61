// Products measured on a GPU, from a result file, and how well the GPU model does on them after one
// calibration (electronic/gemm_calibration.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "electronic/gemm_calibration.hpp"

namespace fringe {

struct MeasuredGemms {
  std::string device;  ///< as its driver calls it; empty: not told
  std::map<Format, std::vector<MeasuredGemm>> by_format;
};

/// From what scripts/gpu_check.sh writes, or bench_gpu with --benchmark_out: benchmarks
/// "gemm/FORMAT/rows:R/inner:K/columns:N". Those that failed are left out. Throws Error naming the file and
/// what is wrong in it.
MeasuredGemms read_measured_gemms(const std::filesystem::path& json);

struct CalibratedFormat {
  Format format;
  GemmCalibration calibration;
};
struct CalibratedGpu {
  const GpuSpec* gpu = nullptr;
  std::vector<CalibratedFormat> formats;
};
/// `gpu`: a row of the catalogue; empty: that of the file's device. Throws Error where neither is known.
CalibratedGpu calibrate_gpu(const MeasuredGemms& measured, const std::string& gpu, std::uint64_t seed);

/// For a terminal of 100 columns.
std::string calibrated_text(const CalibratedGpu& calibrated);
std::string calibrated_json(const CalibratedGpu& calibrated);

}  // namespace fringe
