// How long work takes on the device: whole as a CUDA graph or call by call, warm or from cold caches.
// Included by CUDA sources only.
//
// Runs follow each other without a wait and an event stands between any two, so that a time is the device's
// own and the host is out of it as long as it queues faster than the device works. A round lasts some ten
// milliseconds, or 256 runs. Cold, twice the second cache is read ahead of each run and not timed; it is read
// and not written, so that no write-back falls into the timed part.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "core/cuda_support.cuh"
#include "core/tensor.hpp"

namespace fringe::cublas {

/// A stream of its own, ordered with the default one. Unlike that, it can be captured.
class Stream {
 public:
  Stream() { device::check(cudaStreamCreate(&stream_), "stream"); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// What `calls` launches on a stream, captured once. `calls` has run there before: nothing is allocated,
/// timed or copied to the host while a stream is captured.
class Captured {
 public:
  /// Where the capture fails nothing is captured, and reason() says why.
  Captured(cudaStream_t stream, const std::function<void()>& calls) : stream_(stream) {
    cudaGraph_t graph = nullptr;
    try {
      device::check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
      try {
        calls();
      } catch (const Error& error) {
        reason_ = error.what();
      }
      device::check(cudaStreamEndCapture(stream, &graph), "capture");
      if (reason_.empty()) {
        device::check(cudaGraphGetNodes(graph, nullptr, &nodes_), "graph");
        device::check(cudaGraphInstantiate(&ready_, graph, 0), "graph");
      }
    } catch (const Error& error) {
      if (reason_.empty()) reason_ = error.what();
    }
    if (graph) cudaGraphDestroy(graph);
    (void)cudaGetLastError();
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() {
    if (ready_) cudaGraphExecDestroy(ready_);
  }

  bool ready() const { return ready_ != nullptr; }
  const std::string& reason() const { return reason_; }
  std::size_t nodes() const { return nodes_; }
  void launch() const { device::check(cudaGraphLaunch(ready_, stream_), "graph"); }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t ready_ = nullptr;
  std::size_t nodes_ = 0;
  std::string reason_;
};

struct ReadZeros {
  const float* from;
  float* sink;
  __device__ void operator()(std::size_t i) const {
    if (from[i] != 0.0f) *sink = from[i];  // never, which the compiler doesn't know
  }
};

/// Reads twice what the second cache holds, so that nothing else is left there, and nothing that would have
/// to be written back.
class CacheWipe {
 public:
  explicit CacheWipe(Executor& executor) : sink_(executor, 1) {
    int number = 0, bytes = 0;
    device::check(cudaGetDevice(&number), "device");
    device::check(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, number), "cache");
    filler_ = Buffer<float>(executor, 2 * static_cast<std::size_t>(bytes) / sizeof(float));
    executor.fill({filler_.data(), 1, filler_.size()}, 0.0f);
  }
  void operator()() const {
    device::for_each(filler_.size(), ReadZeros{filler_.data(), sink_.data()}, "wipe");
  }

 private:
  Buffer<float> filler_, sink_;
};

class Event {
 public:
  Event() { device::check(cudaEventCreate(&event_), "event"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  void record(cudaStream_t stream) { device::check(cudaEventRecord(event_, stream), "event"); }
  void wait() { device::check(cudaEventSynchronize(event_), "timed work"); }
  double seconds_since(const Event& start) const {
    float milliseconds = 0;
    device::check(cudaEventElapsedTime(&milliseconds, start.event_, event_), "event");
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Rounds of back-to-back runs with an event between any two, or with `before` ahead of each, which isn't
/// timed; the clock that times them runs on the device.
class DeviceRounds {
 public:
  DeviceRounds(cudaStream_t stream, std::function<void()> run, std::function<void()> before = {})
      : stream_(stream),
        run_(std::move(run)),
        before_(std::move(before)),
        starts_(before_ ? longest : 1),
        ends_(longest) {
    (*this)();
    const double once = std::max((*this)().front(), 1e-6);
    runs_ = std::clamp<std::size_t>(static_cast<std::size_t>(enough_s / once), 1, longest);
  }
  /// Seconds of each run of one round.
  std::vector<double> operator()() {
    for (std::size_t i = 0; i < runs_; ++i) {
      if (before_) before_();
      if (before_ || i == 0) starts_[i].record(stream_);
      run_();
      ends_[i].record(stream_);
    }
    ends_[runs_ - 1].wait();
    std::vector<double> seconds;
    for (std::size_t i = 0; i < runs_; ++i)
      seconds.push_back(ends_[i].seconds_since(before_ || i == 0 ? starts_[i] : ends_[i - 1]));
    return seconds;
  }

 private:
  static constexpr double enough_s = 0.010;
  static constexpr std::size_t longest = 256;
  cudaStream_t stream_;
  std::function<void()> run_, before_;
  std::vector<Event> starts_, ends_;
  std::size_t runs_ = 1;
};

}  // namespace fringe::cublas
