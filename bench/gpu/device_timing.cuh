// What the GPU's benchmarks share: random data on the device and times of CUDA events.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

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

/// A normal number in another precision; whole numbers from −127 to 127 take it times 32.
template <class To>
struct FromNormal {
  const float* from;
  To* to;
  __device__ void operator()(std::size_t i) const {
    if constexpr (std::is_same_v<To, std::int8_t>)
      to[i] = static_cast<To>(fminf(fmaxf(rintf(32 * from[i]), -127.0f), 127.0f));
    else
      to[i] = static_cast<To>(from[i]);
  }
};
template <class To>
Buffer<To> random_as(std::size_t count, std::uint32_t site) {
  const Tensor normals = random(1, count, site);
  Buffer<To> out(gpu(), count);
  device::for_each(count, FromNormal<To>{normals.span().data(), out.data()}, "random numbers");
  return out;
}

/// Seconds on the device of one of `calls` calls, back to back.
class DeviceClock {
 public:
  DeviceClock() {
    device::check(cudaEventCreate(&start_), "event");
    device::check(cudaEventCreate(&stop_), "event");
  }
  DeviceClock(const DeviceClock&) = delete;
  DeviceClock& operator=(const DeviceClock&) = delete;
  ~DeviceClock() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }
  template <class Call>
  double operator()(int calls, Call&& call, cudaStream_t stream = nullptr) const {
    device::check(cudaEventRecord(start_, stream), "event");
    for (int i = 0; i < calls; ++i) call();
    device::check(cudaEventRecord(stop_, stream), "event");
    device::check(cudaEventSynchronize(stop_), "calls");
    float milliseconds = 0;
    device::check(cudaEventElapsedTime(&milliseconds, start_, stop_), "event");
    return 1e-3 * static_cast<double>(milliseconds) / calls;
  }

 private:
  cudaEvent_t start_{}, stop_{};
};

/// Runs `work` as the body of a benchmark with device time; enough calls between two events to pass 1 ms.
/// Returns the seconds of the fastest call.
template <class F>
double time_on_device(benchmark::State& state, double per_call, const char* unit, const F& work) {
  const DeviceClock seconds;
  seconds(1, work);
  const int calls = static_cast<int>(std::clamp(1e-3 / std::max(seconds(1, work), 1e-6), 1.0, 200.0));
  double best = 0;
  for (auto _ : state) {
    const double once = seconds(calls, work);
    best = best == 0 ? once : std::min(best, once);
    state.SetIterationTime(once);
  }
  state.counters[unit] = benchmark::Counter(per_call, benchmark::Counter::kIsIterationInvariantRate,
                                            benchmark::Counter::kIs1000);
  return best;
}

}  // namespace fringe
