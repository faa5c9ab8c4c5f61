// What works along a row of numbers of every sample: softmax, layer norm (J. Ba et al., arXiv:1607.06450) and
// root mean square norm (B. Zhang, R. Sennrich, arXiv:1910.07467). A norm's row is the channels of an image's
// place, or the features of a token.
//
// A vector holds 16 columns of the batch, or all of few columns and neighbours in the row (Launch::rows), so
// a batch of one fills vectors too. A sum has 16 parts then and one otherwise, in float32.
#pragma once

#include <string>

#include "core/elementary.hpp"
#include "core/error.hpp"
#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

template <int n>
struct Count {
  static constexpr int value = n;
};

/// visit(s, number of (s, column) in the row, Count) for the numbers [begin, end) of a row, a vector at a
/// time.
template <int lanes, int neighbours, class Visit>
FRINGE_INLINE void along_row(std::size_t begin, std::size_t end, std::size_t columns, const Visit& visit) {
  std::size_t s = begin;
  if constexpr (neighbours > 1)
    for (; s + neighbours <= end; s += neighbours) visit(s, s * columns, Count<lanes * neighbours>());
  for (; s < end; ++s) visit(s, s * columns, Count<lanes>());
}

/// Every column's sum of its parts, back in all of them.
template <int lanes, int neighbours>
FRINGE_INLINE void add_parts(float (&parts)[lanes * neighbours]) {
  if constexpr (neighbours > 1)
    for (int l = 0; l < lanes; ++l) {
      float sum = parts[l];
      for (int n = 1; n < neighbours; ++n) sum += parts[n * lanes + l];
      for (int n = 0; n < neighbours; ++n) parts[n * lanes + l] = sum;
    }
}

// ---- softmax

/// Which numbers of a row count: [hidden, length), where causal those of tokens up to the row's own; the last
/// tokens of both are the same.
struct Mask {
  std::size_t length, tokens, hidden;
  bool causal;
  FRINGE_INLINE std::size_t end(std::size_t row) const {
    return causal ? length - tokens + row % tokens + 1 : length;
  }
};

struct Softmax {
  const float* x;
  float* y;
  Mask mask;
  std::size_t columns;
  template <int lanes, int neighbours>
  FRINGE_INLINE void run(std::size_t row, std::size_t column) const {
    constexpr int width = lanes * neighbours;
    const std::size_t begin = mask.hidden, end = mask.end(row);
    const float* const in = x + row * mask.length * columns + column;
    float* const out = y + row * mask.length * columns + column;
    float top[width], sum[width];
    for (int i = 0; i < width; ++i) top[i] = elementary::float_of(0xff800000u), sum[i] = 0;
    along_row<lanes, neighbours>(begin, end, columns,
                                 [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
                                   for (int i = 0; i < decltype(n)::value; ++i)
                                     top[i] = in[at + i] > top[i] ? in[at + i] : top[i];
                                 });
    for (int l = 0; l < lanes; ++l) {
      float most = top[l];
      for (int n = 1; n < neighbours; ++n) most = top[n * lanes + l] > most ? top[n * lanes + l] : most;
      for (int n = 0; n < neighbours; ++n) top[n * lanes + l] = most;
    }
    along_row<lanes, neighbours>(begin, end, columns,
                                 [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
                                   float e[decltype(n)::value];
                                   for (int i = 0; i < decltype(n)::value; ++i)
                                     e[i] = elementary::exp(in[at + i] - top[i]);
                                   for (int i = 0; i < decltype(n)::value; ++i)
                                     out[at + i] = e[i], sum[i] += e[i];
                                 });
    add_parts<lanes, neighbours>(sum);
    for (int i = 0; i < width; ++i) sum[i] = 1.0f / sum[i];
    along_row<lanes, neighbours>(
        begin, end, columns, [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
          store<decltype(n)::value>(out + at,
                                    [&](int i) FRINGE_INLINE_LAMBDA { return out[at + i] * sum[i]; });
        });
    const auto clear = [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
      for (int i = 0; i < decltype(n)::value; ++i) out[at + i] = 0;
    };
    along_row<lanes, neighbours>(0, begin, columns, clear);
    along_row<lanes, neighbours>(end, mask.length, columns, clear);
  }
};

/// dx = y·(dy − Σ y·dy); y is 0 where masked.
struct SoftmaxBackward {
  const float *y, *dy;
  float* dx;
  std::size_t length, columns;
  template <int lanes, int neighbours>
  FRINGE_INLINE void run(std::size_t row, std::size_t column) const {
    const std::size_t start = row * length * columns + column;
    const float *const out = y + start, *const slope = dy + start;
    float* const in = dx + start;
    float sum[lanes * neighbours] = {};
    along_row<lanes, neighbours>(0, length, columns,
                                 [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
                                   for (int i = 0; i < decltype(n)::value; ++i)
                                     sum[i] += out[at + i] * slope[at + i];
                                 });
    add_parts<lanes, neighbours>(sum);
    along_row<lanes, neighbours>(
        0, length, columns, [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
          store<decltype(n)::value>(
              in + at, [&](int i) FRINGE_INLINE_LAMBDA { return out[at + i] * (slope[at + i] - sum[i]); });
        });
  }
};

template <class Launch>
void softmax_forward(Executor& executor, const Call& c) {
  const Shape& shape = c.node->shape;
  const std::size_t length = shape.back(), rows = c.node->features / length,
                    tokens = shape.size() > 1 ? shape[shape.size() - 2] : 1;
  if (c.attributes().causal && length < tokens)
    throw Error("operator '" + c.node->name + "': a causal softmax of " + to_string(shape) +
                " leaves its first tokens nothing to see; columns must be at least the tokens");
  Launch(executor).rows(
      rows, length, c.batch,
      Softmax{c.x[0], c.y, {length, tokens, c.hidden_tokens, c.attributes().causal}, c.batch});
}
template <class Launch>
void softmax_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  const std::size_t length = c.node->shape.back();
  Launch(executor).rows(c.node->features / length, length, c.batch,
                        SoftmaxBackward{c.y, c.dy, c.dx[0], length, c.batch});
}

// ---- norms

/// y = (x − mean)/√(variance + ε)·scale + shift, or without mean and shift; mean and 1/√ are saved.
template <bool centred>
struct Norm {
  const float *x, *scale, *shift;
  float *y, *saved;
  std::size_t length, columns, sites;
  float epsilon;
  template <int lanes, int neighbours>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    constexpr int width = lanes * neighbours;
    const std::size_t start = site * length * columns + column;
    const float* const in = x + start;
    float* const out = y + start;
    const float count = static_cast<float>(length);
    float mean[width] = {}, inverse[width] = {};
    if constexpr (centred) {
      along_row<lanes, neighbours>(0, length, columns,
                                   [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
                                     for (int i = 0; i < decltype(n)::value; ++i) mean[i] += in[at + i];
                                   });
      add_parts<lanes, neighbours>(mean);
      for (int i = 0; i < width; ++i) mean[i] /= count;
    }
    along_row<lanes, neighbours>(0, length, columns,
                                 [&](std::size_t, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
                                   for (int i = 0; i < decltype(n)::value; ++i) {
                                     const float d = in[at + i] - mean[i];
                                     inverse[i] += d * d;
                                   }
                                 });
    add_parts<lanes, neighbours>(inverse);
    for (int i = 0; i < width; ++i) inverse[i] = 1.0f / sqrt_exact(inverse[i] / count + epsilon);
    along_row<lanes, neighbours>(0, length, columns,
                                 [&](std::size_t s, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
                                   float gain[decltype(n)::value], offset[decltype(n)::value];
                                   for (int i = 0; i < decltype(n)::value; ++i)
                                     gain[i] = scale[s + i / lanes];
                                   if constexpr (centred)
                                     for (int i = 0; i < decltype(n)::value; ++i)
                                       offset[i] = shift[s + i / lanes];
                                   for (int i = 0; i < decltype(n)::value; ++i) {
                                     const float v = (in[at + i] - mean[i]) * inverse[i] * gain[i];
                                     out[at + i] = centred ? v + offset[i] : v;
                                   }
                                 });
    if (saved == nullptr) return;
    for (int l = 0; l < lanes; ++l) {
      saved[site * columns + column + l] = inverse[l];
      if constexpr (centred) saved[(sites + site) * columns + column + l] = mean[l];
    }
  }
};

/// With x̂ = (x − mean)/√: dx = (γ·dy − mean of γ·dy − x̂·mean of γ·dy·x̂)/√; without mean two terms.
template <bool centred>
struct NormBackward {
  const float *x, *dy, *scale, *saved;
  float* dx;
  std::size_t length, columns, sites;
  template <int lanes, int neighbours>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    constexpr int width = lanes * neighbours;
    const std::size_t start = site * length * columns + column;
    const float *const in = x + start, *const slope = dy + start;
    float* const out = dx + start;
    const float count = static_cast<float>(length);
    float mean[width] = {}, inverse[width], slopes[width] = {}, products[width] = {};
    for (int i = 0; i < width; ++i) {
      inverse[i] = saved[site * columns + column + i % lanes];
      if constexpr (centred) mean[i] = saved[(sites + site) * columns + column + i % lanes];
    }
    along_row<lanes, neighbours>(0, length, columns,
                                 [&](std::size_t s, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
                                   for (int i = 0; i < decltype(n)::value; ++i) {
                                     const float d = slope[at + i] * scale[s + i / lanes];
                                     slopes[i] += d;
                                     products[i] += d * ((in[at + i] - mean[i]) * inverse[i]);
                                   }
                                 });
    add_parts<lanes, neighbours>(slopes);
    add_parts<lanes, neighbours>(products);
    for (int i = 0; i < width; ++i) slopes[i] = centred ? slopes[i] / count : 0, products[i] /= count;
    along_row<lanes, neighbours>(
        0, length, columns, [&](std::size_t s, std::size_t at, auto n) FRINGE_INLINE_LAMBDA {
          store<decltype(n)::value>(out + at, [&](int i) FRINGE_INLINE_LAMBDA {
            const float normal = (in[at + i] - mean[i]) * inverse[i];
            return inverse[i] * (slope[at + i] * scale[s + i / lanes] - slopes[i] - normal * products[i]);
          });
        });
  }
};

/// dy·x̂ of feature `row`, site `outer`, column i.
template <bool centred>
struct ScaleGradient {
  const float *x, *dy, *saved;
  std::size_t length, columns, sites;
  FRINGE_INLINE double operator()(std::size_t row, std::size_t outer, std::size_t i) const {
    const std::size_t at = (outer * length + row) * columns + i;
    const float mean = centred ? saved[(sites + outer) * columns + i] : 0.0f;
    return static_cast<double>(dy[at]) * static_cast<double>((x[at] - mean) * saved[outer * columns + i]);
  }
};

template <bool centred>
std::size_t norm_saved(const Site& site) {
  const ChannelLayout at = channels_of(site.out);
  return (centred ? 2 : 1) * at.outer * at.inner;
}

template <class Launch, bool centred>
void norm_forward(Executor& executor, const Call& c) {
  const ChannelLayout at = channels_of(c.node->shape);
  const std::size_t columns = at.inner * c.batch;
  Launch(executor).rows(at.outer, at.channels, columns,
                        Norm<centred>{c.x[0], c.vectors, c.vectors + (centred ? at.channels : 0), c.y,
                                      c.training ? c.saved : nullptr, at.channels, columns, at.outer,
                                      static_cast<float>(c.attributes().epsilon)});
}
template <class Launch, bool centred>
void norm_backward(Executor& executor, const Call& c) {
  const ChannelLayout at = channels_of(c.node->shape);
  const std::size_t columns = at.inner * c.batch;
  const Launch launch(executor);
  launch.sums(at.channels, at.outer, columns,
              ScaleGradient<centred>{c.x[0], c.dy, c.saved, at.channels, columns, at.outer},
              c.vector_gradients);
  if constexpr (centred)
    launch.sums(at.channels, at.outer, columns, OfChannel{c.dy, columns, at.channels},
                c.vector_gradients + at.channels);
  if (c.dx[0] != nullptr)
    launch.rows(
        at.outer, at.channels, columns,
        NormBackward<centred>{c.x[0], c.dy, c.vectors, c.saved, c.dx[0], at.channels, columns, at.outer});
}

}  // namespace fringe::kernels
