// Losses and their gradients: means over the batch, and over tokens or features.
#pragma once

#include <string>
#include <vector>

#include "core/elementary.hpp"
#include "core/error.hpp"
#include "core/tensor.hpp"
#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

// ---- cross entropy of [tokens, classes]

struct UnknownLabel {
  const std::int32_t* labels;
  std::int32_t classes;
  FRINGE_INLINE double operator()(std::size_t, std::size_t, std::size_t i) const {
    return labels[i] >= 0 && labels[i] < classes ? 0 : 1;
  }
};

/// losses[t·batch + b] = −log softmax(x)[label]; dx may be null. A site is a token.
struct CrossEntropy {
  const float* x;
  const std::int32_t* labels;
  float *losses, *dx;
  std::size_t classes, batch;
  float scale;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t token, std::size_t column) const {
    const std::size_t start = token * classes * batch + column, at = token * batch + column;
    const float* const in = x + start;
    float top[lanes], sum[lanes] = {};
    for (int l = 0; l < lanes; ++l) top[l] = in[l];
    for (std::size_t k = 1; k < classes; ++k)
      for (int l = 0; l < lanes; ++l) top[l] = in[k * batch + l] > top[l] ? in[k * batch + l] : top[l];
    for (std::size_t k = 0; k < classes; ++k)
      for (int l = 0; l < lanes; ++l) sum[l] += elementary::exp(in[k * batch + l] - top[l]);
    for (int l = 0; l < lanes; ++l) {
      const auto label = static_cast<std::size_t>(labels[at + l]);
      losses[at + l] = elementary::log(sum[l]) - (in[label * batch + l] - top[l]);
    }
    if (dx == nullptr) return;
    for (std::size_t k = 0; k < classes; ++k)
      for (int l = 0; l < lanes; ++l) {
        const float target = static_cast<std::size_t>(labels[at + l]) == k ? 1.0f : 0.0f;
        dx[start + k * batch + l] = (elementary::exp(in[k * batch + l] - top[l]) / sum[l] - target) * scale;
      }
  }
};

/// Σ of what lies in executor memory, in order.
inline double total(const Buffer<float>& parts) {
  double sum = 0;
  for (const float part : parts.to_host()) sum += static_cast<double>(part);
  return sum;
}

template <class Launch>
double cross_entropy_of_tokens(Executor& executor, const Call& c, const Targets& targets) {
  if (c.in[0].size() == 1) return cross_entropy(executor, c, targets);
  const std::size_t classes = c.in[0].back(), tokens = numbers(c.in[0]) / classes, count = tokens * c.batch;
  const Launch launch(executor);
  Buffer<float> unknown(executor, 1), losses(executor, count);
  executor.fill({unknown.data(), 1, 1}, 0);
  launch.sums(1, 1, count, UnknownLabel{targets.labels, static_cast<std::int32_t>(classes)}, unknown.data());
  if (const float wrong = unknown.to_host()[0]; wrong > 0)
    throw Error("operator '" + c.node->name + "': " + std::to_string(static_cast<std::size_t>(wrong)) +
                " labels lie outside 0 … " + std::to_string(classes - 1));
  launch.each(tokens, c.batch,
              CrossEntropy{c.x[0], targets.labels, losses.data(), c.dx.empty() ? nullptr : c.dx[0], classes,
                           c.batch, 1.0f / static_cast<float>(count)},
              8 * classes);
  return total(losses) / static_cast<double>(count);
}

// ---- errors

struct Squared {
  FRINGE_INLINE static float value(float d) { return d * d; }
  FRINGE_INLINE static float slope(float d) { return d + d; }
};
struct Absolute {
  FRINGE_INLINE static float value(float d) { return d < 0 ? -d : d; }
  FRINGE_INLINE static float slope(float d) { return d < 0 ? -1.0f : d > 0 ? 1.0f : 0.0f; }
};

template <class F>
struct ErrorOf {
  const float *x, *targets;
  std::size_t batch;
  FRINGE_INLINE double operator()(std::size_t row, std::size_t, std::size_t i) const {
    return static_cast<double>(F::value(x[row * batch + i] - targets[row * batch + i]));
  }
};

template <class F>
struct ErrorGradient {
  const float *x, *targets;
  float* dx;
  float scale;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t column) const {
    for (int l = 0; l < lanes; ++l) dx[column + l] = F::slope(x[column + l] - targets[column + l]) * scale;
  }
};

template <class Launch, class F>
double mean_error(Executor& executor, const Call& c, const Targets& targets) {
  if (targets.values == nullptr)
    throw Error("operator '" + c.node->name + "': it compares with values; labels were given");
  const std::size_t features = numbers(c.in[0]), count = features * c.batch;
  const Launch launch(executor);
  Buffer<float> sums(executor, features);
  executor.fill({sums.data(), 1, features}, 0);
  launch.sums(features, 1, c.batch, ErrorOf<F>{c.x[0], targets.values, c.batch}, sums.data());
  if (!c.dx.empty() && c.dx[0] != nullptr)
    launch.each(1, count,
                ErrorGradient<F>{c.x[0], targets.values, c.dx[0], 1.0f / static_cast<float>(count)});
  return total(sums) / static_cast<double>(count);
}

}  // namespace fringe::kernels
