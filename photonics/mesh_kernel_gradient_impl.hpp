// Reverse propagation with vector extensions; included by each instruction set's source file. Per coupler and
// vector of samples 24 multiply-adds (8 undo the coupler for y, 8 take g through it, 8 form its sums), which
// the kernel is bound by as long as rows come from the nearest cache, where the steps' order keeps them, and
// not all of them are stored at once. With 32 registers, two vectors pass a run of couplers that follow one
// another up the mesh: the row that two couplers share stays in registers, and each coefficient is fetched
// once for both. With 16, all vectors of the tile pass one coupler, and its sums stay in registers.
#pragma once

#include "photonics/mesh_kernel_impl.hpp"

namespace fringe {
namespace {

/// One mode of a vector of samples.
template <class Real, unsigned Bytes>
struct ReverseRow {
  typename Simd<Real, Bytes>::Vec yr, yi, gr, gi;
};

template <class Real>
using FourLanes __attribute__((vector_size(4 * sizeof(Real)))) = Real;

template <class Vec, class Half, unsigned... I>
[[gnu::always_inline]] inline void add_halves(const Vec& v, Half& sum,
                                              std::integer_sequence<unsigned, I...>) {
  sum = __builtin_shufflevector(v, v, I...) + __builtin_shufflevector(v, v, (I + sizeof...(I))...);
}

/// 64 bytes of lanes, in Count vectors, to four by adding halves: the same bits for every vector width.
template <class Real, unsigned Bytes, unsigned Count>
[[gnu::always_inline]] inline void fold(const typename Simd<Real, Bytes>::Vec* part, FourLanes<Real>& four) {
  if constexpr (Bytes * Count == 4 * sizeof(Real)) {
    if constexpr (Count == 1) {
      four = part[0];
    } else {
      four = __builtin_shufflevector(part[0], part[1], 0, 1, 2, 3);
    }
  } else if constexpr (Count > 1) {
    typename Simd<Real, Bytes>::Vec sum[Count / 2];
    for (unsigned i = 0; i < Count / 2; ++i) sum[i] = part[i] + part[i + Count / 2];
    fold<Real, Bytes, Count / 2>(sum, four);
  } else {
    typename Simd<Real, Bytes / 2>::Vec sum;
    add_halves(part[0], sum, std::make_integer_sequence<unsigned, Simd<Real, Bytes / 2>::lanes>{});
    fold<Real, Bytes / 2, 1>(&sum, four);
  }
}

/// Where the first tile's sums begin.
constexpr double no_sums[kernel_gradient_sums] = {};

/// to[i] = from[i] + sum of the lanes of part[i], i < 4.
template <class Real, unsigned Bytes>
[[gnu::always_inline]] inline void add_lanes(const typename Simd<Real, Bytes>::Vec (&part)[4][64 / Bytes],
                                             const double* from, double* to) {
  using FourDoubles __attribute__((vector_size(32), aligned(8), may_alias)) = double;
  FourLanes<Real> r[4];
  for (unsigned i = 0; i < 4; ++i) fold<Real, Bytes, 64 / Bytes>(part[i], r[i]);
  const FourLanes<Real> p =
      __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5) + __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  const FourLanes<Real> q =
      __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5) + __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  const FourLanes<Real> sum =
      __builtin_shufflevector(p, q, 0, 1, 4, 5) + __builtin_shufflevector(p, q, 2, 3, 6, 7);
  *reinterpret_cast<FourDoubles*>(to) =
      *reinterpret_cast<const FourDoubles*>(from) + __builtin_convertvector(sum, FourDoubles);
}

/// x0 ← x0 + B x1, x1 ← x1 + C x0.
template <class Vec>
[[gnu::always_inline]] inline void turn(Vec& x0r, Vec& x0i, Vec& x1r, Vec& x1i, const Vec* k) {
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

/// sum += y ḡ of the two rows, {Re, Im} of y₀ḡ₁ and y₁ḡ₀.
template <class Vec, class Row>
[[gnu::always_inline]] inline void add_products(Vec* sum, const Row& upper, const Row& lower) {
  sum[0] = sum[0] + lower.gr * upper.yr;
  sum[1] = sum[1] + lower.gr * upper.yi;
  sum[2] = sum[2] + upper.gr * lower.yr;
  sum[3] = sum[3] + upper.gr * lower.yi;
  sum[0] = sum[0] + lower.gi * upper.yi;
  sum[1] = sum[1] - lower.gi * upper.yr;
  sum[2] = sum[2] + upper.gi * lower.yi;
  sum[3] = sum[3] - upper.gi * lower.yr;
}

/// One vector's rows from a coupler's outputs to its inputs.
template <bool Swaps, class Vec, class Row>
[[gnu::always_inline]] inline void undo(const Vec* k, Row& upper, Row& lower) {
  if constexpr (Swaps) {
    const Row other = upper;
    upper = lower;
    lower = other;
  }
  turn(upper.yr, upper.yi, lower.yr, lower.yi, k);
  turn(upper.gr, upper.gi, lower.gr, lower.gi, k + 4);
}

template <class Vec, class Real>
[[gnu::always_inline]] inline void broadcast(const Real* coefficients, Vec* k) {
  for (unsigned i = 0; i < 8; ++i) k[i] = coefficients[i] - Vec{};
}

/// All vectors of a tile pass one coupler, in its rows upper and lower.
template <class Real, unsigned Bytes, bool Swaps>
[[gnu::always_inline]] inline void pass_coupler(const Real* coefficients, ReverseRow<Real, Bytes>* upper,
                                                ReverseRow<Real, Bytes>* lower, std::size_t vectors,
                                                const double* from, double* sums) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t parts = 64 / Bytes;
  Vec k[8], sum[4][parts];
  broadcast(coefficients, k);
  for (std::size_t part = 0; part < parts; ++part) {
    Vec s[4] = {};
    for (std::size_t v = part; v < vectors; v += parts) {
      ReverseRow<Real, Bytes> u = upper[v], l = lower[v];
      add_products(s, u, l);
      undo<Swaps>(k, u, l);
      upper[v] = u;
      lower[v] = l;
    }
    for (unsigned i = 0; i < 4; ++i) sum[i][part] = s[i];
  }
  add_lanes<Real, Bytes>(sum, from, sums);
}

/// Vectors of 64 bytes, `Together` side by side, pass a run; its sums are set by the First ones and added to
/// by others.
template <class Real, bool Swaps, unsigned Together, bool First>
[[gnu::always_inline]] inline void pass_run(const GradientTape<Real>& tape, std::size_t begin,
                                            std::size_t end, ReverseRow<Real, 64>* rows, std::size_t vectors,
                                            typename Simd<Real, 64>::Vec (*sums)[4]) {
  using Vec = typename Simd<Real, 64>::Vec;
  ReverseRow<Real, 64> lower[Together];
  ReverseRow<Real, 64>* lower_at = rows + tape.steps[begin].lower * vectors;
  for (unsigned v = 0; v < Together; ++v) lower[v] = lower_at[v];
  for (std::size_t n = begin; n < end; ++n, ++sums) {
    ReverseRow<Real, 64>* const upper_at = rows + tape.steps[n].upper * vectors;
    Vec k[8], s[4];
    broadcast(tape.coefficients + 8 * n, k);
    for (unsigned i = 0; i < 4; ++i) s[i] = First ? Vec{} : (*sums)[i];
    for (unsigned v = 0; v < Together; ++v) {
      ReverseRow<Real, 64> upper = upper_at[v];
      add_products(s, upper, lower[v]);
      undo<Swaps>(k, upper, lower[v]);
      lower_at[v] = lower[v];
      lower[v] = upper;
    }
    for (unsigned i = 0; i < 4; ++i) (*sums)[i] = s[i];
    lower_at = upper_at;
  }
  for (unsigned v = 0; v < Together; ++v) lower_at[v] = lower[v];
}

/// All vectors of a tile pass a run.
template <class Real, bool Swaps>
void pass_run(const GradientTape<Real>& tape, std::size_t begin, std::size_t end, ReverseRow<Real, 64>* rows,
              std::size_t vectors, double* sums, bool adds) {
  typename Simd<Real, 64>::Vec lanes[kernel_gradient_run][4];
  if (vectors > 1) {
    pass_run<Real, Swaps, 2, true>(tape, begin, end, rows, vectors, lanes);
  } else {
    pass_run<Real, Swaps, 1, true>(tape, begin, end, rows, vectors, lanes);
  }
  std::size_t v = 2;
  for (; v + 1 < vectors; v += 2) pass_run<Real, Swaps, 2, false>(tape, begin, end, rows + v, vectors, lanes);
  if (v < vectors) pass_run<Real, Swaps, 1, false>(tape, begin, end, rows + v, vectors, lanes);
  for (std::size_t n = begin; n < end; ++n) {
    const auto& s = lanes[n - begin];
    const typename Simd<Real, 64>::Vec sum[4][1] = {{s[0]}, {s[1]}, {s[2]}, {s[3]}};
    double* const to = sums + kernel_gradient_sums * tape.steps[n].coupler;
    add_lanes<Real, 64>(sum, adds ? to : no_sums, to);
    // Sums stand column by column and are met along diagonals: no processor foresees that.
    constexpr std::size_t ahead = 2 * kernel_gradient_run;
    if (n + ahead < tape.couplers)
      __builtin_prefetch(sums + kernel_gradient_sums * tape.steps[n + ahead].coupler, 1);
    __builtin_prefetch(tape.coefficients + 8 * (n + 4 * ahead));
    __builtin_prefetch(tape.steps + n + 4 * ahead);
  }
}

/// The end of the run that begins at a step: of few couplers, all with or all without swaps (in one loop with
/// a branch, clang++ tears products and sums apart and no longer fuses them), none of whose rows is rescaled
/// before the last.
template <class Real>
std::size_t end_of_run(const GradientTape<Real>& tape, std::size_t begin) {
  const GradientStep* const s = tape.steps;
  std::size_t end = begin + 1;
  while (end < tape.couplers && end - begin < kernel_gradient_run && s[end].lower == s[end - 1].upper &&
         s[end].swaps == s[begin].swaps && !s[end - 1].rescales)
    ++end;
  return end;
}

/// A row of a tile times powers of two.
template <class Real, unsigned Bytes>
void rescale_row(ReverseRow<Real, Bytes>* row, std::size_t vectors, const std::int8_t* shift) {
  // From its bits: a division per halving would take longer than the row.
  using Bits = KernelMask<Real>;
  constexpr Bits mantissa = sizeof(Real) == 4 ? 23 : 52, bias = sizeof(Real) == 4 ? 127 : 1023;
  const auto power = [](Bits exponent) { return __builtin_bit_cast(Real, (bias + exponent) << mantissa); };
  if (shift[0] == 0 && shift[1] == 0) return;
  const Real y = power(shift[0]), g = power(shift[1]);
  for (std::size_t v = 0; v < vectors; ++v) {
    row[v].yr = row[v].yr * y;
    row[v].yi = row[v].yi * y;
    row[v].gr = row[v].gr * g;
    row[v].gi = row[v].gi * g;
  }
}

/// y and g of the tile's samples become rows, Σ y ḡ of each mode part of its sums.
template <class Real, unsigned Bytes>
void enter_tile(const GradientTape<Real>& tape, const GradientBatch<Real>& b, std::size_t first,
                std::size_t vectors, ReverseRow<Real, Bytes>* rows, double* sums, bool adds) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes, parts = 64 / Bytes;
  for (std::size_t m = 0; m < tape.modes; ++m, rows += vectors, sums += kernel_gradient_sums) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t at = first + v * lanes, valid = at < b.end ? b.end - at : 0;
      ReverseRow<Real, Bytes> row{};
      if (valid > 0) {
        row.yr = load<Real, Bytes>(b.y_re + m * b.y_re_stride + at, valid);
        row.yi = load<Real, Bytes>(b.y_im + m * b.y_im_stride + at, valid);
        row.gr = load<Real, Bytes>(b.g_re + m * b.g_re_stride + at, valid);
        row.gi = load<Real, Bytes>(b.g_im + m * b.g_im_stride + at, valid);
      }
      rows[v] = row;
    }
    // In a loop of its own: g++ moves products into the branch above, and then does not fuse them.
    Vec sum[4][parts] = {};
    for (std::size_t v = 0; v < vectors; ++v) {
      const ReverseRow<Real, Bytes>& row = rows[v];
      Vec &re = sum[0][v % parts], &im = sum[1][v % parts];
      re = re + row.gr * row.yr;
      im = im + row.gr * row.yi;
      re = re + row.gi * row.yi;
      im = im - row.gi * row.yr;
    }
    add_lanes<Real, Bytes>(sum, adds ? sums : no_sums, sums);
  }
}

template <class Real, unsigned Bytes>
void leave_tile(const GradientTape<Real>& tape, const GradientBatch<Real>& b, std::size_t first,
                std::size_t vectors, const ReverseRow<Real, Bytes>* rows) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes;
  for (std::size_t m = 0; m < tape.modes; ++m, rows += vectors)
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t at = first + v * lanes;
      if (at >= b.end) break;
      const Real* in = tape.in + 2 * m;
      // Zero starts the sum so that each statement has one way to be fused.
      Vec re = Vec{} + rows[v].gr * in[0], im = Vec{} + rows[v].gi * in[0];
      re = re - rows[v].gi * in[1];
      im = im + rows[v].gr * in[1];
      store<Real, Bytes>(b.g_in_re + m * b.g_in_re_stride + at, re, b.end - at);
      store<Real, Bytes>(b.g_in_im + m * b.g_in_im_stride + at, im, b.end - at);
    }
}

template <class Real, unsigned Bytes>
void gradient(const GradientTape<Real>& tape, const GradientBatch<Real>& b, Real* scratch,
              double* sums) noexcept {
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes, parts = 64 / Bytes;
  auto* const rows = reinterpret_cast<ReverseRow<Real, Bytes>*>(scratch);
  for (std::size_t first = b.begin; first < b.end; first += kernel_gradient_lanes<Real>) {
    const std::size_t left = b.end - first;
    const std::size_t valid = left < kernel_gradient_lanes<Real> ? left : kernel_gradient_lanes<Real>;
    // Whole groups of 64 bytes, the last one filled up with zeros.
    const std::size_t vectors = (valid + parts * lanes - 1) / (parts * lanes) * parts;
    const bool adds = first > b.begin;
    enter_tile(tape, b, first, vectors, rows, sums + kernel_gradient_sums * tape.couplers, adds);
    for (std::size_t n = 0, end; n < tape.couplers; n = end) {
      if constexpr (Bytes == 64) {
        end = end_of_run(tape, n);
        (tape.steps[n].swaps ? pass_run<Real, true> : pass_run<Real, false>)(tape, n, end, rows, vectors,
                                                                             sums, adds);
      } else {
        end = n + 1;
        const GradientStep& step = tape.steps[n];
        const Real* const k = tape.coefficients + 8 * n;
        auto *const upper = rows + step.upper * vectors, *const lower = rows + step.lower * vectors;
        double* const to = sums + kernel_gradient_sums * step.coupler;
        const double* const from = adds ? to : no_sums;
        if (__builtin_expect(step.swaps, 0)) {
          pass_coupler<Real, Bytes, true>(k, upper, lower, vectors, from, to);
        } else {
          pass_coupler<Real, Bytes, false>(k, upper, lower, vectors, from, to);
        }
      }
      const GradientStep& last = tape.steps[end - 1];
      if (__builtin_expect(last.rescales, 0)) {
        rescale_row(rows + last.upper * vectors, vectors, last.shift);
        rescale_row(rows + last.lower * vectors, vectors, last.shift + 2);
      }
    }
    if (b.g_in_re) leave_tile(tape, b, first, vectors, rows);
  }
}

}  // namespace
}  // namespace fringe
