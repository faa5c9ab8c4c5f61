// What the GPU does with products, elementwise passes and draws. Times are CUDA events on the device; all
// data lies there and is random. Rates: FLOP/s (2 per multiply-accumulate), bytes/s, numbers/s.
#include <benchmark/benchmark.h>
#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/gpu/device_timing.cuh"
#include "core/error.hpp"
#include "electronic/attained.hpp"
#include "electronic/cublas.hpp"
#include "electronic/device_copy.cuh"
#include "electronic/gemm_calibration.hpp"

namespace fringe {

void register_meshes();      // mesh_bench.cu
void register_blas_pairs();  // blas_pairs.cu
void register_gemms();       // gemm_bench.cu

namespace {

double flops(const benchmark::State& state) {
  return 2.0 * static_cast<double>(state.range(0)) * static_cast<double>(state.range(1)) *
         static_cast<double>(state.range(2));
}

/// Of a product that takes so long once: share of the published peak and of what a copy moves, where known.
void report_shares(benchmark::State& state, CublasPrecision precision, double number_bytes, double once_s) {
  static const std::optional<double> copy = cublas::copy_bytes_per_s(gpu());
  const auto m = static_cast<double>(state.range(0)), k = static_cast<double>(state.range(1)),
             n = static_cast<double>(state.range(2));
  if (const auto peak = published_peak(gpu_of_device(cuda_status().device), precision); peak && once_s > 0)
    state.counters["peak_share"] = 2 * m * k * n / once_s / *peak;
  if (copy && once_s > 0)
    state.counters["copy_share"] = ((m * k + k * n) * number_bytes + m * n * sizeof(float)) / once_s / *copy;
}

/// make_cublas, or null after telling why not.
std::unique_ptr<Accelerator> hardware_for(benchmark::State& state, CublasPrecision precision,
                                          CublasRuns runs = {}) {
  try {
    return make_cublas(precision, gpu(), runs);
  } catch (const Error& error) {
    state.SkipWithError(error.what());
    return nullptr;
  }
}

/// The path that experiments take: ProgrammedMatrix::forward, rounding of x to the format included.
void forward(benchmark::State& state, CublasPrecision precision) {
  const auto m = static_cast<std::size_t>(state.range(0)), k = static_cast<std::size_t>(state.range(1)),
             n = static_cast<std::size_t>(state.range(2));
  const auto hardware = hardware_for(state, precision);
  if (!hardware) return;
  const std::vector<float> w = random(m, k, 1).to_host();
  const auto matrix = hardware->program({w.data(), m, k}, 0);
  const Tensor x = random(k, n, 2);
  Tensor y(gpu(), m, n);
  const double once_s =
      time_on_device(state, flops(state), "FLOP/s", [&] { matrix->forward(x.view(), y.view(), {}); });
  report_shares(state, precision, sizeof(float), once_s);  // x and W's copy in FP32 are read as they are
  // Against FP64, some rows of them: what the format costs in numbers.
  const std::size_t rows = std::min<std::size_t>(m, 64), columns = std::min<std::size_t>(n, 64);
  const std::vector<float> in = x.to_host(), out = y.to_host();
  double wrong = 0, whole = 0;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      double exact = 0;
      for (std::size_t i = 0; i < k; ++i)
        exact += static_cast<double>(w[r * k + i]) * static_cast<double>(in[i * n + c]);
      const double off = static_cast<double>(out[r * n + c]) - exact;
      wrong += off * off;
      whole += exact * exact;
    }
  state.counters["error"] = std::sqrt(wrong / whole);
}

/// What Accelerator::price says of one product, beside the raw call.
void price(benchmark::State& state, CublasPrecision precision) {
  const auto hardware = hardware_for(state, precision);
  if (!hardware) return;
  Work work;
  work.weight = 0;
  work.rows = static_cast<std::size_t>(state.range(0));
  work.inner = static_cast<std::size_t>(state.range(1));
  work.columns = static_cast<std::size_t>(state.range(2));
  for (auto _ : state) state.SetIterationTime(hardware->price({&work, 1}).latency_s);
  state.counters["FLOP/s"] = benchmark::Counter(flops(state), benchmark::Counter::kIsIterationInvariantRate,
                                                benchmark::Counter::kIs1000);
}

/// A training step of three layers of 512 on 64 samples with Adam, whole on the device.
void step(benchmark::State& state, CublasPrecision precision, CublasRuns runs) {
  const auto hardware = hardware_for(state, precision, runs);
  if (!hardware) return;
  std::vector<Work> list;
  const auto add = [&](Work::Kind kind, int layer, bool transposed) {
    Work work;
    work.kind = kind;
    work.weight = kind == Work::Kind::elementwise ? -1 : layer;
    work.transposed = transposed;
    work.rows = 512;
    work.inner = kind == Work::Kind::elementwise ? 0 : 512;
    work.columns = kind == Work::Kind::weight_update ? 0 : 64;
    if (kind == Work::Kind::weight_update) work.operations_per_element = 12;
    if (!list.empty()) work.after = {static_cast<int>(list.size()) - 1};
    list.push_back(work);
  };
  using enum Work::Kind;
  for (int layer = 0; layer < 3; ++layer) {
    add(product, layer, false);
    add(elementwise, layer, false);  // bias
    add(elementwise, layer, false);  // ReLU
  }
  for (int layer = 2; layer >= 0; --layer) {
    add(elementwise, layer, false);
    add(outer_product, layer, false);
    add(product, layer, true);
  }
  for (int layer = 0; layer < 3; ++layer) add(weight_update, layer, false);
  for (auto _ : state) {
    const Cost cost = hardware->price(list);
    state.SetIterationTime(cost.latency_s);
    state.counters["spread_us"] = 1e6 * cost.spread_s;
    if (cost.energy_known) state.counters["mJ"] = 1e3 * cost.energy(Part::mac);
  }
  state.SetLabel(cublas_conditions(*hardware));
}

template <class Format>
struct Convert {
  const float* from;
  Format* to;
  __device__ void operator()(std::size_t i) const { to[i] = static_cast<Format>(from[i]); }
};

/// The bare library call on operands that already have the format: what the paths above are held against.
template <class Format>
void raw(benchmark::State& state, CublasPrecision precision, cudaDataType_t type,
         cublasComputeType_t compute) {
  const std::int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const auto convert = [](const Tensor& t) {
    Buffer<Format> out(gpu(), t.rows() * t.cols());
    device::for_each(out.size(), Convert<Format>{t.span().data(), out.data()}, "convert");
    return out;
  };
  const auto w = convert(random(static_cast<std::size_t>(m), static_cast<std::size_t>(k), 1));
  const auto x = convert(random(static_cast<std::size_t>(k), static_cast<std::size_t>(n), 2));
  const Tensor y(gpu(), static_cast<std::size_t>(m), static_cast<std::size_t>(n));
  cublasHandle_t handle{};
  cublasCreate(&handle);
  cublasSetMathMode(handle, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
  const float one = 1, zero = 0;
  cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
  const double once_s = time_on_device(state, flops(state), "FLOP/s", [&] {
    status = cublasGemmEx_64(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, m, k, &one, x.data(), type, n, w.data(),
                             type, k, &zero, y.span().data(), CUDA_R_32F, n, compute, CUBLAS_GEMM_DEFAULT);
  });
  if (status != CUBLAS_STATUS_SUCCESS) state.SkipWithError(cublasGetStatusString(status));
  report_shares(state, precision, sizeof(Format), once_s);
  cublasDestroy(handle);
}

void relu(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const Tensor x = random(n, n, 1);
  Tensor y(gpu(), n, n);
  time_on_device(state, 8.0 * static_cast<double>(n * n), "bytes/s", [&] { gpu().relu(x.view(), y.view()); });
}

void adam(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  Tensor p = random(1, n, 1), g = random(1, n, 2), m = random(1, n, 3), v(gpu(), 1, n);
  gpu().fill(v.view(), 1.0f);
  time_on_device(state, 28.0 * static_cast<double>(n), "bytes/s", [&] {
    gpu().adam_step(n, p.span().data(), g.span().data(), m.span().data(), v.span().data(), 1, 0.0f, 0.9f,
                    0.999f, 1e-8f);
  });
}

void row_sums(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const Tensor x = random(n, n, 1);
  Tensor sums = random(n, 1, 2);
  time_on_device(state, 4.0 * static_cast<double>(n * n), "bytes/s",
                 [&] { gpu().add_row_sums(x.view(), sums.span().data()); });
}

void normals(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  Tensor out(gpu(), 1, n);
  const Draw draw{.purpose = Purpose::benchmark};
  time_on_device(state, static_cast<double>(n), "numbers/s",
                 [&] { device::fill_normal(out.span().data(), n, draw); });
}

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rows", "inner", "batch"})->UseManualTime()->MinTime(0.1);
  for (const std::int64_t n : {64, 1024, 4096}) b->Args({n, n, n});
  b->Args({1024, 1024, 1})->Args({4096, 4096, 1})->Args({4096, 4096, 64});
}

void sizes(benchmark::internal::Benchmark* b, std::initializer_list<std::int64_t> ns) {
  b->UseManualTime()->MinTime(0.1);
  for (const std::int64_t n : ns) b->Arg(n);
}

void register_all() {
  struct Row {
    CublasPrecision precision;
    void (*raw)(benchmark::State&, CublasPrecision, cudaDataType_t, cublasComputeType_t);
    cudaDataType_t type;
    cublasComputeType_t compute;
  };
  const Row rows[] = {
      {CublasPrecision::fp64, nullptr, CUDA_R_64F, CUBLAS_COMPUTE_64F},
      {CublasPrecision::fp32, raw<float>, CUDA_R_32F, CUBLAS_COMPUTE_32F},
      {CublasPrecision::tf32, raw<float>, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32},
      {CublasPrecision::bf16, raw<__nv_bfloat16>, CUDA_R_16BF, CUBLAS_COMPUTE_32F},
      {CublasPrecision::fp16, raw<__half>, CUDA_R_16F, CUBLAS_COMPUTE_32F},
      {CublasPrecision::fp8, nullptr, CUDA_R_8F_E4M3, CUBLAS_COMPUTE_32F},
      {CublasPrecision::int8, nullptr, CUDA_R_8I, CUBLAS_COMPUTE_32I},
  };
  for (const Row& row : rows) {
    const std::string name(to_string(row.precision));
    if (row.raw)  // of the others, blas_pairs.cu has the library's own call
      shapes(benchmark::RegisterBenchmark((name + "/raw").c_str(), row.raw, row.precision, row.type,
                                          row.compute));
    shapes(benchmark::RegisterBenchmark((name + "/forward").c_str(), forward, row.precision));
    auto* priced = benchmark::RegisterBenchmark((name + "/price").c_str(), price, row.precision);
    priced->ArgNames({"rows", "inner", "batch"})->UseManualTime()->Iterations(3);
    priced->Args({1024, 1024, 1024})->Args({1024, 1024, 1});
  }
  for (const CublasPrecision precision : {CublasPrecision::fp32, CublasPrecision::bf16, CublasPrecision::fp8})
    for (const auto& [how, runs] : {std::pair{"graph", CublasRuns{}},
                                    {"calls", CublasRuns{.captured = false}},
                                    {"cold", CublasRuns{.cold = true}}})
      benchmark::RegisterBenchmark(("step/" + std::string(to_string(precision)) + "/" + how).c_str(), step,
                                   precision, runs)
          ->UseManualTime()
          ->Iterations(1)
          ->Unit(benchmark::kMicrosecond);
  sizes(benchmark::RegisterBenchmark("relu", relu), {256, 8192});
  sizes(benchmark::RegisterBenchmark("row_sums", row_sums), {256, 8192});
  sizes(benchmark::RegisterBenchmark("adam", adam), {1 << 16, 1 << 26});
  sizes(benchmark::RegisterBenchmark("normals", normals), {1 << 16, 1 << 28});
}

}  // namespace
}  // namespace fringe

int main(int argc, char** argv) {
  const fringe::CudaStatus status = fringe::cuda_status();
  if (!status.available) {
    std::cerr << "bench_gpu: " << status.reason << "\n";
    return 3;
  }
  benchmark::AddCustomContext("gpu", status.device);
  fringe::register_all();
  fringe::register_meshes();
  fringe::register_blas_pairs();
  fringe::register_gemms();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
