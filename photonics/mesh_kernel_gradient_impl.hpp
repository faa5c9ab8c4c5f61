// Reverse propagation with vector extensions; included by each instruction set's source file. Per coupler and
// vector of samples 24 multiply-adds (8 undo the coupler for y, 8 take g through it, 8 form its sums), which
// the kernel is bound by as long as rows come from the nearest cache, where the steps' order keeps them, and
// few of them are stored: one of 64 bytes may take the place of two multiply-adds. With 32 registers, two
// vectors climb the mesh along one or two diagonals of couplers: a row is loaded and stored once for both,
// and each coefficient fetched once for both vectors. With 16, all vectors of the tile pass one coupler, and
// its sums stay in registers.
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

/// to[i] = from[i] + sum[i].
template <class Four, class Sum>
[[gnu::always_inline]] inline void add_sums(const Sum* from, const Four& sum, Sum* to) {
  using Sums __attribute__((vector_size(4 * sizeof(Sum)), aligned(sizeof(Sum)), may_alias)) = Sum;
  *reinterpret_cast<Sums*>(to) = *reinterpret_cast<const Sums*>(from) + __builtin_convertvector(sum, Sums);
}

/// Where the first tile's sums begin.
template <class Real>
constexpr Real no_sums[kernel_gradient_sums] = {};

/// to[i] = from[i] + sum of the lanes of part[i], i < 4.
template <class Real, unsigned Bytes, class Sum>
[[gnu::always_inline]] inline void add_lanes(const typename Simd<Real, Bytes>::Vec (&part)[4][64 / Bytes],
                                             const Sum* from, Sum* to) {
  FourLanes<Real> r[4];
  for (unsigned i = 0; i < 4; ++i) fold<Real, Bytes, 64 / Bytes>(part[i], r[i]);
  const FourLanes<Real> p =
      __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5) + __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  const FourLanes<Real> q =
      __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5) + __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  const FourLanes<Real> sum =
      __builtin_shufflevector(p, q, 0, 1, 4, 5) + __builtin_shufflevector(p, q, 2, 3, 6, 7);
  add_sums(from, sum, to);
}

/// Quads of lanes q[0], q[1], … of a, and behind them of b, plus those that stand `Step` quads further on.
template <unsigned Step, unsigned... Q, class Vec, unsigned... I>
[[gnu::always_inline]] inline void add_quads(const Vec& a, const Vec& b, Vec& sum,
                                             std::integer_sequence<unsigned, I...>) {
  constexpr unsigned q[] = {Q...};
  sum = __builtin_shufflevector(a, b, (4 * q[I / 4] + I % 4)...) +
        __builtin_shufflevector(a, b, (4 * (q[I / 4] + Step) + I % 4)...);
}

/// Each lane becomes the sum of its quad.
template <class Vec, unsigned... I>
[[gnu::always_inline]] inline void add_within_quads(Vec& v, std::integer_sequence<unsigned, I...>) {
  v = v + __builtin_shufflevector(v, v, (I ^ 2)...);
  v = v + __builtin_shufflevector(v, v, (I ^ 1)...);
}

/// The same of four vectors of 64 bytes, which are added side by side: equal bits.
template <class Real>
[[gnu::always_inline]] inline void add_lanes(const typename Simd<Real, 64>::Vec (&part)[4], const Real* from,
                                             Real* to) {
  constexpr auto lanes = std::make_integer_sequence<unsigned, Simd<Real, 64>::lanes>();
  typename Simd<Real, 64>::Vec ab, cd;
  if constexpr (sizeof(Real) == 4) {
    add_quads<2, 0, 1, 4, 5>(part[0], part[1], ab, lanes);
    add_quads<2, 0, 1, 4, 5>(part[2], part[3], cd, lanes);
    add_quads<1, 0, 2, 4, 6>(ab, cd, ab, lanes);
    add_within_quads(ab, lanes);
    cd = ab;
  } else {
    add_quads<1, 0, 2>(part[0], part[1], ab, lanes);
    add_quads<1, 0, 2>(part[2], part[3], cd, lanes);
    add_within_quads(ab, lanes);
    add_within_quads(cd, lanes);
  }
  const FourLanes<Real> sum = __builtin_shufflevector(ab, cd, 0, 4, 8, 12);
  add_sums(from, sum, to);
}

/// x0 ← x0 + B x1, x1 ← x1 + C x0; k: {Re B, Im B, Re C, Im C}. One row after the other takes two registers
/// beside the rows.
template <class Vec>
[[gnu::always_inline]] inline void turn(Vec& x0r, Vec& x0i, Vec& x1r, Vec& x1i, const Vec* k) {
  const Vec ar = x0r, ai = x0i;
  x0r = x0r + x1r * k[0];
  x0i = x0i + x1i * k[0];
  x0r = x0r - x1i * k[1];
  x0i = x0i + x1r * k[1];
  x1r = x1r + ar * k[2];
  x1i = x1i + ai * k[2];
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
template <class Vec, class Row>
[[gnu::always_inline]] inline void undo(const Vec* k, Row& upper, Row& lower) {
  turn(upper.yr, upper.yi, lower.yr, lower.yi, k);
  turn(upper.gr, upper.gi, lower.gr, lower.gi, k + 4);
}

template <unsigned Count, class Vec, class Real>
[[gnu::always_inline]] inline void broadcast(const Real* coefficients, Vec* k) {
  for (unsigned i = 0; i < Count; ++i) k[i] = coefficients[i] - Vec{};
}

/// All vectors of a tile pass one coupler, in its rows upper and lower.
template <class Real, unsigned Bytes, bool Swaps>
[[gnu::always_inline]] inline void pass_coupler(const Real* coefficients, ReverseRow<Real, Bytes>* upper,
                                                ReverseRow<Real, Bytes>* lower, std::size_t vectors,
                                                const Real* from, Real* sums) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t parts = 64 / Bytes;
  Vec k[8], sum[4][parts];
  broadcast<8>(coefficients, k);
  for (std::size_t part = 0; part < parts; ++part) {
    Vec s[4] = {};
    for (std::size_t v = part; v < vectors; v += parts) {
      ReverseRow<Real, Bytes> u = upper[v], l = lower[v];
      add_products(s, u, l);
      if constexpr (Swaps) {
        const auto other = u;
        u = l;
        l = other;
      }
      undo(k, u, l);
      upper[v] = u;
      lower[v] = l;
    }
    for (unsigned i = 0; i < 4; ++i) sum[i][part] = s[i];
  }
  add_lanes<Real, Bytes>(sum, from, sums);
}

/// Vectors of one row times powers of two.
template <class Real, unsigned Bytes>
[[gnu::always_inline]] inline void rescale(ReverseRow<Real, Bytes>* row, std::size_t vectors,
                                           const std::int8_t* shift) {
  // From its bits: a division per halving would take longer than the row.
  using Bits = KernelMask<Real>;
  constexpr Bits mantissa = sizeof(Real) == 4 ? 23 : 52, bias = sizeof(Real) == 4 ? 127 : 1023;
  const auto power = [](Bits exponent) { return __builtin_bit_cast(Real, (bias + exponent) << mantissa); };
  const Real y = power(shift[0]), g = power(shift[1]);
  for (std::size_t v = 0; v < vectors; ++v) {
    row[v].yr = row[v].yr * y;
    row[v].yi = row[v].yi * y;
    row[v].gr = row[v].gr * g;
    row[v].gi = row[v].gi * g;
  }
}

/// `Together` vectors of 64 bytes side by side climb a run of `Diagonals`; its sums are set by the First ones
/// and added to by others.
template <class Real, unsigned Diagonals, unsigned Together, bool First>
struct Climb {
  using Row = ReverseRow<Real, 64>;
  using Vec = typename Simd<Real, 64>::Vec;
  Row w[Diagonals + 1][Together];  ///< rows in flight, the uppermost first
  Row* at[Diagonals + 1];

  /// What stands in registers here: arithmetic of one side of a branch stays there, and products are fused
  /// with their sums by every compiler.
  [[gnu::always_inline]] static void pin(Row* row) {
#pragma GCC unroll 4
    for (unsigned v = 0; v < Together; ++v)
      asm("" : "+v"(row[v].yr), "+v"(row[v].yi), "+v"(row[v].gr), "+v"(row[v].gi));
  }
  [[gnu::always_inline]] static void pass(const GradientStep& step, const Real* coefficients, Row* upper,
                                          Row* lower, Vec* sums) {
    Vec s[4];
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; ++i) s[i] = First ? Vec{} : sums[i];
#pragma GCC unroll 4
    for (unsigned v = 0; v < Together; ++v) add_products(s, upper[v], lower[v]);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; ++i) sums[i] = s[i];
    if (__builtin_expect(step.swaps, 0))
#pragma GCC unroll 4
      for (unsigned v = 0; v < Together; ++v) {
        const Row other = upper[v];
        upper[v] = lower[v];
        lower[v] = other;
      }
    pin(upper);
    pin(lower);
    Vec k[4];
    broadcast<4>(coefficients, k);
#pragma GCC unroll 4
    for (unsigned v = 0; v < Together; ++v) turn(upper[v].yr, upper[v].yi, lower[v].yr, lower[v].yi, k);
    broadcast<4>(coefficients + 4, k);
#pragma GCC unroll 4
    for (unsigned v = 0; v < Together; ++v) turn(upper[v].gr, upper[v].gi, lower[v].gr, lower[v].gi, k);
    pin(upper);
    pin(lower);
    if (__builtin_expect(step.rescales, 0)) {
      rescale(upper, Together, step.shift);
      rescale(lower, Together, step.shift + 2);
    }
  }
  /// Called for well ahead of their use: sums stand column by column and are met along diagonals, which no
  /// processor foresees; coefficients and steps of a large mesh come from the third cache.
  [[gnu::always_inline]] static void call_for(const GradientTape<Real>& tape, const GradientStep* step,
                                              const Real* coefficients, const Real* sums) {
    constexpr std::size_t ahead = 2 * kernel_gradient_run, far_ahead = 4 * ahead;
    if (tape.steps + tape.couplers - step >= static_cast<std::ptrdiff_t>(ahead + Diagonals))
#pragma GCC unroll 4
      for (unsigned d = 0; d < Diagonals; ++d)
        __builtin_prefetch(sums + kernel_gradient_sums * step[ahead + d].coupler, 1);
    __builtin_prefetch(coefficients + 8 * far_ahead);
    __builtin_prefetch(step + far_ahead);
  }
  [[gnu::always_inline]] void run(const GradientTape<Real>& tape, const GradientRun& run, Row* rows,
                                  std::size_t vectors, Vec (*sums)[4], const Real* all_sums) {
    const GradientStep* step = tape.steps + run.begin;
    const Real* k = tape.coefficients + 8 * run.begin;
#pragma GCC unroll 4
    for (unsigned d = 0; d < Diagonals; ++d) {
      at[d + 1] = rows + step[d].lower * vectors;
#pragma GCC unroll 4
      for (unsigned v = 0; v < Together; ++v) w[d + 1][v] = at[d + 1][v];
    }
    for (const GradientStep* const end = tape.steps + run.end; step != end; step += Diagonals) {
      if constexpr (First) call_for(tape, step, k, all_sums);
      at[0] = rows + step->upper * vectors;
#pragma GCC unroll 4
      for (unsigned v = 0; v < Together; ++v) w[0][v] = at[0][v];
#pragma GCC unroll 4
      for (unsigned d = 0; d < Diagonals; ++d) pass(step[d], k + 8 * d, w[d], w[d + 1], sums[d]);
#pragma GCC unroll 4
      for (unsigned v = 0; v < Together; ++v) at[Diagonals][v] = w[Diagonals][v];
#pragma GCC unroll 4
      for (unsigned d = Diagonals; d > 0; --d) {
        at[d] = at[d - 1];
#pragma GCC unroll 4
        for (unsigned v = 0; v < Together; ++v) w[d][v] = w[d - 1][v];
      }
      k += 8 * Diagonals;
      sums += Diagonals;
    }
#pragma GCC unroll 4
    for (unsigned d = 0; d < Diagonals; ++d)
#pragma GCC unroll 4
      for (unsigned v = 0; v < Together; ++v) at[d + 1][v] = w[d + 1][v];
  }
};

/// All vectors of a tile pass a run.
template <class Real, unsigned Diagonals>
void pass_run(const GradientTape<Real>& tape, const GradientRun& run, ReverseRow<Real, 64>* rows,
              std::size_t vectors, Real* sums, bool adds) {
  typename Simd<Real, 64>::Vec lanes[2 * kernel_gradient_run][4];
  if (vectors > 1) {
    Climb<Real, Diagonals, 2, true>().run(tape, run, rows, vectors, lanes, sums);
  } else {
    Climb<Real, Diagonals, 1, true>().run(tape, run, rows, vectors, lanes, sums);
  }
  std::size_t v = 2;
  for (; v + 1 < vectors; v += 2)
    Climb<Real, Diagonals, 2, false>().run(tape, run, rows + v, vectors, lanes, sums);
  if (v < vectors) Climb<Real, Diagonals, 1, false>().run(tape, run, rows + v, vectors, lanes, sums);
  for (std::size_t n = run.begin; n < run.end; ++n) {
    Real* const to = sums + kernel_gradient_sums * tape.steps[n].coupler;
    add_lanes<Real>(lanes[n - run.begin], adds ? to : no_sums<Real>, to);
  }
}

/// All vectors of a tile pass one coupler after the other.
template <class Real, unsigned Bytes>
void pass_couplers(const GradientTape<Real>& tape, ReverseRow<Real, Bytes>* rows, std::size_t vectors,
                   Real* sums, bool adds) {
  for (std::size_t n = 0; n < tape.couplers; ++n) {
    const GradientStep& step = tape.steps[n];
    const Real* const k = tape.coefficients + 8 * n;
    auto *const upper = rows + step.upper * vectors, *const lower = rows + step.lower * vectors;
    Real* const to = sums + kernel_gradient_sums * step.coupler;
    const Real* const from = adds ? to : no_sums<Real>;
    if (__builtin_expect(step.swaps, 0)) {
      pass_coupler<Real, Bytes, true>(k, upper, lower, vectors, from, to);
    } else {
      pass_coupler<Real, Bytes, false>(k, upper, lower, vectors, from, to);
    }
    if (__builtin_expect(step.rescales, 0)) {
      rescale(upper, vectors, step.shift);
      rescale(lower, vectors, step.shift + 2);
    }
  }
}

/// y and g of the tile's samples become rows, Σ y ḡ of each mode part of its sums.
template <class Real, unsigned Bytes>
void enter_tile(const GradientTape<Real>& tape, const GradientBatch<Real>& b, std::size_t first,
                std::size_t vectors, ReverseRow<Real, Bytes>* rows, Real* sums, bool adds) {
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
    add_lanes<Real, Bytes>(sum, adds ? sums : no_sums<Real>, sums);
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
              Real* sums) noexcept {
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes, parts = 64 / Bytes;
  auto* const rows = reinterpret_cast<ReverseRow<Real, Bytes>*>(scratch);
  for (std::size_t first = b.begin; first < b.end; first += kernel_gradient_lanes<Real>) {
    const std::size_t left = b.end - first;
    const std::size_t valid = left < kernel_gradient_lanes<Real> ? left : kernel_gradient_lanes<Real>;
    // Whole groups of 64 bytes, the last one filled up with zeros.
    const std::size_t vectors = (valid + parts * lanes - 1) / (parts * lanes) * parts;
    const bool adds = first > b.begin;
    enter_tile(tape, b, first, vectors, rows, sums + kernel_gradient_sums * tape.couplers, adds);
    if constexpr (Bytes == 64) {
      for (const GradientRun* run = tape.runs; run != tape.runs + tape.run_count; ++run)
        (run->diagonals == 2 ? pass_run<Real, 2> : pass_run<Real, 1>)(tape, *run, rows, vectors, sums, adds);
    } else {
      pass_couplers(tape, rows, vectors, sums, adds);
    }
    if (b.g_in_re) leave_tile(tape, b, first, vectors, rows);
  }
}

}  // namespace
}  // namespace fringe
