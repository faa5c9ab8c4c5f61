// A list of work on the device, its operands laid out there once. Included by CUDA sources only.
//
// What is timed is the list and nothing else: weights, activations and moments of the optimiser lie on the
// device in their formats ahead of the runs; no run but the first allocates or times anything, so the others
// can be captured as a graph. Products go through cuBLASLt's fastest candidate, with a bias and a ReLU that
// directly follow fused into them, as libraries do; what it doesn't know takes cuBLAS. Activations share the
// memory of the largest of them; each weight has its own, with its gradient and moments.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "core/work.hpp"
#include "electronic/cublas_format.cuh"
#include "electronic/cublas_gemm.cuh"
#include "electronic/cublas_packed.cuh"
#include "electronic/cublaslt.cuh"

namespace fringe::cublas {

/// Random numbers as a format holds them, without a scale.
template <class Format>
struct Convert {
  const float* from;
  Format* to;
  FRINGE_HD void operator()(std::size_t i) const {
    to[i] = code_for<Format>(std::is_same_v<Format, std::int8_t> ? 32 * from[i] : from[i], 1.0f);
  }
};
inline Buffer<std::byte> converted(Executor& executor, cudaDataType_t format, std::size_t bytes,
                                   const Tensor& x) {
  const std::size_t count = x.rows() * x.cols();
  Buffer<std::byte> out(executor, count * bytes);
  const auto to = [&](auto* codes) {
    device::for_each(count, Convert<std::remove_pointer_t<decltype(codes)>>{x.view().data, codes}, "convert");
  };
  std::byte* p = out.data();
  switch (format) {
    case CUDA_R_64F:
      to(reinterpret_cast<double*>(p));
      break;
    case CUDA_R_16BF:
      to(reinterpret_cast<__nv_bfloat16*>(p));
      break;
    case CUDA_R_16F:
      to(reinterpret_cast<__half*>(p));
      break;
    case CUDA_R_8F_E4M3:
      to(reinterpret_cast<__nv_fp8_e4m3*>(p));
      break;
    case CUDA_R_8F_E5M2:
      to(reinterpret_cast<__nv_fp8_e5m2*>(p));
      break;
    case CUDA_R_8I:
      to(reinterpret_cast<std::int8_t*>(p));
      break;
    default:
      to(reinterpret_cast<float*>(p));
  }
  return out;
}

/// A list of work with device memory for every operand, so that it can run again and again. What it launches
/// goes to the stream of `gemm`, `lt` and the OnStream around run(): one and the same.
class ResidentWork {
 public:
  /// `lt` may be null for the formats of Gemm, whose products then take cuBLAS alone; `gemm` for the others.
  ResidentWork(CublasPrecision precision, Executor& executor, const Gemm* gemm, Lt* lt,
               std::span<const Work> work)
      : precision_(precision),
        types_(types_of(precision)),
        executor_(executor),
        gemm_(gemm),
        lt_(lt),
        work_(work) {
    std::size_t largest = 1, tallest = 1;
    for (const Work& item : work) {
      const bool weighted = item.kind != Work::Kind::elementwise;
      const bool batched = item.kind != Work::Kind::weight_update;
      if (item.rows == 0 || (weighted && item.inner == 0) || (batched && item.columns == 0))
        throw Error(name() + ": work '" + item.name + "' has a size of 0");
      tallest = std::max({tallest, types_.padded(item.rows), types_.padded(item.inner)});
      if (batched) largest = std::max(largest, largest_operand(item, types_));
    }
    in_ = random(1, largest);
    out_ = random(1, results(largest));
    in_operand_ = converted(executor, types_.operand, types_.bytes, in_);
    slope_operand_ = converted(executor, types_.slope, types_.bytes, random(1, largest));
    const bool half_bias = precision == CublasPrecision::fp8;
    bias_ = converted(executor, half_bias ? CUDA_R_16BF : types_.result, half_bias ? 2 : types_.result_bytes,
                      random(1, tallest));
    for (std::size_t i = 0; i < work.size(); ++i) add_weight(i);
  }

  void run() {
    for (std::size_t i = 0; i < work_.size(); ++i) {
      const Work& item = work_[i];
      switch (item.kind) {
        case Work::Kind::product:
        case Work::Kind::outer_product: {
          const std::size_t passes = item.kind == Work::Kind::product ? passes_after(i) : 0;
          if (passes > 0 && by_lt(i, {.bias = bias_.data(), .relu = passes == 2}))
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
    bool turned = false;   ///< some product takes it transposed
    Rounded copy;          ///< of the formats of Gemm
    Packed rows, columns;  ///< of the others; columns where they are 8-bit and it is turned
    Operand operand;
  };

  std::string name() const { return std::string(to_string(precision_)); }
  /// Floats that hold as many results.
  std::size_t results(std::size_t count) const { return count * types_.result_bytes / sizeof(float); }

  /// How many of the passes that follow a product can be part of it: one is its bias, a second its ReLU. They
  /// have one operation, the product's shape and wait for nothing else.
  std::size_t passes_after(std::size_t i) const {
    const std::size_t rows = work_[i].transposed ? work_[i].inner : work_[i].rows;
    std::size_t passes = 0;
    for (std::size_t k = i + 1; k < work_.size() && passes < 2 && work_[i].groups == 1; ++k, ++passes) {
      const Work& pass = work_[k];
      if (pass.kind != Work::Kind::elementwise || pass.operations_per_element > 1 || pass.rows != rows ||
          pass.columns != work_[i].columns || pass.after != std::vector<int>{static_cast<int>(k) - 1})
        break;
    }
    return passes;
  }

  bool by_lt(std::size_t i, const LtExtras& extras) {
    if (!lt_) return false;
    const Work& item = work_[i];
    Weight& w = weight(i);
    const LtProduct p = lt_product(item, types_);
    if (item.kind != Work::Kind::outer_product) {
      const void* held = !types_.packed()                       ? w.operand.data
                         : item.transposed && types_.eight_bits ? w.columns.codes.data()
                                                                : w.rows.codes.data();
      return lt_->run(p, held, (item.transposed ? slope_operand_ : in_operand_).data(), out_.span().data(),
                      extras);
    }
    // Gradients are FP32: other results become so in a pass of their own.
    const bool as_is = types_.result == CUDA_R_32F;
    void* result = as_is ? w.gradient.span().data() : out_.span().data();
    if (!lt_->run(p, in_operand_.data(), slope_operand_.data(), result, extras)) return false;
    if (!as_is)
      unpack(types_, result, w.gradient.cols(), nullptr, nullptr, false,
             {w.gradient.span().data(), w.gradient.rows(), w.gradient.cols()});
    return true;
  }

  void by_gemm(std::size_t i) {
    const Work& item = work_[i];
    if (!gemm_)
      throw Error(name() + ": work '" + item.name + "': " + cuda_status().device +
                  " or its library has no such product of " + std::to_string(item.rows) + "x" +
                  std::to_string(item.inner) + " by " + std::to_string(item.columns));
    const auto part = [&](const void* whole, std::size_t group, std::size_t rows) {
      return static_cast<const std::byte*>(whole) + group * rows * item.columns * types_.bytes;
    };
    const auto columns = static_cast<std::int64_t>(item.columns);
    Weight& w = weight(i);
    for (std::size_t g = 0; g < item.groups; ++g) {
      const void* x = part(in_operand_.data(), g, item.transposed ? item.rows : item.inner);
      if (item.kind == Work::Kind::outer_product) {
        gemm_->outer_product({part(slope_operand_.data(), g, item.rows), columns}, {x, columns}, item.columns,
                             {w.gradient.view().row(g * item.rows), item.rows, item.inner}, 0.0f);
        continue;
      }
      const std::size_t results = item.transposed ? item.inner : item.rows;
      const Operand held{
          static_cast<const std::byte*>(w.operand.data) + g * item.rows * item.inner * types_.bytes,
          static_cast<std::int64_t>(item.inner)};
      gemm_->product(held, item.rows, item.inner, item.transposed, {x, columns},
                     {out_.view().data + g * results * item.columns, results, item.columns});
    }
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
    const std::size_t rows = item.groups * item.rows;
    Weight& w = weights_[key(i)];
    if (w.value.rows() == 0) w.value = random(rows, item.inner);
    if (w.value.rows() != rows || w.value.cols() != item.inner)
      throw Error(name() + ": work '" + item.name + "' gives weight " + std::to_string(item.weight) +
                  " another shape than the work before it");
    // Groups are padded one by one, which packing all of them at once doesn't fill: random numbers do.
    const std::size_t padded = item.groups * types_.padded(item.rows) * types_.padded(item.inner);
    const auto fill = [&](Packed& packed) {
      if (packed.codes.size() == 0)
        packed.codes = converted(executor_, types_.operand, types_.bytes, random(1, padded));
    };
    w.turned = w.turned || item.transposed;
    if (types_.packed()) fill(w.rows);
    if (types_.eight_bits && w.turned) fill(w.columns);
    round(w);
    if (item.kind != Work::Kind::product && w.gradient.rows() == 0) w.gradient = random(1, padded);
    if (item.kind == Work::Kind::weight_update && w.second_moment.rows() == 0) {
      w.first_moment = random(rows, item.inner);
      w.second_moment = Tensor(executor_, rows, item.inner);
      executor_.fill(w.second_moment.view(), 1.0f);
    }
  }

  void round(Weight& w) {
    const ConstMatrix value = std::as_const(w.value).view();
    if (!types_.packed()) {
      w.operand = w.copy(precision_, executor_, value);
      return;
    }
    w.rows(types_, types_.operand, executor_, value, false);
    if (types_.eight_bits && w.turned) w.columns(types_, types_.operand, executor_, value, true);
  }

  // A rate of 0 does all the arithmetic and leaves the weights as they are.
  void update(Weight& w, double operations_per_element) {
    constexpr double sgd_operations = 11;  // with momentum ahead, decay and clipping
    const std::span<float> p = w.value.span();
    if (operations_per_element <= sgd_operations)
      executor_.sgd_step(p.size(), p.data(), w.gradient.span().data(), w.first_moment.span().data(), 0.0f,
                         0.9f);
    else
      executor_.adam_step(p.size(), p.data(), w.gradient.span().data(), w.first_moment.span().data(),
                          w.second_moment.span().data(), 1, 0.0f, 0.9f, 0.999f, 1e-8f);
    round(w);
  }

  CublasPrecision precision_;
  Types types_;
  Executor& executor_;
  const Gemm* gemm_;
  Lt* lt_;
  std::span<const Work> work_;
  std::uint32_t tensors_ = 0;
  Tensor in_, out_;
  Buffer<std::byte> in_operand_, slope_operand_, bias_;
  std::map<int, Weight> weights_;
};

}  // namespace fringe::cublas
