// How long a list of work takes on the device: its operands laid out there once, its time taken with events.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "core/work.hpp"
#include "electronic/cublas_gemm.cuh"

namespace fringe::cublas {

/// A list of work with device memory for every operand, so that it can run again and again.
class ResidentWork {
 public:
  ResidentWork(Executor& executor, const Gemm& gemm, std::span<const Work> work)
      : executor_(executor), gemm_(gemm), work_(work) {
    std::size_t largest = 0;
    for (const Work& item : work) {
      const bool weighted = item.kind != Work::Kind::elementwise;
      const bool batched = item.kind != Work::Kind::weight_update;
      if (item.rows == 0 || (weighted && item.inner == 0) || (batched && item.columns == 0))
        throw Error(std::string(to_string(gemm.precision())) + ": work '" + item.name + "' has a size of 0");
      if (batched) largest = std::max(largest, std::max(item.rows, item.inner) * item.columns);
    }
    in_ = random(1, largest);
    slope_ = random(1, largest);
    out_ = random(1, largest);
    in_operand_ = in_copy_(gemm.precision(), executor, in_.view());
    slope_operand_ = slope_copy_(gemm.precision(), executor, slope_.view());
    for (std::size_t i = 0; i < work.size(); ++i) add_weight(i);
  }

  void run() {
    for (std::size_t i = 0; i < work_.size(); ++i) {
      const Work& item = work_[i];
      switch (item.kind) {
        case Work::Kind::product: {
          const Matrix y(out_.view().data, item.transposed ? item.inner : item.rows, item.columns);
          gemm_.product(weight(i).operand, item.rows, item.inner, item.transposed,
                        rows_of(in_operand_, item.columns), y);
          break;
        }
        case Work::Kind::outer_product:
          gemm_.outer_product(rows_of(slope_operand_, item.columns), rows_of(in_operand_, item.columns),
                              item.columns, weight(i).gradient.view(), 0.0f);
          break;
        case Work::Kind::elementwise:
          executor_.relu(ConstMatrix(in_.view().data, item.rows, item.columns),
                         Matrix(out_.view().data, item.rows, item.columns));
          break;
        case Work::Kind::weight_update:
          update(weight(i), item.operations_per_element);
          break;
      }
    }
  }

 private:
  struct Weight {
    Tensor value, gradient, first_moment, second_moment;
    Rounded copy;
    Operand operand;
  };

  static Operand rows_of(Operand whole, std::size_t columns) {
    return {whole.data, static_cast<std::int64_t>(columns)};
  }

  // Work without a weight of its own, as in the product of two activations, gets one that nothing else uses.
  int key(std::size_t i) const { return work_[i].weight >= 0 ? work_[i].weight : -1 - static_cast<int>(i); }
  Weight& weight(std::size_t i) { return weights_.find(key(i))->second; }

  Tensor random(std::size_t rows, std::size_t cols) {
    Tensor t(executor_, rows, cols);
    device::fill_normal(t.span().data(), rows * cols, {.purpose = Purpose::benchmark, .site = tensors_++});
    return t;
  }

  void add_weight(std::size_t i) {
    const Work& item = work_[i];
    if (item.kind == Work::Kind::elementwise) return;
    Weight& w = weights_[key(i)];
    if (w.value.rows() == 0) {
      w.value = random(item.rows, item.inner);
      w.operand = w.copy(gemm_.precision(), executor_, std::as_const(w.value).view());
    }
    if (w.value.rows() != item.rows || w.value.cols() != item.inner)
      throw Error(std::string(to_string(gemm_.precision())) + ": work '" + item.name + "' gives weight " +
                  std::to_string(item.weight) + " another shape than the work before it");
    if (item.kind != Work::Kind::product && w.gradient.rows() == 0)
      w.gradient = random(item.rows, item.inner);
    if (item.kind == Work::Kind::weight_update && w.second_moment.rows() == 0) {
      w.first_moment = random(item.rows, item.inner);
      w.second_moment = Tensor(executor_, item.rows, item.inner);
      executor_.fill(w.second_moment.view(), 1.0f);
    }
  }

  // A rate of 0 does all the arithmetic and leaves the weights as they are.
  void update(Weight& w, double operations_per_element) {
    constexpr double sgd_operations = 4;
    const std::span<float> p = w.value.span();
    if (operations_per_element <= sgd_operations)
      executor_.sgd_step(p.size(), p.data(), w.gradient.span().data(), w.first_moment.span().data(), 0.0f,
                         0.9f);
    else
      executor_.adam_step(p.size(), p.data(), w.gradient.span().data(), w.first_moment.span().data(),
                          w.second_moment.span().data(), 1, 0.0f, 0.9f, 0.999f, 1e-8f);
    w.operand = w.copy(gemm_.precision(), executor_, std::as_const(w.value).view());
  }

  Executor& executor_;
  const Gemm& gemm_;
  std::span<const Work> work_;
  std::uint32_t tensors_ = 0;
  Tensor in_, slope_, out_;
  Rounded in_copy_, slope_copy_;
  Operand in_operand_, slope_operand_;
  std::map<int, Weight> weights_;
};

class Event {
 public:
  Event() { device::check(cudaEventCreate(&event_), "event"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  void record() { device::check(cudaEventRecord(event_), "event"); }
  void wait() { device::check(cudaEventSynchronize(event_), "timed work"); }
  double seconds_since(const Event& start) const {
    float milliseconds = 0;
    device::check(cudaEventElapsedTime(&milliseconds, start.event_, event_), "event");
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Rounds of back-to-back runs with an event between any two; the clock that times them runs on the device.
class DeviceRounds {
 public:
  explicit DeviceRounds(ResidentWork& work) : work_(work), events_(longest + 1) {
    (*this)();
    const double once = std::max((*this)().front(), 1e-6);
    runs_ = std::clamp<std::size_t>(static_cast<std::size_t>(enough_s / once), 1, longest);
  }
  std::size_t runs() const { return runs_; }
  /// Seconds of each run of one round.
  std::vector<double> operator()() {
    events_[0].record();
    for (std::size_t i = 1; i <= runs_; ++i) {
      work_.run();
      events_[i].record();
    }
    events_[runs_].wait();
    std::vector<double> seconds;
    for (std::size_t i = 1; i <= runs_; ++i) seconds.push_back(events_[i].seconds_since(events_[i - 1]));
    return seconds;
  }

 private:
  static constexpr double enough_s = 0.010;
  static constexpr std::size_t longest = 256;
  ResidentWork& work_;
  std::vector<Event> events_;
  std::size_t runs_ = 1;
};

}  // namespace fringe::cublas
