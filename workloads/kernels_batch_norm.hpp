// Batch normalisation: S. Ioffe, C. Szegedy, ICML 2015, arXiv:1502.03167, algorithms 1 and 2. In training the
// statistics of a channel are those of the batch and of all its places, with the biased variance (mean square
// about the mean), and the running ones move a tenth of the way towards them, the step of PyTorch (whose
// running variance, however, is the unbiased one, n/(n − 1) of ours). At inference the running ones make one
// scale and one shift.
//
// Sums in double; saved: mean, 1/deviation, Σ dy, Σ dy·x̂, each of every channel.
#pragma once

#include <cmath>

#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

constexpr float running_step = 0.1f;

/// A channel's number from its place in [outer × channels × columns].
struct ChannelTerm {
  const float* x;
  std::size_t columns, channels;
  FRINGE_INLINE std::size_t at(std::size_t channel, std::size_t outer, std::size_t i) const {
    return (outer * channels + channel) * columns + i;
  }
  FRINGE_INLINE double operator()(std::size_t channel, std::size_t outer, std::size_t i) const {
    return static_cast<double>(x[at(channel, outer, i)]);
  }
};

struct SquareAboutMean {
  ChannelTerm term;
  const float* mean;
  FRINGE_INLINE double operator()(std::size_t channel, std::size_t outer, std::size_t i) const {
    const double d = term(channel, outer, i) - static_cast<double>(mean[channel]);
    return d * d;
  }
};

struct SlopeTimesNormal {
  ChannelTerm slope;
  const float *x, *mean, *inverse;
  FRINGE_INLINE double operator()(std::size_t channel, std::size_t outer, std::size_t i) const {
    const double normal =
        (static_cast<double>(x[slope.at(channel, outer, i)]) - static_cast<double>(mean[channel])) *
        static_cast<double>(inverse[channel]);
    return slope(channel, outer, i) * normal;
  }
};

struct FinishMean {
  float *mean, *running;
  double count;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t channel) const {
    for (int l = 0; l < lanes; ++l) {
      const auto m = static_cast<float>(static_cast<double>(mean[channel + l]) / count);
      mean[channel + l] = m;
      running[channel + l] += running_step * (m - running[channel + l]);
    }
  }
};

struct FinishVariance {
  float *inverse, *running;  ///< inverse: Σ(x − mean)² before
  double count;
  float epsilon;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t channel) const {
    for (int l = 0; l < lanes; ++l) {
      const auto variance = static_cast<float>(static_cast<double>(inverse[channel + l]) / count);
      running[channel + l] += running_step * (variance - running[channel + l]);
      inverse[channel + l] = 1 / std::sqrt(variance + epsilon);
    }
  }
};

struct Normalise {
  const float *x, *mean, *inverse, *scale, *shift;
  float* y;
  std::size_t columns, channels;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const std::size_t channel = site % channels, at = site * columns + column;
    const float m = mean[channel], s = inverse[channel] * scale[channel], t = shift[channel];
    store<lanes>(y + at, [&](int l) FRINGE_INLINE_LAMBDA { return (x[at + l] - m) * s + t; });
  }
};

struct NormaliseByRunning {
  const float *x, *mean, *variance, *scale, *shift;
  float* y;
  std::size_t columns, channels;
  float epsilon;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const std::size_t channel = site % channels, at = site * columns + column;
    const float s = scale[channel] / std::sqrt(variance[channel] + epsilon);
    const float t = shift[channel] - mean[channel] * s;
    store<lanes>(y + at, [&](int l) FRINGE_INLINE_LAMBDA { return x[at + l] * s + t; });
  }
};

struct NormaliseBackward {
  const float *x, *dy, *mean, *inverse, *scale, *slopes, *products;
  float* dx;
  std::size_t columns, channels;
  float count;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const std::size_t channel = site % channels, at = site * columns + column;
    const float m = mean[channel], inv = inverse[channel], gain = inv * scale[channel];
    const float slope = slopes[channel] / count, product = products[channel] / count * inv;
    store<lanes>(dx + at, [&](int l) FRINGE_INLINE_LAMBDA {
      return gain * (dy[at + l] - slope - (x[at + l] - m) * product);
    });
  }
};

struct AddTo {
  const float* x;
  float* y;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t column) const {
    store<lanes>(y + column, [&](int l) FRINGE_INLINE_LAMBDA { return y[column + l] + x[column + l]; });
  }
};

inline std::size_t four_per_channel(const Site& site) { return 4 * channels_of(site.out).channels; }

template <class Launch>
void batch_norm_forward(Executor& executor, const Call& c) {
  const ChannelLayout layout = channels_of(c.node->shape);
  const std::size_t n = layout.channels, columns = layout.inner * c.batch, sites = layout.outer * n;
  const Launch launch(executor);
  const auto epsilon = static_cast<float>(c.attributes().epsilon);
  const float *const scale = c.vectors, *const shift = c.vectors + n;
  if (!c.training)
    return launch.each(
        sites, columns,
        NormaliseByRunning{c.x[0], c.states, c.states + n, scale, shift, c.y, columns, n, epsilon});
  float *const mean = c.saved, *const inverse = c.saved + n;
  const auto count = static_cast<double>(layout.outer * columns);
  const ChannelTerm term{c.x[0], columns, n};
  executor.fill({c.saved, 1, 2 * n}, 0);
  launch.sums(n, layout.outer, columns, term, mean);
  launch.each(1, n, FinishMean{mean, c.states, count});
  launch.sums(n, layout.outer, columns, SquareAboutMean{term, mean}, inverse);
  launch.each(1, n, FinishVariance{inverse, c.states + n, count, epsilon});
  launch.each(sites, columns, Normalise{c.x[0], mean, inverse, scale, shift, c.y, columns, n});
}

template <class Launch>
void batch_norm_backward(Executor& executor, const Call& c) {
  const ChannelLayout layout = channels_of(c.node->shape);
  const std::size_t n = layout.channels, columns = layout.inner * c.batch;
  const Launch launch(executor);
  const float *const mean = c.saved, *const inverse = c.saved + n;
  float *const slopes = c.saved + 2 * n, *const products = c.saved + 3 * n;
  const ChannelTerm slope{c.dy, columns, n};
  executor.fill({slopes, 1, 2 * n}, 0);
  launch.sums(n, layout.outer, columns, slope, slopes);
  launch.sums(n, layout.outer, columns, SlopeTimesNormal{slope, c.x[0], mean, inverse}, products);
  launch.each(1, n, AddTo{products, c.vector_gradients});
  launch.each(1, n, AddTo{slopes, c.vector_gradients + n});
  if (c.dx[0] != nullptr)
    launch.each(layout.outer * n, columns,
                NormaliseBackward{c.x[0], c.dy, mean, inverse, c.vectors, slopes, products, c.dx[0], columns,
                                  n, static_cast<float>(layout.outer * columns)});
}

}  // namespace fringe::kernels
