// Reverse propagation with vector extensions; included by each instruction set's source file. A run of
// couplers that follow one another up the mesh keeps the rows it is at in registers: per coupler and vector
// one row comes in and one goes out, against 24 multiply-adds (8 undo the coupler for y, 8 take g through it,
// 8 form its sums). Runs are short, so that their sums and coefficients stay in the nearest cache while all
// vectors of the tile pass.
#pragma once

#include "photonics/mesh_kernel_impl.hpp"

namespace fringe {
namespace {

/// One mode of a tile's vector of samples.
template <class Real, unsigned Bytes>
struct ReverseRow {
  typename Simd<Real, Bytes>::Vec yr, yi, gr, gi;
};

/// to[i] += sum of the 64 bytes of lanes of number i; the same bits for every vector width.
template <class Real>
[[gnu::always_inline]] inline void add_lanes(const Real* lanes, double* to) {
  using Four __attribute__((vector_size(4 * sizeof(Real)), may_alias)) = Real;
  using FourDoubles __attribute__((vector_size(32), aligned(8), may_alias)) = double;
  constexpr unsigned quarters = 64 / sizeof(Four);
  const auto* part = reinterpret_cast<const Four*>(lanes);
  Four r[4];
  for (unsigned i = 0; i < 4; ++i, part += quarters) {
    if constexpr (quarters == 4) {
      r[i] = (part[0] + part[2]) + (part[1] + part[3]);
    } else {
      r[i] = part[0] + part[1];
    }
  }
  const Four p =
      __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5) + __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  const Four q =
      __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5) + __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  const Four sum = __builtin_shufflevector(p, q, 0, 1, 4, 5) + __builtin_shufflevector(p, q, 2, 3, 6, 7);
  *reinterpret_cast<FourDoubles*>(to) += __builtin_convertvector(sum, FourDoubles);
}

/// x0 ← x0 + B x1, x1 ← x1 + C x0.
template <class Vec, class Real>
[[gnu::always_inline]] inline void turn(Vec& x0r, Vec& x0i, Vec& x1r, Vec& x1i, const Real* k) {
  const Vec ar = x0r, ai = x0i, br = x1r, bi = x1i;
  x0r = x0r + br * k[0];
  x0i = x0i + bi * k[0];
  x1r = x1r + ar * k[2];
  x1i = x1i + ai * k[2];
  x0r = x0r - bi * k[1];
  x0i = x0i + br * k[1];
  x1r = x1r - ai * k[3];
  x1i = x1i + ar * k[3];
}

/// One vector passes a run; its sums are set by the First one and added to by others. They go downwards as
/// the rows do.
template <class Real, unsigned Bytes, bool First>
[[gnu::always_inline]] inline void pass_run(const GradientTape<Real>& tape, std::size_t begin,
                                            std::size_t end, std::size_t first_lower,
                                            ReverseRow<Real, Bytes>* rows,
                                            typename Simd<Real, Bytes>::Vec* sums) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  const Real* k = tape.coefficients + 8 * begin;
  ReverseRow<Real, Bytes>* lower_at = rows + first_lower;
  ReverseRow<Real, Bytes> lower = *lower_at;
  for (std::size_t n = begin; n < end; ++n, k += 8, sums -= 4) {
    ReverseRow<Real, Bytes>* const upper_at = rows + tape.uppers[n];
    ReverseRow<Real, Bytes> upper = *upper_at;
    Vec s01r = First ? Vec{} : sums[0], s01i = First ? Vec{} : sums[1];
    Vec s10r = First ? Vec{} : sums[2], s10i = First ? Vec{} : sums[3];
    s01r = s01r + lower.gr * upper.yr;
    s01i = s01i + lower.gr * upper.yi;
    s10r = s10r + upper.gr * lower.yr;
    s10i = s10i + upper.gr * lower.yi;
    s01r = s01r + lower.gi * upper.yi;
    s01i = s01i - lower.gi * upper.yr;
    s10r = s10r + upper.gi * lower.yi;
    s10i = s10i - upper.gi * lower.yr;
    sums[0] = s01r;
    sums[1] = s01i;
    sums[2] = s10r;
    sums[3] = s10i;
    if (__builtin_expect(tape.swaps[n], 0)) {
      const ReverseRow<Real, Bytes> other = upper;
      upper = lower;
      lower = other;
    }
    turn(upper.yr, upper.yi, lower.yr, lower.yi, k);
    turn(upper.gr, upper.gi, lower.gr, lower.gi, k + 4);
    *lower_at = lower;
    lower_at = upper_at;
    lower = upper;
  }
  *lower_at = lower;
}

/// y and g of the tile's samples become rows; adds Σ y ḡ of each mode to its sums.
template <class Real, unsigned Bytes>
void enter_tile(const GradientTape<Real>& tape, const GradientBatch<Real>& b, std::size_t first,
                std::size_t vectors, ReverseRow<Real, Bytes>* rows, double* sums) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes, halves = 64 / Bytes;
  for (std::size_t m = 0; m < tape.modes; ++m, sums += kernel_gradient_sums) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t at = first + v * lanes, valid = at < b.end ? b.end - at : 0;
      ReverseRow<Real, Bytes> row{};
      if (valid > 0) {
        row.yr = load<Real, Bytes>(b.y_re + m * b.y_re_stride + at, valid);
        row.yi = load<Real, Bytes>(b.y_im + m * b.y_im_stride + at, valid);
        row.gr = load<Real, Bytes>(b.g_re + m * b.g_re_stride + at, valid);
        row.gi = load<Real, Bytes>(b.g_im + m * b.g_im_stride + at, valid);
      }
      rows[v * tape.modes + m] = row;
    }
    // In a loop of its own: g++ moves products into the branch above, and then does not fuse them.
    alignas(64) Vec sum[4 * halves] = {};
    for (std::size_t v = 0; v < vectors; ++v) {
      const ReverseRow<Real, Bytes>& row = rows[v * tape.modes + m];
      Vec &re = sum[v % halves], &im = sum[halves + v % halves];
      re = re + row.gr * row.yr;
      im = im + row.gr * row.yi;
      re = re + row.gi * row.yi;
      im = im - row.gi * row.yr;
    }
    add_lanes(reinterpret_cast<const Real*>(sum), sums);
  }
}

template <class Real, unsigned Bytes>
void leave_tile(const GradientTape<Real>& tape, const GradientBatch<Real>& b, std::size_t first,
                std::size_t vectors, const ReverseRow<Real, Bytes>* rows) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes;
  // Zero starts the sum so that each statement has one way to be fused.
  const auto put = [](Vec re, Vec im, const Real* factor, Real* to_re, Real* to_im, std::size_t valid) {
    Vec r = Vec{} + re * factor[0], i = Vec{} + im * factor[0];
    r = r - im * factor[1];
    i = i + re * factor[1];
    store<Real, Bytes>(to_re, r, valid);
    store<Real, Bytes>(to_im, i, valid);
  };
  for (std::size_t m = 0; m < tape.modes; ++m)
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t at = first + v * lanes;
      if (at >= b.end) break;
      const ReverseRow<Real, Bytes>& row = rows[v * tape.modes + m];
      put(row.yr, row.yi, tape.in + 4 * m, b.y_re + m * b.y_re_stride + at, b.y_im + m * b.y_im_stride + at,
          b.end - at);
      put(row.gr, row.gi, tape.in + 4 * m + 2, b.g_re + m * b.g_re_stride + at,
          b.g_im + m * b.g_im_stride + at, b.end - at);
    }
}

template <class Real, unsigned Bytes>
void gradient(const GradientTape<Real>& tape, const GradientBatch<Real>& b, Real* scratch,
              double* sums) noexcept {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes, halves = 64 / Bytes;
  auto* const rows = reinterpret_cast<ReverseRow<Real, Bytes>*>(scratch);
  constexpr std::size_t room = 4 * kernel_gradient_run;
  alignas(64) Vec lane_sums[room * halves];
  Vec* const top = lane_sums + room - 4;
  for (std::size_t first = b.begin; first < b.end; first += kernel_gradient_lanes<Real>) {
    const std::size_t left = b.end - first;
    const std::size_t valid = left < kernel_gradient_lanes<Real> ? left : kernel_gradient_lanes<Real>;
    // Whole groups of 64 bytes, the last one filled up with zeros.
    const std::size_t vectors = (valid + halves * lanes - 1) / (halves * lanes) * halves;
    enter_tile(tape, b, first, vectors, rows, sums + kernel_gradient_sums * tape.couplers);
    std::size_t begin = 0;
    const GradientRescale<Real>* rescale = tape.rescales;
    for (const GradientRun* run = tape.runs; run != tape.runs + tape.run_count; ++run) {
      for (; rescale != tape.rescales + run->rescale_end; ++rescale)
        for (std::size_t v = 0; v < vectors; ++v) {
          ReverseRow<Real, Bytes>& row = rows[v * tape.modes + rescale->row];
          row.yr = row.yr * rescale->y;
          row.yi = row.yi * rescale->y;
          row.gr = row.gr * rescale->g;
          row.gi = row.gi * rescale->g;
        }
      for (std::size_t v = 0; v < halves; ++v)
        pass_run<Real, Bytes, true>(tape, begin, run->end, run->lower, rows + v * tape.modes, top + v * room);
      for (std::size_t v = halves; v < vectors; ++v)
        pass_run<Real, Bytes, false>(tape, begin, run->end, run->lower, rows + v * tape.modes,
                                     top + v % halves * room);
      for (const Vec* at = top; begin < run->end; ++begin, at -= 4) {
        alignas(64) Vec sum[4 * halves];
        for (std::size_t i = 0; i < 4 * halves; ++i) sum[i] = at[i / halves + i % halves * room];
        add_lanes(reinterpret_cast<const Real*>(sum), sums + kernel_gradient_sums * begin);
      }
    }
    leave_tile(tape, b, first, vectors, rows);
  }
}

}  // namespace
}  // namespace fringe
