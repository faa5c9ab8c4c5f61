// One vector through a mesh whose columns couple neighbours in turns, {0,1} {2,3} … then {1,2} {3,4} …: modes
// lie over the lanes. With the upper modes of a column's couplers in f and the lower ones in s, every column
// is
//   y₀ = f + B∘s,  y₁ = s + C∘f;   f ← y₁,  s ← y₀ turned by one place,
// after which f and s hold the upper and lower modes of the next column: a ring that turns. Fast because
// nothing is gathered: all loads are aligned and in order, four coefficients a coupler. The multiply-adds are
// the tile kernel's, in its order, so a vector has the same bits in both.
#pragma once

#include "photonics/mesh_kernel_impl.hpp"

namespace fringe {
namespace {

/// {a₁, …, a_last, b₀}
template <class Vec, int... I>
[[gnu::always_inline]] inline Vec next_lane(Vec a, Vec b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (I + 1)...);
}

/// One column; Vectors: length / lanes where known, 0 elsewhere.
template <class Real, unsigned Bytes, std::size_t Vectors>
[[gnu::always_inline]] inline void ring_column(const Real* coefficients, std::size_t length, Real* ring) {
  using Vec = typename Simd<Real, Bytes>::Vec;
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes;
  constexpr std::make_integer_sequence<int, static_cast<int>(lanes)> turn{};
  const std::size_t vectors = Vectors > 0 ? Vectors : length / lanes;
  constexpr std::size_t line = 64 / Bytes;  // vectors
  auto* f = reinterpret_cast<Vec*>(ring);
  auto* s = f + 2 * vectors;
  struct Pair {
    Vec re, im;
  };
  /// f[i] ← y₁; returns y₀.
  const auto couple = [&](std::size_t i) {
    const auto* column = reinterpret_cast<const Vec*>(coefficients);
    const auto* k = column + 4 * (i - i % line) + i % line;
    // What isn't in the first cache is called for 32 vectors ahead; whole lines come as fast by themselves.
    if constexpr (Bytes < 64 && (Vectors == 0 || Vectors > 4))
      for (std::size_t part = 0; part < 4; part += line) __builtin_prefetch(column + 4 * i + part + 32);
    const Vec ar = f[i], ai = f[vectors + i], br = s[i], bi = s[vectors + i];
    Vec yr = ar, yi = ai, zr = br, zi = bi;
    yr = yr + br * k[0];
    yi = yi + bi * k[0];
    zr = zr + ar * k[2 * line];
    zi = zi + ai * k[2 * line];
    yr = yr - bi * k[line];
    yi = yi + br * k[line];
    zr = zr - ai * k[3 * line];
    zi = zi + ar * k[3 * line];
    f[i] = zr;
    f[vectors + i] = zi;
    return Pair{yr, yi};
  };
  const auto place = [&](std::size_t i, const Pair& here, const Pair& next) {
    s[i] = next_lane(here.re, next.re, turn);
    s[vectors + i] = next_lane(here.im, next.im, turn);
  };
  const Pair first = couple(0);
  Pair last = first;
  for (std::size_t i = 1; i < vectors; ++i) {
    const Pair here = couple(i);
    place(i - 1, last, here);
    last = here;
  }
  place(vectors - 1, last, first);
}

template <class Real, unsigned Bytes, std::size_t Vectors>
void ring_columns(const Real* coefficients, std::size_t count, std::size_t length, Real* fields) {
  if constexpr (Vectors > 0 && Vectors <= 4) {
    // In registers, or as near to them as the compiler can.
    constexpr std::size_t size = 4 * Vectors * Simd<Real, Bytes>::lanes;
    alignas(64) Real ring[size];
    for (std::size_t i = 0; i < size; ++i) ring[i] = fields[i];
    for (std::size_t c = 0; c < count; ++c)
      ring_column<Real, Bytes, Vectors>(coefficients + 4 * length * c, length, ring);
    for (std::size_t i = 0; i < size; ++i) fields[i] = ring[i];
  } else {
    for (std::size_t c = 0; c < count; ++c)
      ring_column<Real, Bytes, Vectors>(coefficients + 4 * length * c, length, fields);
  }
}

/// scratch: 4·length Reals, aligned to 64 bytes.
template <class Real, unsigned Bytes>
void ring(const RingTape<Real>& tape, const KernelBatch<Real>& b, Real* scratch) noexcept {
  using Vec = typename Simd<Real, Bytes>::Vec;
  const std::size_t length = tape.length, vectors = length / Simd<Real, Bytes>::lanes;
  auto* x = reinterpret_cast<Vec*>(scratch);
  const auto pass = vectors == 2   ? ring_columns<Real, Bytes, 2>
                    : vectors == 4 ? ring_columns<Real, Bytes, 4>
                    : vectors == 8 ? ring_columns<Real, Bytes, 8>
                                   : ring_columns<Real, Bytes, 0>;
  for (std::size_t sample = b.begin; sample < b.end; ++sample) {
    for (std::size_t i = 0; i < 4 * vectors; ++i) x[i] = Vec{};
    for (std::size_t m = 0; m < tape.modes; ++m)
      scratch[tape.enter[m]] = b.in_re[m * b.in_re_stride + sample];
    if (b.in_im)
      for (std::size_t m = 0; m < tape.modes; ++m)
        scratch[tape.enter[m] + length] = b.in_im[m * b.in_im_stride + sample];
    const RingRescale* rescale = tape.rescales;
    for (std::size_t column = 0; column < tape.columns;) {
      if (rescale != tape.rescales_end && rescale->column == column) {
        const auto* factor = reinterpret_cast<const Vec*>(tape.factors + rescale->first);
        for (std::size_t half = 0; half < 2; ++half)
          for (std::size_t i = 0; i < vectors; ++i) {
            x[2 * half * vectors + i] = x[2 * half * vectors + i] * factor[half * vectors + i];
            x[(2 * half + 1) * vectors + i] = x[(2 * half + 1) * vectors + i] * factor[half * vectors + i];
          }
        ++rescale;
      }
      const std::size_t end = rescale != tape.rescales_end ? rescale->column : tape.columns;
      pass(tape.coefficients + 4 * length * column, end - column, length, scratch);
      column = end;
    }
    for (std::size_t half = 0; half < 2; ++half) {
      const auto* out_re = reinterpret_cast<const Vec*>(tape.out_re) + half * vectors;
      const auto* out_im = reinterpret_cast<const Vec*>(tape.out_im) + half * vectors;
      for (std::size_t i = 0; i < vectors; ++i) {
        // As in the tile kernel.
        const Vec zero{}, re = x[2 * half * vectors + i], im = x[(2 * half + 1) * vectors + i];
        Vec yr = zero + re * out_re[i], yi = zero + im * out_re[i];
        yr = yr - im * out_im[i];
        yi = yi + re * out_im[i];
        x[2 * half * vectors + i] = yr;
        x[(2 * half + 1) * vectors + i] = yi;
      }
    }
    for (std::size_t m = 0; m < tape.modes; ++m) {
      const Real* place = scratch + tape.leave[m];
      b.out_re[m * b.out_re_stride + sample] = place[0];
      b.out_im[m * b.out_im_stride + sample] = place[length];
    }
  }
}

}  // namespace
}  // namespace fringe
