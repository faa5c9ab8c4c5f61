// The mesh kernel, written once with vector extensions; each instruction set's source file includes it under
// its own flags. Everything is local to that file.
//
// It is fast because a coupler takes eight multiply-adds (compiled_mesh.hpp), four sweeps of couplers pass
// through the registers together, so that a row is loaded and stored once for four of its couplers, and
// coefficients come as one stream. With 32 registers a tile is two vectors wide and shares what is fetched.
// Rows that trade places do so by a branch, which leaves the multiply-adds alone where it is foreseen; groups
// of sweeps in which none do run without it. One product per statement: contraction to multiply-add is then
// the same in every compiler.
#pragma once

#include <utility>

#include "photonics/mesh_kernel_tiles_impl.hpp"

namespace fringe {
namespace {

template <class Real, unsigned Bytes, unsigned Vectors, bool Swaps>
[[gnu::always_inline]] inline void rotate(Row<Real, Bytes, Vectors>& x0, Row<Real, Bytes, Vectors>& x1,
                                          const Real* k, const KernelMask<Real>* swap) {
  using S = Simd<Real, Bytes>;
  if constexpr (Swaps)
    if (*swap) [[unlikely]]
      std::swap(x0, x1);
#pragma GCC unroll 2
  for (unsigned v = 0; v < Vectors; ++v) {
    typename S::Vec ar = x0.re[v], ai = x0.im[v], br = x1.re[v], bi = x1.im[v];
    typename S::Vec yr = ar, yi = ai, zr = br, zi = bi;
    yr = yr + br * k[0];
    yi = yi + bi * k[0];
    zr = zr + ar * k[2];
    zi = zi + ai * k[2];
    yr = yr - bi * k[1];
    yi = yi + br * k[1];
    zr = zr - ai * k[3];
    zi = zi + ar * k[3];
    x0.re[v] = yr;
    x0.im[v] = yi;
    x1.re[v] = zr;
    x1.im[v] = zi;
  }
}

/// Coefficients are called for so far ahead of their use: those of a large mesh come from the third cache,
/// too late if only the processor foresees it. (Beyond the last of them this does nothing.)
inline constexpr std::size_t bytes_ahead = 4096;

/// P sweeps in flight over a window of P + 1 rows that moves down the mesh. Sweep j turns the pair of rows j
/// above the newest. Packs instead of loops: compilers then keep the window in registers.
template <class Real, unsigned Bytes, unsigned Vectors, bool Swaps, unsigned P>
struct Wave {
  Row<Real, Bytes, Vectors> w[P + 1];
  Row<Real, Bytes, Vectors>* x;
  const Real* k;
  const KernelMask<Real>* swap;

  template <unsigned N>
  using Count = std::make_integer_sequence<unsigned, N>;

  /// Sweeps first, first + 1, … meet their next coupler.
  template <unsigned First, unsigned... J>
  [[gnu::always_inline]] void turn(std::integer_sequence<unsigned, J...>) {
    (rotate<Real, Bytes, Vectors, Swaps>(w[P - 1 - First - J], w[P - First - J], k + 4 * J, swap + J), ...);
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
  /// A full position whose window starts at register R: P + 1 of them in turn move no register.
  template <unsigned R, unsigned... J>
  [[gnu::always_inline]] void turned(std::integer_sequence<unsigned, J...>) {
    for (std::size_t at = 0; at < 4 * P * sizeof(Real); at += 64)
      __builtin_prefetch(reinterpret_cast<const char*>(k) + bytes_ahead + at);
    w[(P + R) % (P + 1)] = x[P];
    (rotate<Real, Bytes, Vectors, Swaps>(w[(P - 1 - J + R) % (P + 1)], w[(P - J + R) % (P + 1)], k + 4 * J,
                                         swap + J),
     ...);
    k += 4 * P;
    swap += P;
    *x++ = w[R];
  }
  template <unsigned... R>
  [[gnu::always_inline]] void full_turn(std::integer_sequence<unsigned, R...>) {
    (turned<R>(Count<P>{}), ...);
  }
  /// The head and some positions are left out: their rows are dark.
  [[gnu::always_inline]] void skip(std::size_t positions, bool head_at_edge) {
    x += head_at_edge ? positions : positions + P - 1;
    k += 4 * (P * (P - 1) / 2 + P * positions);
    swap += P * (P - 1) / 2 + P * positions;
    load(Count<P>{});
  }
  [[gnu::always_inline]] void run(std::size_t count, bool head_at_edge, bool tail_at_edge,
                                  std::size_t skipped) {
    if (skipped > 0)
      skip(skipped, head_at_edge);
    else
      head(Count<P - 1>{}, head_at_edge);
    count -= skipped;
    for (; count > P; count -= P + 1) full_turn(Count<P + 1>{});
    for (; count > 0; --count) position<0, P>();
    tail(Count<P - 1>{}, tail_at_edge);
  }
};

/// Rows of a tile that light has reached, [first, last]. The rest is dark, and couplers of dark rows do
/// nothing: of the identity, light has a cone that saves a third of the work.
struct Lit {
  std::size_t first, last;

  /// Light climbs a row per sweep and follows a sweep down to its end; rows [top, bottom] are the sweeps'.
  bool spread(std::size_t top, std::size_t bottom, std::size_t sweeps) {
    if (top > last) return false;
    if (first > top) first = first - top > sweeps ? first - sweeps : top;
    if (last < bottom) last = bottom;
    return true;
  }
  /// How many of a wave's full positions lie ahead of the first that turns a lit row.
  std::size_t reach(const KernelStep& wave) {
    constexpr std::size_t fused = kernel_fused;
    const std::size_t begin = wave.row + (wave.head_at_edge ? fused - 1 : 2 * (fused - 1));
    const std::size_t dark = first > begin + 1 ? first - begin - 1 : 0;
    if (!spread(wave.row, begin + wave.count + fused - 1, fused)) return wave.count;
    return dark < wave.count ? dark : wave.count;
  }
};

template <class Real, unsigned Bytes, unsigned Vectors, bool Swaps>
void run_steps(const KernelTape<Real>& tape, const KernelGroup& group, Row<Real, Bytes, Vectors>* x,
               const Real*& k, const KernelMask<Real>*& swap, Lit& lit) {
  for (const KernelStep* s = tape.steps + group.step_begin; s != tape.steps + group.step_end; ++s) {
    if (s->kind == KernelStep::wave) {
      Wave<Real, Bytes, Vectors, Swaps, kernel_fused> wave;
      wave.x = x + s->row;
      wave.k = k;
      wave.swap = swap;
      wave.run(s->count, s->head_at_edge, s->tail_at_edge, lit.reach(*s));
      k = wave.k;
      swap = wave.swap;
    } else if (s->kind == KernelStep::sweep) {
      Wave<Real, Bytes, Vectors, Swaps, 1> wave;
      wave.x = x + s->row;
      wave.k = k;
      wave.swap = swap;
      lit.spread(s->row, s->row + s->count, 1);
      wave.run(s->count, true, true, 0);
      k = wave.k;
      swap = wave.swap;
    } else {
      lit = {0, tape.modes};
      const KernelPair* pair = tape.pairs + s->row;
      for (unsigned i = 0; i < s->count; ++i, k += 4, ++swap)
        rotate<Real, Bytes, Vectors, Swaps>(x[pair[i].upper], x[pair[i].lower], k, swap);
    }
  }
}

/// Takes one tile through a group; k, swap and lit advance.
template <class Real, unsigned Bytes, unsigned Vectors>
void run_group(const KernelTape<Real>& tape, const KernelGroup& group, Row<Real, Bytes, Vectors>* x,
               const Real*& k, const KernelMask<Real>*& swap, Lit& lit) {
  for (std::size_t i = group.rescale_begin; i < group.rescale_end; ++i) {
    Row<Real, Bytes, Vectors>& row = x[tape.rescales[i].row];
    for (unsigned v = 0; v < Vectors; ++v) {
      row.re[v] = row.re[v] * tape.rescales[i].factor;
      row.im[v] = row.im[v] * tape.rescales[i].factor;
    }
  }
  if (group.swaps) {
    run_steps<Real, Bytes, Vectors, true>(tape, group, x, k, swap, lit);
  } else {
    run_steps<Real, Bytes, Vectors, false>(tape, group, x, k, swap, lit);
  }
}

/// A part of the second cache that may be counted on.
inline constexpr std::size_t cache_bytes = std::size_t{1} << 18;

/// Takes tiles [0, count), one behind the other, through all groups: as many tiles at a time as stay in the
/// second cache beside a group's coefficients, which are then fetched once for all of them.
template <class Real, unsigned Bytes, unsigned Vectors>
void run_groups(const KernelTape<Real>& tape, Row<Real, Bytes, Vectors>* x, std::size_t count, Lit* lit,
                Trade<Real, Bytes, Vectors>& trade) {
  const std::size_t fit = cache_bytes / (sizeof(*x) * tape.modes), together = fit > 1 ? fit : 1;
  for (std::size_t first = 0; first < count; first += together) {
    const std::size_t end = count - first < together ? count : first + together;
    const Real* k = tape.coefficients;
    const KernelMask<Real>* swap = tape.swaps;
    for (std::size_t g = 0; g < tape.group_count; ++g) {
      const Real* group_k = k;
      const KernelMask<Real>* group_swap = swap;
      for (std::size_t t = first; t < end; ++t) {
        k = group_k;
        swap = group_swap;
        run_group(tape, tape.groups[g], x + t * tape.modes, k, swap, lit[t]);
        if (trade.mode < tape.modes) trade.next();
      }
    }
  }
  while (trade.mode < tape.modes) trade.next();
}

/// Samples [first, first + valid), at most a scratch memory of them, as tiles of `Vectors`; behind them whole
/// blocks, `blocks` in all, in two scratch memories by turns.
template <class Real, unsigned Bytes, unsigned Vectors>
void propagate_blocks(const KernelTape<Real>& tape, const KernelBatch<Real>& b, std::size_t first,
                      std::size_t valid, std::size_t blocks, Real* scratch) {
  using R = Row<Real, Bytes, Vectors>;
  constexpr std::size_t block = kernel_block<Real>, most_tiles = block / R::samples;
  auto* x = reinterpret_cast<R*>(scratch);
  auto* other = x + most_tiles * tape.modes;
  const bool whole = valid % R::samples == 0;
  if (!b.in_re || !b.in_im)
    pack_real(b, tape.modes, first, valid, x);
  else if (whole)
    pack<true>(b, tape.modes, first, valid, x);
  else
    pack<false>(b, tape.modes, first, valid, x);
  for (std::size_t k = 0; k < blocks; ++k) {
    Lit lit[most_tiles];
    std::size_t tiles = 0;
    for (std::size_t at = first; at < first + valid; at += R::samples)
      lit[tiles++] = b.in_re ? Lit{0, tape.modes} : Lit{at, at + R::samples - 1};
    const bool leaves = k > 0, enters = k + 1 < blocks;
    Trade<Real, Bytes, Vectors> trade{
        tape, b, other, leaves || enters ? 0 : tape.modes, first - block, first + block, leaves, enters};
    run_groups(tape, x, tiles, lit, trade);
    if (!enters) break;
    first += block;
    R* const done = x;
    x = other;
    other = done;
  }
  if (whole)
    unpack<true>(tape, b, first, valid, x);
  else
    unpack<false>(tape, b, first, valid, x);
}

/// Two vectors a tile where there are registers for them, and one for what is left.
template <class Real, unsigned Bytes>
void propagate(const KernelTape<Real>& tape, const KernelBatch<Real>& b, Real* scratch) noexcept {
  constexpr std::size_t lanes = Simd<Real, Bytes>::lanes, block = kernel_block<Real>;
  constexpr unsigned wide = Bytes == 64 ? 2 : 1;
  for (std::size_t first = b.begin, here; first < b.end; first += here) {
    // Rows of so many samples come from beyond the second cache, in which both blocks stay.
    const bool far = 4 * sizeof(Real) * tape.modes * (b.end - first) > 4 * cache_bytes &&
                     4 * sizeof(Real) * tape.modes * block <= cache_bytes;
    if (far && b.end - first >= block && b.in_re && b.in_im) {
      const std::size_t whole = (b.end - first) / block;
      here = whole * block;
      propagate_blocks<Real, Bytes, wide>(tape, b, first, block, whole, scratch);
      continue;
    }
    here = b.end - first < block ? b.end - first : block;
    const std::size_t vectors = (here + lanes - 1) / lanes, in_wide = (vectors - vectors % wide) * lanes;
    if (in_wide == 0) {
      propagate_blocks<Real, Bytes, 1>(tape, b, first, here, 1, scratch);
    } else {
      here = here < in_wide ? here : in_wide;
      propagate_blocks<Real, Bytes, wide>(tape, b, first, here, 1, scratch);
    }
  }
}

}  // namespace
}  // namespace fringe
