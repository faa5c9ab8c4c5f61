// The mesh kernel, written once with vector extensions; each instruction set's source file includes it under
// its own flags. Everything is local to that file. One product per statement: contraction to multiply-add is
// then the same in every compiler.
#pragma once

#include <utility>

#include "photonics/mesh_kernel.hpp"

namespace fringe {
namespace {

template <class Real, unsigned Bytes>
struct Simd {
  static constexpr unsigned lanes = Bytes / sizeof(Real);
  using Vec __attribute__((vector_size(Bytes))) = Real;
  using Unaligned __attribute__((vector_size(Bytes), aligned(sizeof(Real)), may_alias)) = Real;
  using Mask __attribute__((vector_size(Bytes))) = KernelMask<Real>;
};

/// One mode of a tile: U vectors of samples.
template <class Real, unsigned Bytes, unsigned U>
struct Row {
  typename Simd<Real, Bytes>::Vec re[U], im[U];
};

template <class Real, unsigned Bytes, unsigned U, bool Swaps>
[[gnu::always_inline]] inline void rotate(Row<Real, Bytes, U>& x0, Row<Real, Bytes, U>& x1, const Real* k,
                                          const KernelMask<Real>* swap) {
  using S = Simd<Real, Bytes>;
  for (unsigned u = 0; u < U; ++u) {
    typename S::Vec ar = x0.re[u], ai = x0.im[u], br = x1.re[u], bi = x1.im[u];
    if constexpr (Swaps) {
      const typename S::Mask m = *swap - typename S::Mask{};
      const typename S::Vec tr = m ? br : ar, ti = m ? bi : ai;
      br = m ? ar : br;
      bi = m ? ai : bi;
      ar = tr;
      ai = ti;
    }
    typename S::Vec yr = ar, yi = ai, zr = br, zi = bi;
    yr = yr + br * k[0];
    yi = yi + bi * k[0];
    zr = zr + ar * k[2];
    zi = zi + ai * k[2];
    yr = yr - bi * k[1];
    yi = yi + br * k[1];
    zr = zr - ai * k[3];
    zi = zi + ar * k[3];
    x0.re[u] = yr;
    x0.im[u] = yi;
    x1.re[u] = zr;
    x1.im[u] = zi;
  }
}

/// P sweeps in flight over a window of P + 1 rows that moves down the mesh. Sweep j turns the pair of rows j
/// above the newest. Packs instead of loops: compilers then keep the window in registers.
template <class Real, unsigned Bytes, unsigned U, bool Swaps, unsigned P>
struct Wave {
  Row<Real, Bytes, U> w[P + 1];
  Row<Real, Bytes, U>* x;
  const Real* k;
  const KernelMask<Real>* swap;

  template <unsigned N>
  using Count = std::make_integer_sequence<unsigned, N>;

  /// Sweeps first, first + 1, … meet their next coupler.
  template <unsigned First, unsigned... J>
  [[gnu::always_inline]] void turn(std::integer_sequence<unsigned, J...>) {
    (rotate<Real, Bytes, U, Swaps>(w[P - 1 - First - J], w[P - First - J], k + 4 * J, swap + J), ...);
    k += 4 * sizeof...(J);
    swap += sizeof...(J);
  }
  template <unsigned... J>
  [[gnu::always_inline]] void shift(std::integer_sequence<unsigned, J...>) {
    ((w[J] = w[J + 1]), ...);
  }
  [[gnu::always_inline]] void leave() {
    *x++ = w[0];
    shift(Count<P>{});
  }
  template <unsigned First, unsigned Active>
  [[gnu::always_inline]] void position() {
    w[P] = x[P];
    turn<First>(Count<Active>{});
    leave();
  }

  template <unsigned... I>
  [[gnu::always_inline]] void load(std::integer_sequence<unsigned, I...>) {
    ((w[I] = x[I]), ...);
  }
  template <unsigned... I>
  [[gnu::always_inline]] void store(std::integer_sequence<unsigned, I...>) {
    ((x[I] = w[I]), ...);
  }
  template <unsigned I>
  [[gnu::always_inline]] void head_position_at_edge() {
    w[P] = x[I + 1];
    turn<0>(Count<I + 1>{});
    shift(Count<P>{});
  }
  template <unsigned... I>
  [[gnu::always_inline]] void head(std::integer_sequence<unsigned, I...>, bool at_edge) {
    if (at_edge) {
      w[P - 1] = x[0];
      (head_position_at_edge<I>(), ...);
    } else {
      load(Count<P>{});
      (position<P - 1 - I, I + 1>(), ...);
    }
  }
  template <unsigned I>
  [[gnu::always_inline]] void tail_position_at_edge() {
    turn<I + 1>(Count<P - 1 - I>{});
    leave();
  }
  template <unsigned... I>
  [[gnu::always_inline]] void tail(std::integer_sequence<unsigned, I...>, bool at_edge) {
    if (at_edge) {
      (tail_position_at_edge<I>(), ...);
      x[0] = w[0];
    } else {
      (position<0, P - 1 - I>(), ...);
      store(Count<P>{});
    }
  }
  [[gnu::always_inline]] void run(std::size_t count, bool head_at_edge, bool tail_at_edge) {
    head(Count<P - 1>{}, head_at_edge);
    for (std::size_t t = 0; t < count; ++t) position<0, P>();
    tail(Count<P - 1>{}, tail_at_edge);
  }
};

template <class Real, unsigned Bytes, unsigned U, bool Swaps>
void run_steps(const KernelTape<Real>& tape, const KernelGroup& group, Row<Real, Bytes, U>* x, const Real*& k,
               const KernelMask<Real>*& swap) {
  for (const KernelStep* s = tape.steps + group.step_begin; s != tape.steps + group.step_end; ++s) {
    if (s->kind == KernelStep::wave) {
      Wave<Real, Bytes, U, Swaps, kernel_fused> wave;
      wave.x = x + s->row;
      wave.k = k;
      wave.swap = swap;
      wave.run(s->count, s->head_at_edge, s->tail_at_edge);
      k = wave.k;
      swap = wave.swap;
    } else if (s->kind == KernelStep::sweep) {
      Wave<Real, Bytes, U, Swaps, 1> wave;
      wave.x = x + s->row;
      wave.k = k;
      wave.swap = swap;
      wave.run(s->count, true, true);
      k = wave.k;
      swap = wave.swap;
    } else {
      const KernelPair* pair = tape.pairs + s->row;
      for (unsigned i = 0; i < s->count; ++i, k += 4, ++swap)
        rotate<Real, Bytes, U, Swaps>(x[pair[i].upper], x[pair[i].lower], k, swap);
    }
  }
}

/// A vector of `valid` samples; missing ones are zero.
template <class Real, unsigned Bytes>
[[gnu::always_inline]] inline typename Simd<Real, Bytes>::Vec load(const Real* p, unsigned valid) {
  using S = Simd<Real, Bytes>;
  if (valid == S::lanes) return *reinterpret_cast<const typename S::Unaligned*>(p);
  typename S::Vec v{};
  for (unsigned i = 0; i < valid; ++i) v[i] = p[i];
  return v;
}

template <class Real, unsigned Bytes>
[[gnu::always_inline]] inline void store(Real* p, typename Simd<Real, Bytes>::Vec v, unsigned valid) {
  using S = Simd<Real, Bytes>;
  if (valid == S::lanes) {
    *reinterpret_cast<typename S::Unaligned*>(p) = v;
  } else {
    for (unsigned i = 0; i < valid; ++i) p[i] = v[i];
  }
}

/// Samples [first, first + valid), valid ≤ U·lanes.
template <class Real, unsigned Bytes, unsigned U>
void propagate_tile(const KernelTape<Real>& tape, const KernelBatch<Real>& b, std::size_t first,
                    unsigned valid, Real* scratch) {
  using S = Simd<Real, Bytes>;
  auto* x = reinterpret_cast<Row<Real, Bytes, U>*>(scratch);
  for (unsigned u = 0; u < U; ++u) {
    const unsigned done = u * S::lanes;
    const unsigned here = valid <= done ? 0 : valid - done < S::lanes ? valid - done : S::lanes;
    for (std::size_t m = 0; m < tape.modes; ++m) {
      x[m].re[u] = load<Real, Bytes>(b.in_re + m * b.in_re_stride + first + done, here);
      x[m].im[u] =
          b.in_im ? load<Real, Bytes>(b.in_im + m * b.in_im_stride + first + done, here) : typename S::Vec{};
    }
  }
  const Real* k = tape.coefficients;
  const KernelMask<Real>* swap = tape.swaps;
  for (const KernelGroup* g = tape.groups; g != tape.groups + tape.group_count; ++g) {
    for (std::size_t i = g->rescale_begin; i < g->rescale_end; ++i) {
      Row<Real, Bytes, U>& row = x[tape.rescales[i].row];
      for (unsigned u = 0; u < U; ++u) {
        row.re[u] = row.re[u] * tape.rescales[i].factor;
        row.im[u] = row.im[u] * tape.rescales[i].factor;
      }
    }
    if (g->swaps) {
      run_steps<Real, Bytes, U, true>(tape, *g, x, k, swap);
    } else {
      run_steps<Real, Bytes, U, false>(tape, *g, x, k, swap);
    }
  }
  for (unsigned u = 0; u < U; ++u) {
    const unsigned done = u * S::lanes;
    const unsigned here = valid <= done ? 0 : valid - done < S::lanes ? valid - done : S::lanes;
    for (std::size_t m = 0; m < tape.modes; ++m) {
      const typename S::Vec zero{};
      typename S::Vec yr = zero + x[m].re[u] * tape.out_re[m], yi = zero + x[m].im[u] * tape.out_re[m];
      yr = yr - x[m].im[u] * tape.out_im[m];
      yi = yi + x[m].re[u] * tape.out_im[m];
      store<Real, Bytes>(b.out_re + m * b.out_re_stride + first + done, yr, here);
      store<Real, Bytes>(b.out_im + m * b.out_im_stride + first + done, yi, here);
    }
  }
}

/// Tiles of U vectors, then of one.
template <class Real, unsigned Bytes, unsigned U>
void propagate(const KernelTape<Real>& tape, const KernelBatch<Real>& b, Real* scratch) noexcept {
  constexpr unsigned lanes = Simd<Real, Bytes>::lanes;
  static_assert(U * lanes <= kernel_scratch_lanes);
  std::size_t first = b.begin;
  while (first < b.end) {
    const std::size_t left = b.end - first;
    if (U > 1 && left > lanes) {
      const unsigned valid = left < U * lanes ? static_cast<unsigned>(left) : U * lanes;
      propagate_tile<Real, Bytes, U>(tape, b, first, valid, scratch);
      first += valid;
    } else {
      const unsigned valid = left < lanes ? static_cast<unsigned>(left) : lanes;
      propagate_tile<Real, Bytes, 1>(tape, b, first, valid, scratch);
      first += valid;
    }
  }
}

}  // namespace
}  // namespace fringe
