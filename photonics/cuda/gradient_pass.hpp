// Fields and adjoints back through a mesh on rings of lanes (ring_lane.hpp), all columns in one launch, with
// the sums that the slopes of all phases need: the kernel's body, for a block of the GPU and for its test on
// the host as in ring_pass.hpp.
//
// A lane holds S samples of y and, behind them, the same samples' g: both turn alike. A coupler takes y
// through T⁻¹ and g through Tᴴ, sixteen multiply-adds each, and sums Im and Re of products of the two, ten
// more. Deferred diagonals would take 24 and then a walk through the columns one after the other, as on the
// CPU, or 32 and twice the sums, complex and with factors of their own. Sums are added over the samples of a
// lane, then, in shared memory, over the rings of the block in order, and leave once per block: 16 B per
// coupler.
#pragma once

#include "photonics/cuda/ring_pass.hpp"

namespace fringe::ring {

/// Per coupler: T⁻¹ in two quads, Tᴴ in two.
inline constexpr std::uint32_t reverse_quads = 4;

/// Quads of sums of a coupler, M = Σ y g† behind and M' ahead of it: {Im M₀₀, Im M₁₁, Re(M₀₁ − M₁₀), Im M'₀₀}
/// and, with a front splitter, {Im M'₁₁, Re M'₁₀, Re M'₀₁, 0}.
template <bool Front>
inline constexpr std::uint32_t sum_kinds = Front ? 2 : 1;

/// Samples of a lane: with their adjoints as many vectors as a lane of ring_pass.hpp has.
inline constexpr int back_samples = 4;

/// Threads of a block for a batch, whatever the GPU: sums are then the same on all of them. Large blocks
/// write fewer sums, but first there must be enough blocks for any GPU.
inline std::uint32_t back_threads(std::uint32_t lanes, std::size_t batch) {
  constexpr std::size_t enough_blocks = 512;
  const std::uint32_t unit = lanes <= warp ? warp : ring_span(lanes),
                      most = lanes <= warp ? 4 * warp : wide_warps * warp;
  std::uint32_t threads = unit;
  while (threads + unit <= most &&
         batch > enough_blocks * rings_of_block(threads, lanes) * std::size_t{back_samples})
    threads += unit;
  return threads;
}

/// What a launch works on. y and g are those behind the mesh, and become those ahead of it.
struct GradientPass {
  std::uint32_t lanes = 0, columns = 0;  ///< as in Pass
  const Quad* coefficients = nullptr;    ///< [column][reverse_quads][pairs][lanes]
  const std::int32_t* enter = nullptr;
  const std::int32_t* leave = nullptr;
  const Quad* screen = nullptr;  ///< of each place behind the last column: {1/out, conj(out)}
  Fields<float> y, g;
  Quad* sums = nullptr;  ///< [block][sums_of()]
};

/// Quads per block: of columns [kinds][pairs][lanes] each, then [2][lanes] of the places' output phases.
FRINGE_HD inline std::size_t sums_of(std::uint32_t lanes, std::uint32_t columns, std::uint32_t kinds) {
  return (std::size_t{columns} * kinds * pairs + 2) * lanes;
}

/// sum + Im a·b̄, and sum + Re a·b̄.
FRINGE_HD inline float add_im(float sum, float ar, float ai, float br, float bi) {
  return fmaf(-ar, bi, fmaf(ai, br, sum));
}
FRINGE_HD inline float add_re(float sum, float ar, float ai, float br, float bi) {
  return fmaf(ai, bi, fmaf(ar, br, sum));
}

template <int S>
FRINGE_HD inline void enter_back(const GradientPass& p, const Thread& t, std::size_t sample, Lane<2 * S>& x,
                                 Quad* sums) {
  const std::size_t batch = p.y.re.cols;
  unroll<2>([&]<int h>() {
    Quad sum{};
    unroll<pairs>([&]<int i>() {
      const std::uint32_t place = t.lane * places + h * pairs + i;
      const std::int32_t mode = p.leave[place];
      const std::size_t count = t.active && mode >= 0 && sample < batch ? batch - sample : 0;
      const auto take = [&](const Matrix& plane, float(&to)[S]) {
        load(count ? plane.row(static_cast<std::size_t>(mode)) + sample : nullptr, count, to);
      };
      float yr[S], yi[S], gr[S], gi[S];
      take(p.y.re, yr);
      take(p.y.im, yi);
      take(p.g.re, gr);
      take(p.g.im, gi);
      const Quad d = p.screen[place];
      for (int v = 0; v < S; ++v) {
        const float zr = fmaf(-yi[v], d.v[1], yr[v] * d.v[0]), zi = fmaf(yr[v], d.v[1], yi[v] * d.v[0]);
        const float hr = fmaf(-gi[v], d.v[3], gr[v] * d.v[2]), hi = fmaf(gr[v], d.v[3], gi[v] * d.v[2]);
        sum.v[i] = add_im(sum.v[i], zr, zi, hr, hi);
        x.re[h][i][v] = zr;
        x.im[h][i][v] = zi;
        x.re[h][i][S + v] = hr;
        x.im[h][i][S + v] = hi;
      }
    });
    if (t.active) sums[(t.ring * 2 + h) * p.lanes + t.lane] = sum;
  });
}

template <int S>
FRINGE_HD inline void leave_back(const GradientPass& p, const Thread& t, std::size_t sample,
                                 const Lane<2 * S>& x) {
  const std::size_t batch = p.y.re.cols;
  if (!t.active || sample >= batch) return;
  unroll<static_cast<int>(places)>([&]<int place>() {
    constexpr int h = place / pairs, i = place % pairs;
    const std::int32_t mode = p.enter[t.lane * places + place];
    if (mode < 0) return;
    const auto put = [&](const Matrix& plane, const float* from) {
      float part[S];
      for (int v = 0; v < S; ++v) part[v] = from[v];
      store(plane.row(static_cast<std::size_t>(mode)) + sample, batch - sample, part);
    };
    put(p.y.re, x.re[h][i]);
    put(p.y.im, x.im[h][i]);
    put(p.g.re, x.re[h][i] + S);
    put(p.g.im, x.im[h][i] + S);
  });
}

/// coefficients: of the column and this lane; sums: of the column and this lane, [kinds][pairs][lanes].
template <bool Front, int C, int S>
FRINGE_HD inline void reverse_column(Lane<2 * S>& x, const Quad* coefficients, std::uint32_t lanes,
                                     Quad* sums, bool active) {
  constexpr int h = leaving_half(C);
  const std::uint32_t stride = pairs * lanes;
  unroll<pairs>([&]<int i>() {
    constexpr int f = upper_slot(C, i), s = lower_slot(C, i);
    float(&r0)[2 * S] = x.re[h][f], (&i0)[2 * S] = x.im[h][f];
    float(&r1)[2 * S] = x.re[1 - h][s], (&i1)[2 * S] = x.im[1 - h][s];
    const Quad* const k = coefficients + i * lanes;
    Quad sum{};
    [[maybe_unused]] Quad front{};
    for (int v = 0; v < S; ++v) {
      const int g = S + v;
      sum.v[0] = add_im(sum.v[0], r0[v], i0[v], r0[g], i0[g]);
      sum.v[1] = add_im(sum.v[1], r1[v], i1[v], r1[g], i1[g]);
      sum.v[2] = add_re(sum.v[2], r0[v], i0[v], r1[g], i1[g]);
      sum.v[2] = add_re(sum.v[2], -r1[v], -i1[v], r0[g], i0[g]);
    }
    unroll<2>([&]<int part>() {
      const Quad a = k[2 * part * stride], b = k[(2 * part + 1) * stride];
      for (int v = part * S; v < (part + 1) * S; ++v) {
        const float ar = r0[v], ai = i0[v], br = r1[v], bi = i1[v];
        row_times(a, ar, ai, br, bi, r0[v], i0[v]);
        row_times(b, ar, ai, br, bi, r1[v], i1[v]);
      }
    });
    for (int v = 0; v < S; ++v) {
      const int g = S + v;
      sum.v[3] = add_im(sum.v[3], r0[v], i0[v], r0[g], i0[g]);
      if constexpr (Front) {
        front.v[0] = add_im(front.v[0], r1[v], i1[v], r1[g], i1[g]);
        front.v[1] = add_re(front.v[1], r1[v], i1[v], r0[g], i0[g]);
        front.v[2] = add_re(front.v[2], r0[v], i0[v], r1[g], i1[g]);
      }
    }
    if (active) {
      sums[i * lanes] = sum;
      if constexpr (Front) sums[stride + i * lanes] = front;
    }
  });
}

/// A block has, besides what run() asks for,
///   number(), rings()  its number among the blocks of the launch, and the number of its rings
///   sums(b)            set b of sums in shared memory: rings() times those of a column
///   cells(n, f)        f(i) for i < n, once each
///   other_rings(f)     f(1) … f(rings() − 1), in order
///   turn_back<C>()     undoes turn<C>()
/// and vectors = 2·S.
template <bool Front, class Block>
FRINGE_HD inline void run_back(Block& block, const GradientPass& p) {
  constexpr int S = Block::vectors / 2;
  const std::uint32_t column_quads = reverse_quads * pairs * p.lanes;
  const std::uint32_t column_sums = sum_kinds<Front> * pairs * p.lanes;
  const auto sample = [&](const Thread& t) { return (std::size_t{block.first_ring()} + t.ring) * S; };
  Quad* const mine = p.sums + block.number() * sums_of(p.lanes, p.columns, sum_kinds<Front>);
  const auto collect = [&](std::uint32_t buffer, std::uint32_t count, Quad* to) {
    const Quad* const from = block.sums(buffer);
    block.cells(count, [&](std::uint32_t i) {
      Quad total = from[i];
      block.other_rings([&](std::uint32_t ring) {
        for (int e = 0; e < 4; ++e) total.v[e] += from[ring * count + i].v[e];
      });
      to[i] = total;
    });
  };

  block.copy(1, p.coefficients + std::size_t{p.columns - 1} * column_quads, column_quads);
  block.each([&](const Thread& t, Lane<2 * S>& x) { enter_back<S>(p, t, sample(t), x, block.sums(0)); });
  for (std::uint32_t at = p.columns / period; at-- > 0;)
    unroll<period>([&]<int behind>() {
      constexpr int c = period - 1 - behind;
      constexpr std::uint32_t buffer = c % 2;
      const std::uint32_t column = at * period + c;
      block.arrive();
      if (column > 0)
        block.copy(1 - buffer, p.coefficients + std::size_t{column - 1} * column_quads, column_quads);
      // The column behind this one, or what entered.
      if (column + 1 < p.columns)
        collect(1 - buffer, column_sums, mine + std::size_t{column + 1} * column_sums);
      else
        collect(1 - buffer, 2 * p.lanes, mine + std::size_t{p.columns} * column_sums);
      block.template turn_back<c>();
      block.each([&](const Thread& t, Lane<2 * S>& x) {
        reverse_column<Front, c, S>(x, block.stage(buffer) + t.lane, p.lanes,
                                    block.sums(buffer) + t.ring * column_sums + t.lane, t.active);
      });
    });
  block.arrive();
  collect(0, column_sums, mine);
  block.each([&](const Thread& t, Lane<2 * S>& x) { leave_back<S>(p, t, sample(t), x); });
}

/// SlopeWeights of one coupler; φ₀ is −1 without a front splitter.
struct CouplerWeights {
  double theta[3], phi[4];
};

/// Where the slopes of a launch's sums go; tables in the memory of the kernel.
struct SlopePass {
  std::uint32_t lanes = 0, columns = 0, blocks = 0;
  bool front = false;
  const Quad* sums = nullptr;
  const std::int32_t* coupler_at = nullptr;  ///< per cell (column · pairs + i) · lanes + lane; −1: none
  const std::int32_t* leave = nullptr;
  const CouplerWeights* weights = nullptr;  ///< per coupler
  double *theta = nullptr, *phi = nullptr, *out = nullptr;

  FRINGE_HD std::uint32_t cells() const { return columns * pairs * lanes; }
  /// Cells, then the two halves of each lane's places.
  FRINGE_HD std::uint32_t items() const { return cells() + 2 * lanes; }
};

/// Blocks slice, slice + slope_slices, … of a launch are added first, then the slices, all in order and in
/// double.
inline constexpr std::uint32_t slope_slices = 8;

struct SlopeSums {
  double v[8];
};
FRINGE_HD inline void add(SlopeSums& to, const SlopeSums& part) {
  for (int e = 0; e < 8; ++e) to.v[e] += part.v[e];
}

FRINGE_HD inline SlopeSums slice_of(const SlopePass& p, std::uint32_t item, std::uint32_t slice) {
  const std::uint32_t kinds = p.front ? 2 : 1, stride = pairs * p.lanes;
  const std::size_t size = sums_of(p.lanes, p.columns, kinds);
  const bool coupler = item < p.cells();
  const std::size_t at = coupler ? std::size_t{item / stride} * kinds * stride + item % stride
                                 : std::size_t{item - p.cells()} + std::size_t{p.cells()} * kinds;
  SlopeSums total{};
  for (std::size_t block = slice; block < p.blocks; block += slope_slices) {
    const Quad* const from = p.sums + block * size + at;
    for (int e = 0; e < 4; ++e) total.v[e] += static_cast<double>(from->v[e]);
    if (coupler && p.front)
      for (int e = 0; e < 4; ++e) total.v[4 + e] += static_cast<double>(from[stride].v[e]);
  }
  return total;
}

/// Adds the slopes of an item to the gradient.
FRINGE_HD inline void add_slopes(const SlopePass& p, std::uint32_t item, const SlopeSums& sum) {
  const double* const m = sum.v;
  if (item < p.cells()) {
    const std::int32_t n = p.coupler_at[item];
    if (n < 0) return;
    const CouplerWeights& w = p.weights[n];
    p.theta[n] += w.theta[0] * m[0] + w.theta[1] * m[1] + w.theta[2] * m[2];
    p.phi[n] += w.phi[0] * m[3] + (p.front ? w.phi[1] * m[4] + w.phi[2] * m[5] + w.phi[3] * m[6] : 0);
    return;
  }
  const std::uint32_t half = (item - p.cells()) / p.lanes, lane = (item - p.cells()) % p.lanes;
  for (int i = 0; i < pairs; ++i) {
    const std::int32_t mode = p.leave[lane * places + half * pairs + static_cast<std::uint32_t>(i)];
    if (mode >= 0) p.out[mode] -= m[i];
  }
}

}  // namespace fringe::ring
