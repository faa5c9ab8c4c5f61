// Where the simulation computes: memory, element-wise operators, reductions and optimiser steps, on the host
// or on a CUDA device. Batches are [features × batch] with the batch contiguous. Reductions run in a fixed
// order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/thread_pool.hpp"
#include "core/view.hpp"

namespace fringe {

/// Products of pairs of matrices that lie one behind the other, all of them new: attention's scores.
/// c_i[rows×columns] = scale·op(a_i)·op(b_i), i < count, dense and row-major in executor memory; op
/// transposes what is stored as [inner×rows] or [columns×inner].
struct BatchedProduct {
  std::size_t count = 0, rows = 0, inner = 0, columns = 0;
  const float *a = nullptr, *b = nullptr;
  float* c = nullptr;
  bool a_transposed = false, b_transposed = false;
  float scale = 1;
  std::uint32_t site = 0;  ///< number of the operator
};

/// What else a step of an optimiser does with parameters p and gradients g.
struct StepTerms {
  float gradient_scale = 1;  ///< g is multiplied by it first
  float decay = 0;  ///< SGD: added to g as decay·p. Adam: p −= rate·decay·p beside its step (AdamW)
  bool nesterov = false;  ///< SGD: p −= rate·(g + momentum·v) instead of rate·v
};

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::string_view name() const = 0;  ///< "cpu" or "cuda"
  virtual bool on_host() const = 0;

  /// Memory aligned to at least 64 bytes. Throws Error naming the size when there is none left.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  virtual void copy_from_host(void* to, const void* host, std::size_t bytes) = 0;
  virtual void copy_to_host(void* host, const void* from, std::size_t bytes) = 0;
  virtual void synchronise() = 0;
  /// The threads of an executor on the host; null on a device.
  virtual ThreadPool* pool() const = 0;

  /// In float32, sums in a fixed order.
  virtual void multiply(const BatchedProduct& product) = 0;
  virtual void fill(Matrix y, float value) = 0;
  /// y += x
  virtual void add(ConstMatrix x, Matrix y) = 0;
  /// y *= factor
  virtual void scale(Matrix y, float factor) = 0;
  /// Σ x² in double, fixed order: equal bits for any thread count. Infinite or NaN where an element is.
  virtual double sum_of_squares(std::size_t count, const float* x) = 0;
  /// y(r, b) += bias[r]
  virtual void add_bias(const float* bias, Matrix y) = 0;
  /// y = max(x, 0); x and y may be the same.
  virtual void relu(ConstMatrix x, Matrix y) = 0;
  /// dx = dy where y > 0, else 0; dy and dx may be the same.
  virtual void relu_backward(ConstMatrix y, ConstMatrix dy, Matrix dx) = 0;
  /// sums[r] += Σ_b x(r, b), in double, fixed order.
  virtual void add_row_sums(ConstMatrix x, float* sums) = 0;
  /// Mean over the batch of −log softmax(x)[label]; dx = ∂/∂x, skipped where dx.data is null. labels[b] <
  /// rows, in executor memory.
  virtual double softmax_cross_entropy(ConstMatrix x, const std::int32_t* labels, Matrix dx) = 0;
  /// best[b] = row of the largest x(·, b); the first of equals.
  virtual void argmax_rows(ConstMatrix x, std::int32_t* best) = 0;

  /// v = momentum·v + g; p −= rate·v.
  virtual void sgd_step(std::size_t count, float* p, const float* g, float* v, float rate, float momentum,
                        const StepTerms& terms = {}) = 0;
  /// Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1); step counts from 1.
  virtual void adam_step(std::size_t count, float* p, const float* g, float* m, float* v, int step,
                         float rate, float beta1, float beta2, float epsilon,
                         const StepTerms& terms = {}) = 0;
};

/// The pool must outlive the executor.
std::unique_ptr<Executor> make_cpu_executor(ThreadPool& pool);

/// Whether this build and machine can compute on CUDA, the device's name, and if not, why not (one sentence).
struct CudaStatus {
  bool available = false;
  std::string device;
  std::string reason;
};
CudaStatus cuda_status();
/// Throws Error with cuda_status().reason where CUDA is not available.
std::unique_ptr<Executor> make_cuda_executor();

}  // namespace fringe
