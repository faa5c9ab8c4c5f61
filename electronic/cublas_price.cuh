// How long a list of work takes on the device: its operands laid out there once, its time taken with events.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "core/work.hpp"
#include "electronic/cublas_gemm.cuh"
#include "electronic/cublaslt.cuh"

namespace fringe::cublas {

/// A list of work with device memory for every operand, so that it can run again and again.
class ResidentWork {
 public:
  /// `lt` may be null: products then take cuBLAS alone.
  ResidentWork(Executor& executor, const Gemm& gemm, Lt* lt, std::span<const Work> work)
      : executor_(executor), gemm_(gemm), lt_(lt), work_(work) {
    std::size_t largest = 0, tallest = 1;
    for (const Work& item : work) {
      const bool weighted = item.kind != Work::Kind::elementwise;
      if (item.groups != 1)
        throw Error(std::string(to_string(gemm.precision())) + ": work '" + item.name + "' has " +
                    std::to_string(item.groups) + " groups; products in groups are not measured yet");
      const bool batched = item.kind != Work::Kind::weight_update;
      if (item.rows == 0 || (weighted && item.inner == 0) || (batched && item.columns == 0))
        throw Error(std::string(to_string(gemm.precision())) + ": work '" + item.name + "' has a size of 0");
      tallest = std::max({tallest, item.rows, item.inner});
      if (batched) largest = std::max(largest, std::max(item.rows, item.inner) * item.columns);
    }
    in_ = random(1, largest);
    slope_ = random(1, largest);
    out_ = random(1, largest);
    bias_ = random(1, tallest);
    in_operand_ = in_copy_(gemm.precision(), executor, in_.view());
    slope_operand_ = slope_copy_(gemm.precision(), executor, slope_.view());
    for (std::size_t i = 0; i < work.size(); ++i) add_weight(i);
  }

  void run() {
    for (std::size_t i = 0; i < work_.size(); ++i) {
      const Work& item = work_[i];
      switch (item.kind) {
        case Work::Kind::product:
        case Work::Kind::outer_product: {
          const std::size_t passes = item.kind == Work::Kind::product ? passes_after(i) : 0;
          if (passes > 0 && by_lt(i, {.bias = bias_.view().data, .relu = passes == 2}))
            i += passes;
          else if (!by_lt(i, {}))
            by_gemm(i);
          break;
        }
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

  /// How many of the passes that follow a product can be part of it: one is its bias, a second its ReLU. They
  /// have one operation, the product's shape and wait for nothing else.
  std::size_t passes_after(std::size_t i) const {
    const std::size_t rows = work_[i].transposed ? work_[i].inner : work_[i].rows;
    std::size_t passes = 0;
    for (std::size_t k = i + 1; k < work_.size() && passes < 2; ++k, ++passes) {
      const Work& pass = work_[k];
      if (pass.kind != Work::Kind::elementwise || pass.operations_per_element > 1 || pass.rows != rows ||
          pass.columns != work_[i].columns || pass.after != std::vector<int>{static_cast<int>(k) - 1})
        break;
    }
    return passes;
  }

  /// Through cuBLASLt on batches that lie sample by sample, which is the layout whose bias it can add:
  /// column-major there is W itself transposed, and x, y as they are.
  bool by_lt(std::size_t i, const LtExtras& extras) {
    if (!lt_) return false;
    const Work& item = work_[i];
    Weight& w = weight(i);
    const auto rows = static_cast<std::int64_t>(item.rows), inner = static_cast<std::int64_t>(item.inner),
               batch = static_cast<std::int64_t>(item.columns);
    LtProduct p{.a = gemm_.type(),
                .b = gemm_.type(),
                .d = CUDA_R_32F,
                .compute = gemm_.compute(),
                .scale = CUDA_R_32F,
                .op_a = CUBLAS_OP_T,
                .op_b = CUBLAS_OP_N,
                .m = rows,
                .n = batch,
                .k = inner,
                .lda = inner,
                .ldb = inner,
                .ldd = rows};
    if (item.kind == Work::Kind::outer_product) {  // dWᵀ[inner×rows] = x·dyᵀ
      p.op_a = CUBLAS_OP_N;
      p.op_b = CUBLAS_OP_T;
      p.m = p.ldd = inner;
      p.n = p.ldb = rows;
      p.k = batch;
      return lt_->run(p, in_operand_.data, slope_operand_.data, w.gradient.span().data(), extras);
    }
    if (item.transposed) {  // dx[inner×batch] = Wᵀ·dy
      p.op_a = CUBLAS_OP_N;
      p.m = p.ldd = inner;
      p.k = p.ldb = rows;
    }
    return lt_->run(p, w.operand.data, in_operand_.data, out_.span().data(), extras);
  }

  void by_gemm(std::size_t i) {
    const Work& item = work_[i];
    if (item.kind == Work::Kind::outer_product)
      return gemm_.outer_product(rows_of(slope_operand_, item.columns), rows_of(in_operand_, item.columns),
                                 item.columns, weight(i).gradient.view(), 0.0f);
    const Matrix y(out_.view().data, item.transposed ? item.inner : item.rows, item.columns);
    gemm_.product(weight(i).operand, item.rows, item.inner, item.transposed,
                  rows_of(in_operand_, item.columns), y);
  }

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
  Lt* lt_;
  std::span<const Work> work_;
  std::uint32_t tensors_ = 0;
  Tensor in_, slope_, out_, bias_;
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
