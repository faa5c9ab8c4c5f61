// Pools: the largest or the mean under a window, and the mean of a whole channel.
#pragma once

#include <limits>

#include "workloads/kernels.hpp"
#include "workloads/kernels_window.hpp"

namespace fringe::kernels {

constexpr float below_all = -std::numeric_limits<float>::infinity();

/// Whether a candidate takes the place of the largest so far: the first of equals stays, a NaN wins.
FRINGE_INLINE bool takes_over(float candidate, float largest) {
  return candidate > largest || candidate != candidate;
}

/// The largest; its tap stays for the pass back, where training.
struct MaxPool {
  Window window;
  const float* x;
  float *y, *winner;

  FRINGE_INLINE void span(std::size_t site, std::size_t from, std::size_t to) const {
    const Window& w = window;
    const auto s = static_cast<Index>(site), begin = static_cast<Index>(from), end = static_cast<Index>(to);
    const float* const in = x + s / w.y.places * w.image();
    const Index row = s * w.x.places * w.batch;
    float* const out = y + row;
    assign(out + begin, end - begin, [](Index) FRINGE_INLINE_LAMBDA { return below_all; });
    if (winner == nullptr)
      return w.each_tap(s % w.y.places, begin, end,
                        [&](Index, Index, Index at, Index pixel, Index count) FRINGE_INLINE_LAMBDA {
                          assign(out + at, count, [=](Index k) FRINGE_INLINE_LAMBDA {
                            return takes_over(in[pixel + k], out[at + k]) ? in[pixel + k] : out[at + k];
                          });
                        });
    float* const won = winner + row;
    assign(won + begin, end - begin, [](Index) FRINGE_INLINE_LAMBDA { return 0.0f; });
    w.each_tap(s % w.y.places, begin, end,
               [&](Index, Index tap, Index at, Index pixel, Index count) FRINGE_INLINE_LAMBDA {
                 const auto number = static_cast<float>(tap);
                 assign(won + at, count, [=](Index k) FRINGE_INLINE_LAMBDA {
                   const float before = won[at + k];
                   return takes_over(in[pixel + k], out[at + k]) ? number : before;
                 });
                 assign(out + at, count, [=](Index k) FRINGE_INLINE_LAMBDA {
                   return takes_over(in[pixel + k], out[at + k]) ? in[pixel + k] : out[at + k];
                 });
               });
  }
};

struct MaxPoolBackward {
  Window window;
  const float *dy, *winner;
  float* dx;

  FRINGE_INLINE void span(std::size_t site, std::size_t from, std::size_t to) const {
    const Window& w = window;
    const auto s = static_cast<Index>(site), begin = static_cast<Index>(from), end = static_cast<Index>(to);
    float* const out = dx + s * w.x.pixels * w.batch;
    assign(out + begin, end - begin, [](Index) FRINGE_INLINE_LAMBDA { return 0.0f; });
    w.each_place(s % w.y.pixels, begin, end, {0, w.places()}, false,
                 [&](Index, Index tap, Index at, Index place, Index count) FRINGE_INLINE_LAMBDA {
                   const Index of = s / w.y.pixels * w.result() + place;
                   const float *const slope = dy + of, *const won = winner + of;
                   const auto number = static_cast<float>(tap);
                   assign(out + at, count, [=](Index k) FRINGE_INLINE_LAMBDA {
                     // Read whatever it says: g++ 12 makes wrong code of a masked load here (AVX2).
                     const float step = slope[k];
                     return out[at + k] + (won[k] == number ? step : 0.0f);
                   });
                 });
  }
};

/// What a sum under the window of a place is divided by: its taps on the image, or with `counts_padding`
/// those on the padded image (what hangs over it in a ceil pool never counts, as in PyTorch).
struct AverageDivisor {
  Window window;
  bool counts_padding;
  FRINGE_INLINE float operator()(Index place) const {
    const auto along = [this](const WindowAxis& axis, Index at) FRINGE_INLINE_LAMBDA {
      const Index edge = counts_padding ? axis.padding : 0;
      return axis.taps_on(at, -edge, axis.pixels + edge);
    };
    return static_cast<float>(along(window.y, place / window.x.places) *
                              along(window.x, place % window.x.places));
  }
};

struct AveragePool {
  AverageDivisor divisor;
  const float* x;
  float* y;

  FRINGE_INLINE void span(std::size_t site, std::size_t from, std::size_t to) const {
    const Window& w = divisor.window;
    const auto s = static_cast<Index>(site), begin = static_cast<Index>(from), end = static_cast<Index>(to);
    const float* const in = x + s / w.y.places * w.image();
    const Index p = s % w.y.places;
    float* const out = y + s * w.x.places * w.batch;
    assign(out + begin, end - begin, [](Index) FRINGE_INLINE_LAMBDA { return 0.0f; });
    w.each_tap(p, begin, end, [&](Index, Index, Index at, Index pixel, Index count) FRINGE_INLINE_LAMBDA {
      assign(out + at, count, [=](Index k) FRINGE_INLINE_LAMBDA { return out[at + k] + in[pixel + k]; });
    });
    for (Index at = begin; at < end;) {
      const Index q = at / w.batch, stop = least(end, (q + 1) * w.batch);
      const float d = divisor(p * w.x.places + q);
      assign(out + at, stop - at, [=](Index k) FRINGE_INLINE_LAMBDA { return out[at + k] / d; });
      at = stop;
    }
  }
};

struct AveragePoolBackward {
  AverageDivisor divisor;
  const float* dy;
  float* dx;

  FRINGE_INLINE void span(std::size_t site, std::size_t from, std::size_t to) const {
    const Window& w = divisor.window;
    const auto s = static_cast<Index>(site), begin = static_cast<Index>(from), end = static_cast<Index>(to);
    float* const out = dx + s * w.x.pixels * w.batch;
    const float* const in = dy + s / w.y.pixels * w.result();
    assign(out + begin, end - begin, [](Index) FRINGE_INLINE_LAMBDA { return 0.0f; });
    w.each_place(s % w.y.pixels, begin, end, {0, w.places()}, true,
                 [&](Index q, Index, Index at, Index place, Index count) FRINGE_INLINE_LAMBDA {
                   const float d = divisor(q);
                   assign(out + at, count,
                          [=](Index k) FRINGE_INLINE_LAMBDA { return out[at + k] + in[place + k] / d; });
                 });
  }
};

struct GlobalPool {
  const float* x;
  float* y;
  std::size_t places, batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t channel, std::size_t column) const {
    double sum[lanes] = {};
    for (std::size_t p = 0; p < places; ++p)
      for (int l = 0; l < lanes; ++l)
        sum[l] += static_cast<double>(x[(channel * places + p) * batch + column + l]);
    for (int l = 0; l < lanes; ++l)
      y[channel * batch + column + l] = static_cast<float>(sum[l] / static_cast<double>(places));
  }
};

struct GlobalPoolBackward {
  const float* dy;
  float* dx;
  std::size_t places, batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const auto n = static_cast<float>(places);
    for (int l = 0; l < lanes; ++l)
      dx[site * batch + column + l] = dy[site / places * batch + column + l] / n;
  }
};

inline Window pool_window(const Call& c) {
  return window_of(c.attributes(), c.in[0], c.node->shape, c.batch);
}
inline std::size_t rows_of(const Shape& image) { return image[0] * image[1]; }

template <class Launch>
void max_pool_forward(Executor& executor, const Call& c) {
  Launch(executor).spans(rows_of(c.node->shape), c.node->shape[2] * c.batch,
                         MaxPool{pool_window(c), c.x[0], c.y, c.training ? c.saved : nullptr});
}
template <class Launch>
void max_pool_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  Launch(executor).spans(rows_of(c.in[0]), c.in[0][2] * c.batch,
                         MaxPoolBackward{pool_window(c), c.dy, c.saved, c.dx[0]});
}
inline std::size_t one_per_result(const Site& site) { return numbers(site.out); }

inline AverageDivisor average_divisor(const Call& c) {
  return {pool_window(c), c.attributes().counts_padding};
}
template <class Launch>
void average_pool_forward(Executor& executor, const Call& c) {
  Launch(executor).spans(rows_of(c.node->shape), c.node->shape[2] * c.batch,
                         AveragePool{average_divisor(c), c.x[0], c.y});
}
template <class Launch>
void average_pool_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  Launch(executor).spans(rows_of(c.in[0]), c.in[0][2] * c.batch,
                         AveragePoolBackward{average_divisor(c), c.dy, c.dx[0]});
}

template <class Launch>
void global_pool_forward(Executor& executor, const Call& c) {
  Launch(executor).each(c.in[0][0], c.batch, GlobalPool{c.x[0], c.y, c.in[0][1] * c.in[0][2], c.batch});
}
template <class Launch>
void global_pool_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  Launch(executor).each(numbers(c.in[0]), c.batch,
                        GlobalPoolBackward{c.dy, c.dx[0], c.in[0][1] * c.in[0][2], c.batch});
}

}  // namespace fringe::kernels
