// The GPU model against this board: random products through cublas::Lt, the model's three constants fitted to
// a random half of them, the error on the other half (electronic/gemm_calibration.hpp). A benchmark fails
// where that exceeds 10 %. Every shape's time stands in the counters of its own row, so that a result file
// can be calibrated again elsewhere (sim/measured_gemms.hpp).
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "bench/gpu/device_timing.cuh"
#include "core/error.hpp"
#include "electronic/cublaslt.cuh"
#include "electronic/gemm_calibration.hpp"

namespace fringe {
namespace {

constexpr std::size_t shapes = 64;
constexpr std::uint64_t seed = 1;
constexpr double allowed_error = 0.10;

std::map<Format, std::vector<MeasuredGemm>>& measured() {
  static std::map<Format, std::vector<MeasuredGemm>> all;
  return all;
}

template <class T>
void measure(benchmark::State& state, Format format, const GemmShape& shape, cudaDataType_t type,
             cublasComputeType_t compute) {
  const auto m = static_cast<std::int64_t>(shape.rows), k = static_cast<std::int64_t>(shape.inner),
             n = static_cast<std::int64_t>(shape.columns);
  const Buffer<T> w = random_as<T>(shape.rows * shape.inner, 1),
                  x = random_as<T>(shape.inner * shape.columns, 2);
  const Buffer<T> y(gpu(), shape.rows * shape.columns);
  const cublas::LtProduct p{.a = type,
                            .b = type,
                            .d = type,
                            .compute = compute,
                            .scale = CUDA_R_32F,
                            .op_a = CUBLAS_OP_T,
                            .op_b = CUBLAS_OP_N,
                            .m = m,
                            .n = n,
                            .k = k,
                            .lda = k,
                            .ldb = k,
                            .ldd = m};
  cublas::Lt lt(gpu());
  if (!lt.run(p, w.data(), x.data(), y.data())) return state.SkipWithError("this GPU has no such product");
  const DeviceClock clock;
  const auto seconds = [&](int calls) {
    return clock(calls, [&] { lt.run(p, w.data(), x.data(), y.data()); });
  };
  const int calls = static_cast<int>(std::clamp(2e-3 / std::max(seconds(3), 1e-6), 1.0, 500.0));
  for (auto _ : state) {
    std::vector<double> rounds;
    for (int i = 0; i < 7; ++i) rounds.push_back(seconds(calls));
    std::ranges::nth_element(rounds, rounds.begin() + 3);
    state.SetIterationTime(rounds[3]);
    measured()[format].push_back({shape, rounds[3]});
  }
}

void calibrate(benchmark::State& state, Format format) {
  cudaDeviceProp properties{};
  device::check(cudaGetDeviceProperties(&properties, 0), "properties");
  const GpuSpec* const board = gpu_of_device(properties.name);
  for (auto _ : state) {
    if (board == nullptr) return state.SkipWithError("this board is not in the catalogue");
    try {
      const GemmCalibration c = calibrate_gemms(*board, format, measured()[format], seed);
      state.SetIterationTime(c.constants.call_s);
      state.SetLabel(std::string(board->name));
      state.counters["fitted"] = static_cast<double>(c.fitted);
      state.counters["held_out"] = static_cast<double>(c.held_out);
      state.counters["compute_fraction"] = c.constants.compute_fraction;
      state.counters["bandwidth_fraction"] = c.constants.bandwidth_fraction;
      state.counters["fitted_error"] = c.fitted_error;
      state.counters["held_out_error"] = c.held_out_error;
      state.counters["uncalibrated_error"] = c.uncalibrated_error;
      if (c.held_out_error > allowed_error)
        return state.SkipWithError("more than 10 % off on held-out shapes");
    } catch (const Error& error) {
      return state.SkipWithError(error.what());
    }
  }
}

template <class T>
void add(const std::string& name, Format format, cudaDataType_t type, cublasComputeType_t compute) {
  for (const GemmShape& shape : random_gemms(shapes, seed))
    benchmark::RegisterBenchmark(("gemm/" + name + "/rows:" + std::to_string(shape.rows) + "/inner:" +
                                  std::to_string(shape.inner) + "/columns:" + std::to_string(shape.columns))
                                     .c_str(),
                                 measure<T>, format, shape, type, compute)
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("gemm_model/" + name).c_str(), calibrate, format)
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace

void register_gemms() {
  add<float>("fp32", Format::fp32, CUDA_R_32F, CUBLAS_COMPUTE_32F);
  add<float>("tf32", Format::tf32, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32);
  add<__nv_bfloat16>("bf16", Format::bf16, CUDA_R_16BF, CUBLAS_COMPUTE_32F);
  add<__half>("fp16", Format::fp16, CUDA_R_16F, CUBLAS_COMPUTE_32F);
}

}  // namespace fringe
