// Products through cublas::Lt, as prices take them, in turns with the best of cuBLAS's own calls, for each
// precision; and what a call costs the host, one by one and captured in a graph. Names end in /manual_time;
// the label is the verdict.
#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <optional>

#include "bench/gpu/device_timing.cuh"
#include "bench/machine.hpp"
#include "bench/paired_report.hpp"
#include "electronic/cublaslt.cuh"

namespace fringe {
namespace {

using cublas::Lt;
using cublas::LtExtras;
using cublas::LtProduct;

constexpr int rounds = 40;

/// W[rows×inner]·X[inner×batch], both with the inner index contiguous, which every precision has.
template <class A, class B, class D, class Factor>
void against_best(benchmark::State& state, cudaDataType_t ta, cudaDataType_t tb, cudaDataType_t td,
                  cublasComputeType_t compute, cudaDataType_t scale, bool scaled) {
  const std::int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const auto w = random_as<A>(static_cast<std::size_t>(m * k), 1);
  const auto x = random_as<B>(static_cast<std::size_t>(k * n), 2);
  const Buffer<D> y(gpu(), static_cast<std::size_t>(m * n));
  Buffer<float> factor(gpu(), 1);
  factor.from_host(std::vector<float>{1});
  const LtProduct p{.a = ta,
                    .b = tb,
                    .d = td,
                    .compute = compute,
                    .scale = scale,
                    .op_a = CUBLAS_OP_T,
                    .op_b = CUBLAS_OP_N,
                    .m = m,
                    .n = n,
                    .k = k,
                    .lda = k,
                    .ldb = k,
                    .ldd = m};
  LtExtras extras;
  if (scaled) extras.scale_a = extras.scale_b = factor.data();
  Lt lt(gpu());
  if (!lt.run(p, w.data(), x.data(), y.data(), extras))
    return state.SkipWithError("this GPU or library has no such product");
  const auto ours = [&] { lt.run(p, w.data(), x.data(), y.data(), extras); };

  cublasHandle_t handle{};
  if (cublasCreate(&handle) != CUBLAS_STATUS_SUCCESS) return state.SkipWithError("cublasCreate failed");
  cublasSetMathMode(handle, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
  const Factor one = 1, zero = 0;
  const auto gemm = [&](cublasGemmAlgo_t algorithm) {
    return cublasGemmEx_64(handle, CUBLAS_OP_T, CUBLAS_OP_N, m, n, k, &one, w.data(), ta, k, x.data(), tb, k,
                           &zero, y.data(), td, m, compute, algorithm);
  };
  DeviceClock clock;
  std::optional<cublasGemmAlgo_t> best;
  double least = 0;
  for (const auto algorithm : {CUBLAS_GEMM_DEFAULT, CUBLAS_GEMM_DEFAULT_TENSOR_OP}) {
    if (gemm(algorithm) != CUBLAS_STATUS_SUCCESS) continue;
    const double once = clock(10, [&] { gemm(algorithm); });
    if (!best || once < least) {
      best = algorithm;
      least = once;
    }
  }
  const double once = clock(5, ours);
  const int calls = static_cast<int>(std::clamp(1e-3 / std::max(once, 1e-6), 1.0, 200.0));
  const auto on_host =
      [&](auto&& call) {  // how long the host is kept, the device's queue being far from full
        device::check(cudaDeviceSynchronize(), "wait");
        const double whole = bench::seconds([&] {
          for (int i = 0; i < 100; ++i) call();
        });
        device::check(cudaDeviceSynchronize(), "wait");
        return 1e6 * whole / 100;
      };
  for (auto _ : state) {
    if (best) {
      bench::report(state, bench::judge(bench::in_turns(
                               rounds, [&] { return clock(calls, ours); },
                               [&] { return clock(calls, [&] { gemm(*best); }); })));
      state.counters["peer_host_us"] = on_host([&] { gemm(*best); });
    } else {  // cuBLAS itself has no FP8
      std::vector<double> times;
      for (int i = 0; i < rounds; ++i) times.push_back(clock(calls, ours));
      state.SetIterationTime(bench::median(times));
      state.SetLabel("no peer");
    }
    state.counters["host_us"] = on_host(ours);
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n),
                         benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
  cublasDestroy(handle);
}

/// A step of 16 products of 64×64×64, captured once in a graph, in turns with the same calls one by one.
void captured_step(benchmark::State& state) {
  constexpr std::int64_t n = 64;
  constexpr int products = 16, steps = 20;
  cudaStream_t stream{};
  device::check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  {
    const auto w = random_as<float>(n * n, 1), x = random_as<float>(n * n, 2);
    const Buffer<float> y(gpu(), n * n);
    device::check(cudaDeviceSynchronize(), "operands");
    const LtProduct p{.a = CUDA_R_32F,
                      .b = CUDA_R_32F,
                      .d = CUDA_R_32F,
                      .compute = CUBLAS_COMPUTE_32F,
                      .scale = CUDA_R_32F,
                      .op_a = CUBLAS_OP_T,
                      .op_b = CUBLAS_OP_N,
                      .m = n,
                      .n = n,
                      .k = n,
                      .lda = n,
                      .ldb = n,
                      .ldd = n};
    Lt lt(gpu(), stream);
    const auto step = [&] {
      for (int i = 0; i < products; ++i) lt.run(p, w.data(), x.data(), y.data());
    };
    step();  // candidates are timed here, not while the stream is captured
    device::check(cudaStreamSynchronize(stream), "step");
    cudaGraph_t graph{};
    cudaGraphExec_t ready{};
    device::check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
    step();
    device::check(cudaStreamEndCapture(stream, &graph), "capture");
    device::check(cudaGraphInstantiate(&ready, graph, 0), "graph");
    DeviceClock clock;
    for (auto _ : state) {
      const bench::Verdict v = bench::judge(bench::in_turns(
          rounds,
          [&] {
            return clock(
                steps, [&] { device::check(cudaGraphLaunch(ready, stream), "graph"); }, stream);
          },
          [&] { return clock(steps, step, stream); }));
      bench::report(state, v);
      state.counters["us_per_product"] = 1e6 * v.ours_s / products;
    }
    cudaGraphExecDestroy(ready);
    cudaGraphDestroy(graph);
  }
  cudaStreamDestroy(stream);
}

}  // namespace

void register_blas_pairs() {
  const auto add = [](const char* precision, auto run, auto... types) {
    auto* b = benchmark::RegisterBenchmark((std::string("against_best/") + precision).c_str(), run, types...);
    b->ArgNames({"rows", "inner", "batch"})->UseManualTime()->Iterations(1)->Unit(benchmark::kMicrosecond);
    b->Args({64, 64, 64})->Args({1024, 1024, 128})->Args({4096, 4096, 4096});
  };
  add("fp64", against_best<double, double, double, double>, CUDA_R_64F, CUDA_R_64F, CUDA_R_64F,
      CUBLAS_COMPUTE_64F, CUDA_R_64F, false);
  add("fp32", against_best<float, float, float, float>, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F,
      CUBLAS_COMPUTE_32F, CUDA_R_32F, false);
  add("tf32", against_best<float, float, float, float>, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F,
      CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F, false);
  add("bf16", against_best<__nv_bfloat16, __nv_bfloat16, float, float>, CUDA_R_16BF, CUDA_R_16BF, CUDA_R_32F,
      CUBLAS_COMPUTE_32F, CUDA_R_32F, false);
  add("fp16", against_best<__half, __half, float, float>, CUDA_R_16F, CUDA_R_16F, CUDA_R_32F,
      CUBLAS_COMPUTE_32F, CUDA_R_32F, false);
  add("fp8_e4m3", against_best<__nv_fp8_e4m3, __nv_fp8_e4m3, float, float>, CUDA_R_8F_E4M3, CUDA_R_8F_E4M3,
      CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, true);
  add("fp8_e4m3_e5m2", against_best<__nv_fp8_e4m3, __nv_fp8_e5m2, float, float>, CUDA_R_8F_E4M3,
      CUDA_R_8F_E5M2, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, true);
  add("int8", against_best<std::int8_t, std::int8_t, std::int32_t, std::int32_t>, CUDA_R_8I, CUDA_R_8I,
      CUDA_R_32I, CUBLAS_COMPUTE_32I, CUDA_R_32I, false);
  benchmark::RegisterBenchmark("captured_step", captured_step)
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace fringe
