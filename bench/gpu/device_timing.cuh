// What the GPU's benchmarks share: random data on the device and times of CUDA events.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>

#include "core/cuda_support.cuh"
#include "core/tensor.hpp"

namespace fringe {

inline Executor& gpu() {
  static const std::unique_ptr<Executor> executor = make_cuda_executor();
  return *executor;
}

inline Tensor random(std::size_t rows, std::size_t cols, std::uint32_t site) {
  Tensor t(gpu(), rows, cols);
  device::fill_normal(t.span().data(), rows * cols, {.purpose = Purpose::benchmark, .site = site});
  return t;
}

/// Runs `work` as the body of a benchmark with device time; enough calls between two events to pass 1 ms.
/// Returns the seconds of the fastest call.
template <class F>
double time_on_device(benchmark::State& state, double per_call, const char* unit, const F& work) {
  cudaEvent_t start{}, stop{};
  device::check(cudaEventCreate(&start), "event");
  device::check(cudaEventCreate(&stop), "event");
  const auto seconds = [&](int calls) {
    device::check(cudaEventRecord(start), "event");
    for (int i = 0; i < calls; ++i) work();
    device::check(cudaEventRecord(stop), "event");
    device::check(cudaEventSynchronize(stop), "work");
    float milliseconds = 0;
    device::check(cudaEventElapsedTime(&milliseconds, start, stop), "event");
    return 1e-3 * static_cast<double>(milliseconds);
  };
  seconds(1);
  const int calls = static_cast<int>(std::clamp(1e-3 / std::max(seconds(1), 1e-6), 1.0, 200.0));
  double best = 0;
  for (auto _ : state) {
    const double once = seconds(calls) / calls;
    best = best == 0 ? once : std::min(best, once);
    state.SetIterationTime(once);
  }
  state.counters[unit] = benchmark::Counter(per_call, benchmark::Counter::kIsIterationInvariantRate,
                                            benchmark::Counter::kIs1000);
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  return best;
}

}  // namespace fringe
