// Where windows lie on an image: the geometry of convolutions and pools. The image is
// [channels][height][width] [batch], places are [height][width][batch]; tap (i, j) of place (p, q) lies on
// the pixel
//
//   (p·stride + i·dilation − padding,  q·stride + j·dilation − padding)
//
// A kernel visits whole runs of neighbouring numbers: with stride 1 a row of places reads a row of pixels, so
// a run is as long as the row times the batch, and the inner loop has no index arithmetic in it. A device
// visits the same with runs of one.
#pragma once

#include <cstddef>

#include "workloads/kernels_lanes.hpp"
#include "workloads/operators.hpp"

namespace fringe::kernels {

struct Range {
  Index first = 0, end = 0;
};

FRINGE_INLINE Index least(Index a, Index b) { return a < b ? a : b; }
FRINGE_INLINE Index most(Index a, Index b) { return a < b ? b : a; }

/// One dimension of the windows.
struct WindowAxis {
  Index pixels, places, taps, stride, padding, dilation;

  FRINGE_INLINE Index pixel(Index place, Index tap) const {
    return place * stride + tap * dilation - padding;
  }
  /// The places whose tap lies on the pixels [from, to); end ≤ first where there are none.
  FRINGE_INLINE Range places_on(Index tap, Index from, Index to) const {
    const Index shift = padding - tap * dilation;
    return {most(0, up(from + shift)), least(places, up(to + shift))};
  }
  /// Taps of a place that lie on [from, to).
  FRINGE_INLINE Index taps_on(Index place, Index from, Index to) const {
    Index count = 0;
    for (Index tap = 0; tap < taps; ++tap)
      count += pixel(place, tap) >= from && pixel(place, tap) < to ? 1 : 0;
    return count;
  }

 private:
  // ⌈n/stride⌉, or 0 for n below.
  FRINGE_INLINE Index up(Index n) const { return stride == 1 ? n : n > 0 ? (n + stride - 1) / stride : 0; }
};

struct Window {
  WindowAxis y, x;
  Index batch;

  FRINGE_INLINE Index taps() const { return y.taps * x.taps; }
  FRINGE_INLINE Index places() const { return y.places * x.places; }
  FRINGE_INLINE Index image() const { return y.pixels * x.pixels * batch; }  ///< numbers of a channel
  FRINGE_INLINE Index result() const { return places() * batch; }            ///< of all places

  /// visit(place, tap, at, from, count) with column `at` of the row of places and number `from` of the
  /// channel's image, for all runs of the tap (i, j) in the columns [begin, end) of the row of places p.
  template <class F>
  FRINGE_INLINE void each_run(Index p, Index i, Index j, Index begin, Index end, const F& visit) const {
    const Index row = y.pixel(p, i);
    if (row < 0 || row >= y.pixels) return;
    const Range inside = x.places_on(j, 0, x.pixels);
    const Index tap = i * x.taps + j, first = most(begin, inside.first * batch),
                last = least(end, inside.end * batch);
    const Index origin = (row * x.pixels + x.pixel(0, j)) * batch;
    if (first >= last) return;
    if (x.stride == 1) return visit(first / batch, tap, first, origin + first, last - first);
    Index q = first / batch;
    for (Index at = first; at < last; ++q) {
      const Index stop = least(last, (q + 1) * batch);
      visit(q, tap, at, origin + (q * x.stride - q) * batch + at, stop - at);
      at = stop;
    }
  }
  /// The same for every tap, in order.
  template <class F>
  FRINGE_INLINE void each_tap(Index p, Index begin, Index end, const F& visit) const {
    for (Index i = 0; i < y.taps; ++i)
      for (Index j = 0; j < x.taps; ++j) each_run(p, i, j, begin, end, visit);
  }

  /// The other way round: visit(place, tap, at, from, count) with column `at` of the pixels' row and number
  /// `from` of the places' [height][width][batch], for all runs of all taps, in order, that lie on the
  /// columns [begin, end) of the row of pixels `row`; places within `some` only. `split`: a run is of one
  /// place.
  template <class F>
  FRINGE_INLINE void each_place(Index row, Index begin, Index end, Range some, bool split,
                                const F& visit) const {
    const Index from = begin / batch, to = (end - 1) / batch + 1;
    for (Index i = 0; i < y.taps; ++i) {
      const Range rows = y.places_on(i, row, row + 1);
      if (rows.first >= rows.end) continue;
      const Index start = rows.first * x.places;
      for (Index j = 0; j < x.taps; ++j) {
        Range on = x.places_on(j, from, to);
        on = {most(on.first, some.first - start), least(on.end, some.end - start)};
        const Index tap = i * x.taps + j;
        if (on.first >= on.end) continue;
        if (x.stride == 1 && !split) {
          const Index origin = x.pixel(0, j) * batch, at = most(begin, origin + on.first * batch),
                      stop = least(end, origin + on.end * batch);
          visit(start + on.first, tap, at, start * batch - origin + at, stop - at);
        } else {
          for (Index q = on.first; q < on.end; ++q) {
            const Index origin = x.pixel(q, j) * batch, at = most(begin, origin),
                        stop = least(end, origin + batch);
            visit(start + q, tap, at, (start + q) * batch - origin + at, stop - at);
          }
        }
      }
    }
  }
};

/// Windows over `image` at the places of `places`, both [channels, height, width].
inline Window window_of(const Attributes& a, const Shape& image, const Shape& places, std::size_t batch,
                        bool dilated = true) {
  const auto axis = [&](std::size_t k) {
    return WindowAxis{static_cast<Index>(image[k + 1]), static_cast<Index>(places[k + 1]),
                      static_cast<Index>(a.kernel[k]),  static_cast<Index>(a.stride[k]),
                      static_cast<Index>(a.padding[k]), dilated ? static_cast<Index>(a.dilation[k]) : 1};
  };
  return {axis(0), axis(1), static_cast<Index>(batch)};
}

}  // namespace fringe::kernels
