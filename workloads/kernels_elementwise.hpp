// Operators that treat every number for itself.
#pragma once

#include <limits>

#include "core/host_device.hpp"
#include "workloads/kernels.hpp"
#include "workloads/kernels_lanes.hpp"

namespace fringe::kernels {

/// Numbers per channel: an image's bias belongs to its channel, everything else's to its last dimension.
struct ChannelLayout {
  std::size_t outer, channels, inner;  ///< value = [outer × channels × inner·batch]
};
inline ChannelLayout channels_of(const Shape& shape) {
  if (shape.size() == 3) return {1, shape[0], shape[1] * shape[2]};
  return {numbers(shape) / shape.back(), shape.back(), 1};
}

struct AddChannel {
  const float* x;
  const float* bias;
  float* y;
  std::size_t columns, channels;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const float value = bias[site % channels];
    const std::size_t at = site * columns + column;
    for (int l = 0; l < lanes; ++l) y[at + l] = x[at + l] + value;
  }
};

template <class Launch>
void bias_forward(Executor& executor, const Call& c) {
  const ChannelLayout at = channels_of(c.node->shape);
  const std::size_t columns = at.inner * c.batch;
  Launch(executor).each(at.outer * at.channels, columns,
                        AddChannel{c.x[0], c.vectors, c.y, columns, at.channels});
}

/// dy itself: channel `row` of token `outer`, place and sample i.
struct OfChannel {
  const float* dy;
  std::size_t columns, channels;
  FRINGE_INLINE double operator()(std::size_t row, std::size_t outer, std::size_t i) const {
    return static_cast<double>(dy[(outer * channels + row) * columns + i]);
  }
};

struct Copy {
  const float* x;
  float* y;
  std::size_t columns;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const std::size_t at = site * columns + column;
    for (int l = 0; l < lanes; ++l) y[at + l] = x[at + l];
  }
};

template <class Launch>
void copy_forward(Executor& executor, const Call& c) {
  const std::size_t count = c.node->features * c.batch;
  if (c.y != c.x[0]) Launch(executor).each(1, count, Copy{c.x[0], c.y, count});
}

template <class Launch>
void copy_backward(Executor& executor, const Call& c) {
  const std::size_t count = c.node->features * c.batch;
  if (c.dx[0] != nullptr && c.dx[0] != c.dy) Launch(executor).each(1, count, Copy{c.dy, c.dx[0], count});
}

template <class Launch>
void bias_backward(Executor& executor, const Call& c) {
  const ChannelLayout at = channels_of(c.node->shape);
  const std::size_t columns = at.inner * c.batch;
  Launch(executor).sums(at.channels, at.outer, columns, OfChannel{c.dy, columns, at.channels},
                        c.vector_gradients);
  copy_backward<Launch>(executor, c);
}

struct Relu {
  const float* x;
  float* y;
  float limit;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t column) const {
    store<lanes>(y + column, [&](int l) FRINGE_INLINE_LAMBDA {
      const float in = x[column + l], positive = in > 0 ? in : 0.0f;
      return positive < limit ? positive : limit;
    });
  }
};

inline float relu_limit(const Call& c) {
  return c.attributes().limit > 0 ? static_cast<float>(c.attributes().limit)
                                  : std::numeric_limits<float>::infinity();
}

template <class Launch>
void relu_forward(Executor& executor, const Call& c) {
  Launch(executor).each(1, c.node->features * c.batch, Relu{c.x[0], c.y, relu_limit(c)});
}

struct ReluBackward {
  const float* y;
  const float* dy;
  float* dx;
  float limit;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t column) const {
    store<lanes>(dx + column, [&](int l) FRINGE_INLINE_LAMBDA {
      const float out = y[column + l], slope = dy[column + l];
      return (out > 0) & (out < limit) ? slope : 0.0f;  // no branch
    });
  }
};

template <class Launch>
void relu_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  Launch(executor).each(1, c.node->features * c.batch, ReluBackward{c.y, c.dy, c.dx[0], relu_limit(c)});
}

inline double cross_entropy(Executor& executor, const Call& c, const Targets& targets) {
  const std::size_t rows = c.in[0].back();
  return executor.softmax_cross_entropy(
      {c.x[0], rows, c.batch}, targets.labels,
      c.dx.empty() || c.dx[0] == nullptr ? Matrix() : Matrix{c.dx[0], rows, c.batch});
}

}  // namespace fringe::kernels
