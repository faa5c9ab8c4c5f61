// Sweeps of rotations over the lines of a tile, written once with vector extensions; each instruction set's
// source file includes it under its own flags. Everything is local to that file.
//
// A rotation of two lines is eight multiply-adds per vector, and a line that one sweep leaves is at once what
// the next one meets: four sweeps pass through the registers together, so that a line is loaded and stored
// once for four rotations, and four chains of dependent operations run side by side. A sweep that must find
// its rotations as it goes takes eight lanes at a time: it turns them by what is known, then finds one
// rotation per lane, each from two elements, by one division and no square root. One product per statement:
// contraction to multiply-add is then the same in every compiler.
#pragma once

#include <utility>

#include "photonics/decompose_kernel.hpp"

namespace fringe {
namespace {

/// Below this a matrix element counts as zero.
constexpr double negligible_square = 0x1p-52 * 0x1p-52;

template <unsigned Bytes>
using Lanes __attribute__((vector_size(Bytes))) = double;
template <unsigned Bytes>
using Mask __attribute__((vector_size(Bytes))) = std::int64_t;
template <unsigned Bytes>
using LanesInMemory __attribute__((vector_size(Bytes), aligned(8), may_alias)) = double;

/// Part of a line: V vectors of it.
template <unsigned Bytes, unsigned V>
struct Line {
  Lanes<Bytes> re[V], im[V];

  [[gnu::always_inline]] void load(const double* p) {
    for (unsigned v = 0; v < V; ++v) {
      re[v] = *reinterpret_cast<const LanesInMemory<Bytes>*>(p + v * (Bytes / 8));
      im[v] = *reinterpret_cast<const LanesInMemory<Bytes>*>(p + sweep_lanes + v * (Bytes / 8));
    }
  }
  [[gnu::always_inline]] void clear(std::ptrdiff_t lane) {
    for (unsigned v = 0; v < V; ++v) {
      Mask<Bytes> number;
      for (unsigned i = 0; i < Bytes / 8; ++i) number[i] = v * (Bytes / 8) + i;
      const Mask<Bytes> kept = number != lane;
      re[v] = reinterpret_cast<Lanes<Bytes>>(reinterpret_cast<Mask<Bytes>>(re[v]) & kept);
      im[v] = reinterpret_cast<Lanes<Bytes>>(reinterpret_cast<Mask<Bytes>>(im[v]) & kept);
    }
  }
  [[gnu::always_inline]] void store(double* p) const {
    for (unsigned v = 0; v < V; ++v) {
      *reinterpret_cast<LanesInMemory<Bytes>*>(p + v * (Bytes / 8)) = re[v];
      *reinterpret_cast<LanesInMemory<Bytes>*>(p + sweep_lanes + v * (Bytes / 8)) = im[v];
    }
  }
};

template <unsigned Bytes, unsigned V>
[[gnu::always_inline]] inline void rotate(Line<Bytes, V>& carried, Line<Bytes, V>& line,
                                          const LineRotation& k) {
  if (__builtin_expect(k.swapped != 0, 0)) std::swap(carried, line);
  for (unsigned v = 0; v < V; ++v) {
    const Lanes<Bytes> ar = carried.re[v], ai = carried.im[v], br = line.re[v], bi = line.im[v];
    carried.re[v] = ar + br * k.t_re;
    carried.im[v] = ai + bi * k.t_re;
    line.re[v] = br - ar * k.s_re;
    line.im[v] = bi - ai * k.s_re;
    carried.re[v] = carried.re[v] - bi * k.t_im;
    carried.im[v] = carried.im[v] + br * k.t_im;
    line.re[v] = line.re[v] + ai * k.s_im;
    line.im[v] = line.im[v] - ar * k.s_im;
  }
}

/// Rotations of sweep j, by pair.
inline LineRotation* rotations_of(const Sweeps& sweeps, std::ptrdiff_t j) {
  return sweeps.rotation + sweeps_fused * (sweeps_fused - 1 - j) + j;
}

/// Pairs high, …, low of one sweep.
template <unsigned Bytes>
void sweep(double* tile, const LineRotation* rotation, std::ptrdiff_t high, std::ptrdiff_t low) {
  if (high < low) return;
  Line<Bytes, 64 / Bytes> carried, line;
  carried.load(tile + line_doubles * (high + 1));
  for (std::ptrdiff_t l = high; l >= low; --l) {
    line.load(tile + line_doubles * l);
    rotate(carried, line, rotation[sweeps_fused * l]);
    line.store(tile + line_doubles * (l + 1));
  }
  carried.store(tile + line_doubles * low);
}

/// Sweep j turns pair l + j while sweep 0 turns pair l, high ≥ l ≥ low.
template <unsigned Bytes, std::size_t... J>
[[gnu::always_inline]] inline void wave(double* tile, const LineRotation* rotation, std::ptrdiff_t high,
                                        std::ptrdiff_t low, std::index_sequence<J...>) {
  Line<Bytes, 1> carried[sizeof...(J)], line;
  (carried[J].load(tile + line_doubles * (high + 1 + std::ptrdiff_t{J})), ...);
  const LineRotation* k = rotation + sweeps_fused * (sweeps_fused - 1 + high);
  double* x = tile + line_doubles * high;
  for (std::ptrdiff_t l = high; l >= low; --l, k -= sweeps_fused, x -= line_doubles) {
    line.load(x);
    (rotate(carried[J], line, k[J]), ...);
    line.store(x + line_doubles * sweeps_fused);
  }
  (carried[J].store(tile + line_doubles * (low + std::ptrdiff_t{J})), ...);
}

/// Where all sweeps are under way they go together; before and after, each goes alone.
template <unsigned Bytes>
void apply(double* tile, const Sweeps& s) noexcept {
  std::ptrdiff_t high = s.high[0], low = s.low[0];
  for (std::ptrdiff_t j = 1; j < sweeps_fused; ++j) {
    high = s.high[j] - j < high ? s.high[j] - j : high;
    low = s.low[j] - j > low ? s.low[j] - j : low;
  }
  const bool together = high >= low;
  for (std::ptrdiff_t j = 0; j < sweeps_fused; ++j)
    sweep<Bytes>(tile, rotations_of(s, j), s.high[j], together ? high + j + 1 : s.low[j]);
  if (!together) return;
  for (unsigned part = 0; part < 64 / Bytes; ++part)
    wave<Bytes>(tile + part * (Bytes / 8), s.rotation, high, low, std::make_index_sequence<sweeps_fused>{});
  for (std::ptrdiff_t j = 0; j < sweeps_fused; ++j)
    sweep<Bytes>(tile, rotations_of(s, j), low + j - 1, s.low[j]);
}

struct Number {
  double re, im;
};

/// a·b + c, fused where the instruction set can: compilers that pair numbers into vectors don't always see
/// it.
[[gnu::always_inline]] inline double multiply_add(double a, double b, double c) {
#if defined(__FMA__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// How an element is nulled. Of the two lines, `empty` gets the zero: its partner's line plus `ratio` times
/// its own, or the other way round where that factor would exceed 8. The other one is the line left over less
/// ratio* · weight times the first.
struct Nulling {
  bool swapped;
  Number ratio;
  double weight;
  double empty_scale, other_scale;  ///< squared
  NulledPair found;
};

/// n and p without their lines' scales.
[[gnu::always_inline]] inline Nulling null_by(Number n, Number p, double n_scale, double p_scale,
                                              double lane_scale) {
  const double n_square = multiply_add(n.im, n.im, n.re * n.re);
  const double p_square = multiply_add(p.im, p.im, p.re * p.re);
  const double from = n_square * n_scale, to = p_square * p_scale;
  if (!(from * lane_scale >= negligible_square)) return {true, {0, 0}, 0, n_scale, p_scale, {1, 0, 0, 0, 1}};
  if (to * lane_scale < negligible_square) return {false, {0, 0}, 0, p_scale, n_scale, {0, 1, 0, 0, 0}};
  const double re = multiply_add(p.im, n.im, p.re * n.re);
  const double im = multiply_add(-p.re, n.im, p.im * n.re);
  if (to <= 64 * from) {
    const double inverse = 1 / n_square, ratio_square = p_square * inverse, weight = p_scale / n_scale;
    const double shrunk = 1 / multiply_add(ratio_square, weight, 1);
    return {false,
            {-re * inverse, -im * inverse},
            weight,
            p_scale * shrunk,
            n_scale * shrunk,
            {to, from, -re, -im, 0}};
  }
  const double inverse = 1 / p_square, ratio_square = n_square * inverse, weight = n_scale / p_scale;
  const double shrunk = 1 / multiply_add(ratio_square, weight, 1);
  return {true,
          {-re * inverse, im * inverse},
          weight,
          n_scale * shrunk,
          p_scale * shrunk,
          {to, from, -re, -im, 1}};
}

template <unsigned Bytes>
void null_antidiagonal(double* tile, const Sweeps& sweeps, std::ptrdiff_t j, std::ptrdiff_t first,
                       LineScales scales, NulledPair* found) noexcept {
  LineRotation* rotation = rotations_of(sweeps, j);
  const std::ptrdiff_t high = sweeps.high[j], low = sweeps.low[j];
  Line<Bytes, 64 / Bytes> carried, line;
  carried.load(tile + line_doubles * (high + 1));
  std::ptrdiff_t l = high;
  for (; l >= low && l > high - first; --l) {
    line.load(tile + line_doubles * l);
    rotate(carried, line, rotation[sweeps_fused * l]);
    line.store(tile + line_doubles * (l + 1));
  }
  double scale = scales.line[l + 1];
  for (std::ptrdiff_t lane = 0; l >= low && lane < sweep_lanes; --l, ++lane) {
    line.load(tile + line_doubles * l);
    double* partner = tile + line_doubles * (l + 1);
    carried.store(partner);
    const double* nulled = tile + line_doubles * l;
    const Nulling by =
        null_by({nulled[lane], nulled[lane + sweep_lanes]}, {partner[lane], partner[lane + sweep_lanes]},
                scales.line[l], scale, scales.lane[lane]);
    const LineRotation k{by.ratio.re, by.ratio.im, by.ratio.re * by.weight, -by.ratio.im * by.weight,
                         by.swapped};
    rotation[sweeps_fused * l] = k;
    rotate(carried, line, k);
    scale = by.empty_scale;
    scales.line[l + 1] = by.other_scale;
    found[l] = by.found;
    carried.clear(lane);
    line.store(partner);
  }
  scales.line[l + 1] = scale;
  carried.store(tile + line_doubles * (l + 1));
}

/// The rotations follow from the lane alone; the other lanes are turned by all of them at once.
template <unsigned Bytes>
void null_lane(double* tile, const Sweeps& sweeps, std::ptrdiff_t j, std::ptrdiff_t lane, LineScales scales,
               NulledPair* found) noexcept {
  LineRotation* rotation = rotations_of(sweeps, j);
  const std::ptrdiff_t high = sweeps.high[j], low = sweeps.low[j];
  Line<8, 1> carried, line;
  carried.load(tile + lane + line_doubles * (high + 1));
  double scale = scales.line[high + 1];
  for (std::ptrdiff_t l = high; l >= low; --l) {
    line.load(tile + lane + line_doubles * l);
    const Nulling by = null_by({carried.re[0][0], carried.im[0][0]}, {line.re[0][0], line.im[0][0]}, scale,
                               scales.line[l], scales.lane[lane]);
    const LineRotation k{-by.ratio.re * by.weight, by.ratio.im * by.weight, -by.ratio.re, -by.ratio.im,
                         by.swapped};
    rotation[sweeps_fused * l] = k;
    rotate(carried, line, k);
    found[l] = by.found;
    scales.line[l + 1] = by.empty_scale;
    scale = by.other_scale;
  }
  scales.line[low] = scale;
  sweep<Bytes>(tile, rotation, high, low);
  for (std::ptrdiff_t l = high + 1; l > low; --l)
    tile[lane + line_doubles * l] = tile[lane + line_doubles * l + sweep_lanes] = 0;
}

/// A 4×4 corner of a plane. Half of the exchange is done by the loads.
[[gnu::always_inline]] inline void transpose4(const double* from, double* to) {
  using Half = LanesInMemory<16>;
  for (unsigned half = 0; half < 4; half += 2, from += 2, to += 2 * line_doubles) {
    Lanes<16> row[4];
    for (unsigned i = 0; i < 4; ++i) row[i] = *reinterpret_cast<const Half*>(from + line_doubles * i);
    const Lanes<32> even = __builtin_shufflevector(row[0], row[2], 0, 1, 2, 3);
    const Lanes<32> odd = __builtin_shufflevector(row[1], row[3], 0, 1, 2, 3);
    *reinterpret_cast<LanesInMemory<32>*>(to) = __builtin_shufflevector(even, odd, 0, 4, 2, 6);
    *reinterpret_cast<LanesInMemory<32>*>(to + line_doubles) = __builtin_shufflevector(even, odd, 1, 5, 3, 7);
  }
}

inline void transpose(const double* from, std::ptrdiff_t from_stride, double* to, std::ptrdiff_t to_stride,
                      std::ptrdiff_t count) noexcept {
  for (std::ptrdiff_t block = 0; block < count; ++block, from += from_stride, to += to_stride) {
    for (std::ptrdiff_t plane = 0; plane < line_doubles; plane += sweep_lanes)
      for (std::ptrdiff_t line = 0; line < sweep_lanes; line += 4)
        for (std::ptrdiff_t lane = 0; lane < sweep_lanes; lane += 4)
          transpose4(from + plane + line_doubles * line + lane, to + plane + line_doubles * lane + line);
  }
}

template <unsigned Bytes>
constexpr DecomposeKernels sweep_kernels(const char* isa) {
  return {isa, apply<Bytes>, null_antidiagonal<Bytes>, null_lane<Bytes>, transpose};
}

}  // namespace
}  // namespace fringe
