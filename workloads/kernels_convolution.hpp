// Convolutions. The product itself belongs to the accelerator; here an image becomes its columns and back:
//
//   columns[(channel, tap) × (place, sample)] = the pixel under the tap, 0 outside the image
//
// A transposed convolution is the same thing the other way round: its result is the image. A depthwise
// convolution has no matrix: its sum over the taps runs here, in the order of the taps.
#pragma once

#include "workloads/kernels.hpp"
#include "workloads/kernels_window.hpp"

namespace fringe::kernels {

struct Unfold {
  Window window;
  const float* image;
  float* columns;
  std::size_t stride;
  Index first;  ///< place of the columns' beginning

  FRINGE_INLINE void span(std::size_t row, std::size_t from, std::size_t to) const {
    const Window& w = window;
    const auto r = static_cast<Index>(row), end = static_cast<Index>(to);
    const Index channel = r / w.taps(), i = r % w.taps() / w.x.taps, j = r % w.x.taps;
    const float* const in = image + channel * w.image();
    float* const out = columns + row * stride;
    for (auto column = static_cast<Index>(from); column < end;) {
      const Index p = (first + column / w.batch) / w.x.places;
      const Index start = (p * w.x.places - first) * w.batch;  // the column where the row of places begins
      const Index stop = least(end, start + w.x.places * w.batch);
      Index done = column;
      const auto zeros = [&](Index until) FRINGE_INLINE_LAMBDA {
        float* const rest = out + done;
        assign(rest, until - done, [](Index) FRINGE_INLINE_LAMBDA { return 0.0f; });
      };
      w.each_run(p, i, j, column - start, stop - start,
                 [&](Index, Index, Index at, Index pixel, Index count) FRINGE_INLINE_LAMBDA {
                   zeros(start + at);
                   const float* const source = in + pixel;
                   float* const target = out + start + at;
                   assign(target, count, [=](Index k) FRINGE_INLINE_LAMBDA { return source[k]; });
                   done = start + at + count;
                 });
      zeros(stop);
      column = stop;
    }
  }
};

struct Fold {
  Window window;
  const float* columns;
  std::size_t stride;
  float* image;
  Range places;  ///< of the columns

  FRINGE_INLINE void span(std::size_t site, std::size_t from, std::size_t to) const {
    const Window& w = window;
    const auto s = static_cast<Index>(site);
    const Index channel = s / w.y.pixels, row = s % w.y.pixels;
    float* const out = image + s * w.x.pixels * w.batch;
    const float* const in = columns - places.first * w.batch;
    w.each_place(row, static_cast<Index>(from), static_cast<Index>(to), places, false,
                 [&](Index, Index tap, Index at, Index place, Index count) FRINGE_INLINE_LAMBDA {
                   const float* const source =
                       in + (channel * w.taps() + tap) * static_cast<Index>(stride) + place;
                   float* const target = out + at;
                   assign(target, count, [=](Index k) FRINGE_INLINE_LAMBDA { return target[k] + source[k]; });
                 });
  }
};

template <class Launch>
void unfold(Executor& executor, const Window& w, const float* image, Positions positions, Matrix columns) {
  Launch(executor).spans(columns.rows, columns.cols,
                         Unfold{w, image, columns.data, columns.stride, static_cast<Index>(positions.first)});
}

template <class Launch>
void fold(Executor& executor, const Window& w, std::size_t channels, float* image, Positions positions,
          ConstMatrix columns) {
  const auto first = static_cast<Index>(positions.first);
  Launch(executor).spans(
      channels * static_cast<std::size_t>(w.y.pixels), static_cast<std::size_t>(w.x.pixels * w.batch),
      Fold{w, columns.data, columns.stride, image, {first, first + static_cast<Index>(positions.count)}});
}

inline bool needs_columns(const Site& site) {
  const Attributes& a = site.attributes;
  constexpr std::array<std::size_t, 2> one{1, 1}, none{0, 0};
  return a.kernel != one || a.stride != one || a.padding != none;
}

inline Window conv_window(const Call& c) {
  return window_of(c.attributes(), c.in[0], c.node->shape, c.batch);
}
/// Of a transposed convolution: the places are those of its input.
inline Window transposed_window(const Call& c) {
  return window_of(c.attributes(), c.node->shape, c.in[0], c.batch, false);
}

template <class Launch>
void conv_gather(Executor& executor, const Call& c, Positions positions, Matrix columns) {
  unfold<Launch>(executor, conv_window(c), c.x[0], positions, columns);
}
template <class Launch>
void conv_scatter(Executor& executor, const Call& c, Positions positions, ConstMatrix columns) {
  fold<Launch>(executor, conv_window(c), c.in[0][0], c.dx[0], positions, columns);
}
template <class Launch>
void conv_transposed_deliver(Executor& executor, const Call& c, Positions positions, ConstMatrix columns) {
  fold<Launch>(executor, transposed_window(c), c.node->shape[0], c.y, positions, columns);
}
template <class Launch>
void conv_transposed_collect(Executor& executor, const Call& c, Positions positions, Matrix columns) {
  unfold<Launch>(executor, transposed_window(c), c.dy, positions, columns);
}

// ---- depthwise: filter f reads channel f / filters (filters of a channel)

struct Depthwise {
  Window window;
  Index filters;
  const float *image, *weights;
  float* y;

  FRINGE_INLINE void span(std::size_t site, std::size_t from, std::size_t to) const {
    const Window& w = window;
    const auto s = static_cast<Index>(site), begin = static_cast<Index>(from), end = static_cast<Index>(to);
    const Index f = s / w.y.places, p = s % w.y.places;
    const float* const in = image + f / filters * w.image();
    float* const out = y + s * w.x.places * w.batch;
    assign(out + begin, end - begin, [](Index) FRINGE_INLINE_LAMBDA { return 0.0f; });
    w.each_tap(p, begin, end, [&](Index, Index tap, Index at, Index pixel, Index count) FRINGE_INLINE_LAMBDA {
      const float weight = weights[f * w.taps() + tap];
      assign(out + at, count,
             [=](Index k) FRINGE_INLINE_LAMBDA { return out[at + k] + weight * in[pixel + k]; });
    });
  }
};

struct DepthwiseBackward {
  Window window;
  Index filters;
  const float *dy, *weights;
  float* dx;

  FRINGE_INLINE void span(std::size_t site, std::size_t from, std::size_t to) const {
    const Window& w = window;
    const auto s = static_cast<Index>(site), begin = static_cast<Index>(from), end = static_cast<Index>(to);
    const Index channel = s / w.y.pixels, row = s % w.y.pixels;
    float* const out = dx + s * w.x.pixels * w.batch;
    assign(out + begin, end - begin, [](Index) FRINGE_INLINE_LAMBDA { return 0.0f; });
    for (Index f = channel * filters; f < (channel + 1) * filters; ++f)
      w.each_place(row, begin, end, {0, w.places()}, false,
                   [&](Index, Index tap, Index at, Index place, Index count) FRINGE_INLINE_LAMBDA {
                     const float weight = weights[f * w.taps() + tap];
                     const float* const source = dy + f * w.result() + place;
                     assign(out + at, count,
                            [=](Index k) FRINGE_INLINE_LAMBDA { return out[at + k] + weight * source[k]; });
                   });
  }
};

/// Terms of a weight's gradient: row (filter, tap), a row of places, its columns [begin, end).
struct DepthwiseTerms {
  Window window;
  Index filters;
  const float *image, *dy;
  template <class Add>
  FRINGE_INLINE void runs(std::size_t row, std::size_t places, std::size_t begin, std::size_t end,
                          const Add& add) const {
    const Window& w = window;
    const auto r = static_cast<Index>(row), p = static_cast<Index>(places);
    const Index f = r / w.taps(), tap = r % w.taps();
    const float* const slopes = dy + f * w.result() + p * w.x.places * w.batch;
    const float* const pixels = image + f / filters * w.image();
    w.each_run(p, tap / w.x.taps, tap % w.x.taps, static_cast<Index>(begin), static_cast<Index>(end),
               [&](Index, Index, Index at, Index pixel, Index count) FRINGE_INLINE_LAMBDA {
                 const float *const a = slopes + at, *const b = pixels + pixel;
                 add(count, [=](Index k) FRINGE_INLINE_LAMBDA {
                   return static_cast<double>(a[k]) * static_cast<double>(b[k]);
                 });
               });
  }
};

inline Index filters_of(const Call& c) { return static_cast<Index>(c.attributes().features / c.in[0][0]); }

template <class Launch>
void depthwise_forward(Executor& executor, const Call& c) {
  const Window w = conv_window(c);
  Launch(executor).spans(c.node->shape[0] * c.node->shape[1], c.node->shape[2] * c.batch,
                         Depthwise{w, filters_of(c), c.x[0], c.vectors, c.y});
}

template <class Launch>
void depthwise_backward(Executor& executor, const Call& c) {
  const Window w = conv_window(c);
  const auto weights = c.node->shape[0] * static_cast<std::size_t>(w.taps());
  Launch(executor).sums_of_runs(weights, c.node->shape[1], c.node->shape[2] * c.batch,
                                DepthwiseTerms{w, filters_of(c), c.x[0], c.dy}, c.vector_gradients);
  if (c.dx[0] != nullptr)
    Launch(executor).spans(c.in[0][0] * c.in[0][1], c.in[0][2] * c.batch,
                           DepthwiseBackward{w, filters_of(c), c.dy, c.vectors, c.dx[0]});
}

}  // namespace fringe::kernels
