// Batches through meshes on rings of lanes (ring_lane.hpp), all columns in one launch: the kernel's body.
//
// It is written once over a block of threads. On the GPU that is device_block.cuh: fields in registers,
// turned by warp shuffles (and, where a ring is longer than a warp, through shared memory at its edges),
// coefficients copied to shared memory while the two columns before are computed, one barrier per two
// columns. On the host it is a plain loop over threads between any two steps, which tests hold against the
// mesh in double. It is fast because fields meet memory twice, at the input and at the output, and
// coefficients once per block.
#pragma once

#include <cstddef>

#include "photonics/cuda/ring_lane.hpp"
#include "photonics/fields.hpp"

namespace fringe::ring {

inline constexpr std::uint32_t warp = 32;
inline constexpr std::uint32_t most_lanes = 4 * warp;  ///< of a ring
inline constexpr std::uint32_t wide_warps = 8;         ///< of a block whose rings take several
inline constexpr std::uint32_t stage_columns = 2;
/// Modes of a lane, and so places of it in the tables below: half · pairs + i.
inline constexpr std::uint32_t places = 2 * pairs;

/// What a launch works on. Tables have `places` entries per lane.
template <class Real>
struct PassOf {
  std::uint32_t lanes = 0;    ///< of a ring
  std::uint32_t columns = 0;  ///< a multiple of `period`
  std::uint32_t modes = 0;
  const QuadOf<Real>* coefficients = nullptr;  ///< [mesh][column][quads][pairs][lanes]
  const std::int32_t* enter = nullptr;         ///< the mode that starts there; −1: none
  const std::int32_t* leave = nullptr;         ///< the mode that ends there
  const Real* out = nullptr;                   ///< [mesh][2]: Re and Im of the factors at the output
  /// Per mesh and period: the set of factors that the fields take ahead of it; −1: none. Null: none anywhere.
  const std::int32_t* rescale = nullptr;
  const Real* factors = nullptr;
  std::uint32_t inputs = 1;  ///< sets of input rows; mesh m takes set m mod inputs
  ConstFields<Real> in;      ///< [inputs·n × batch], n ≤ modes: the last modes of a mesh may be dark
  Fields<Real> y;            ///< [mesh·modes × batch]
};
using Pass = PassOf<float>;

/// Meshes of a launch: they are counted in a dimension of the grid that goes no further.
inline constexpr std::uint32_t most_meshes = 65535;

/// Meshes first … first + count − 1 of a pass, whose inputs are shared by all or each mesh's own, as a pass
/// of their own with the same bits.
template <class Form, class Real>
PassOf<Real> part_of(PassOf<Real> p, std::uint32_t first, std::uint32_t count) {
  const std::size_t quads = std::size_t{p.columns} * Form::quads * pairs * p.lanes,
                    rows = p.in.re.rows / p.inputs;
  p.coefficients += first * quads;
  p.out += first * std::size_t{2} * p.lanes * places;
  if (p.rescale) p.rescale += first * std::size_t{p.columns / period};
  if (p.inputs > 1) {
    p.inputs = count;
    p.in.re = p.in.re.block(first * rows, count * rows, 0, p.in.re.cols);
    if (p.in.im.data) p.in.im = p.in.im.block(first * rows, count * rows, 0, p.in.im.cols);
  }
  p.y = {p.y.re.block(first * std::size_t{p.modes}, count * std::size_t{p.modes}, 0, p.y.re.cols),
         p.y.im.block(first * std::size_t{p.modes}, count * std::size_t{p.modes}, 0, p.y.im.cols)};
  return p;
}

/// Where a thread of a block stands.
struct Thread {
  std::uint32_t ring, lane, next, previous;  ///< threads of the lanes behind and ahead of it on the ring
  bool active;
};

/// Threads of a ring: as many as fit share a warp, or a ring takes whole warps.
FRINGE_HD inline std::uint32_t ring_span(std::uint32_t lanes) {
  return lanes <= warp ? lanes : (lanes + warp - 1) / warp * warp;
}
FRINGE_HD inline std::uint32_t rings_of_block(std::uint32_t threads, std::uint32_t lanes) {
  return lanes <= warp ? threads / warp * (warp / lanes) : threads / ring_span(lanes);
}
FRINGE_HD inline Thread thread_of(std::uint32_t index, std::uint32_t lanes) {
  const std::uint32_t span = ring_span(lanes), unit = lanes <= warp ? warp : span;
  const std::uint32_t within = index % unit, ring = within / span, lane = within - ring * span;
  const bool active = lane < lanes && (ring + 1) * span <= unit;
  const std::uint32_t next = lane + 1 == lanes ? index - lane : index + 1;
  const std::uint32_t previous = lane == 0 ? index + lanes - 1 : index - 1;
  return {index / unit * (unit / span) + ring, active ? lane : 0, active ? next : index,
          active ? previous : index, active};
}

/// count: numbers left in the row.
template <int V, class Real>
FRINGE_HD inline void load(const Real* row, std::size_t count, Real (&x)[V]) {
  if constexpr (V % 4 == 0)
    if (count >= V && reinterpret_cast<std::uintptr_t>(row) % 16 == 0) {
      for (int v = 0; v < V; v += 4) {
        const QuadOf<Real> q = *reinterpret_cast<const QuadOf<Real>*>(row + v);
        for (int e = 0; e < 4; ++e) x[v + e] = q.v[e];
      }
      return;
    }
  for (std::size_t v = 0; v < V; ++v) x[v] = v < count ? row[v] : Real{0};
}
template <int V, class Real>
FRINGE_HD inline void store(Real* row, std::size_t count, const Real (&x)[V]) {
  if constexpr (V % 4 == 0)
    if (count >= V && reinterpret_cast<std::uintptr_t>(row) % 16 == 0) {
      for (int v = 0; v < V; v += 4)
        *reinterpret_cast<QuadOf<Real>*>(row + v) = {{x[v], x[v + 1], x[v + 2], x[v + 3]}};
      return;
    }
  for (std::size_t v = 0; v < V; ++v)
    if (v < count) row[v] = x[v];
}

template <int V, class Real>
FRINGE_HD inline void enter(const PassOf<Real>& p, std::uint32_t mesh, const Thread& t, std::size_t sample,
                            Lane<V, Real>& x) {
  const std::size_t batch = p.in.re.cols, rows = p.in.re.rows / p.inputs, first = mesh % p.inputs * rows;
  unroll<static_cast<int>(places)>([&]<int place>() {
    constexpr int h = place / pairs, i = place % pairs;
    const std::int32_t mode = p.enter[t.lane * places + place];
    const std::size_t row = first + static_cast<std::size_t>(mode);
    const bool lit = t.active && mode >= 0 && static_cast<std::size_t>(mode) < rows && sample < batch;
    const std::size_t count = lit ? batch - sample : 0;
    load(count ? p.in.re.row(row) + sample : nullptr, count, x.re[h][i]);
    load(count && p.in.im.data ? p.in.im.row(row) + sample : nullptr, p.in.im.data ? count : 0, x.im[h][i]);
  });
}

/// visit(mode, re, im): the fields at the outputs of an active thread's modes.
template <int V, class Real, class Visit>
FRINGE_HD inline void each_output(const PassOf<Real>& p, std::uint32_t mesh, const Thread& t,
                                  const Lane<V, Real>& x, const Visit& visit) {
  unroll<static_cast<int>(places)>([&]<int place>() {
    constexpr int h = place / pairs, i = place % pairs;
    const std::int32_t mode = p.leave[t.lane * places + place];
    if (mode < 0) return;
    const Real* d = p.out + 2 * ((std::size_t{mesh} * p.lanes + t.lane) * places + place);
    Real re[V], im[V];
    for (int v = 0; v < V; ++v) {
      re[v] = fused(-x.im[h][i][v], d[1], x.re[h][i][v] * d[0]);
      im[v] = fused(x.re[h][i][v], d[1], x.im[h][i][v] * d[0]);
    }
    visit(static_cast<std::uint32_t>(mode), re, im);
  });
}

template <int V, class Real>
FRINGE_HD inline void leave(const PassOf<Real>& p, std::uint32_t mesh, const Thread& t, std::size_t sample,
                            const Lane<V, Real>& x) {
  const std::size_t batch = p.in.re.cols;
  if (!t.active || sample >= batch) return;
  each_output(p, mesh, t, x, [&](std::uint32_t mode, const Real(&re)[V], const Real(&im)[V]) {
    const std::size_t row = std::size_t{mesh} * p.modes + mode;
    store(p.y.re.row(row) + sample, batch - sample, re);
    store(p.y.im.row(row) + sample, batch - sample, im);
  });
}

template <int V, class Real>
FRINGE_HD inline void scale(Lane<V, Real>& x, const Real* factors) {
  unroll<static_cast<int>(places)>([&]<int place>() {
    constexpr int h = place / pairs, i = place % pairs;
    const Real factor = factors[place];
    for (int v = 0; v < V; ++v) {
      x.re[h][i][v] *= factor;
      x.im[h][i][v] *= factor;
    }
  });
}

/// A block has
///   vectors              V, of Real
///   mesh(), first_ring() which mesh, and the number of its first ring among all of the batch
///   each(f)              f(thread, lane) for its threads
///   copy(s, from, n)     begins to copy n quads to buffer s of shared memory
///   arrive()             all copies have arrived, and all threads have left what they read before
///   stage(s)             buffer s
///   turn<C>()            each thread's leaving number of column C becomes that of the next lane
/// end(thread, sample, lane) takes the fields behind the last column, ahead of the output factors.
template <class Form, class Block, class Real, class End>
FRINGE_HD inline void run(Block& block, const PassOf<Real>& p, std::uint32_t mesh, const End& end) {
  constexpr int V = Block::vectors;
  const std::uint32_t column_quads = Form::quads * pairs * p.lanes;
  const std::uint32_t stage_quads = stage_columns * column_quads, stages = p.columns / stage_columns;
  const std::uint32_t periods = p.columns / period;
  const QuadOf<Real>* const tape = p.coefficients + std::size_t{mesh} * p.columns * column_quads;
  const auto sample = [&](const Thread& t) { return (std::size_t{block.first_ring()} + t.ring) * V; };

  block.copy(0, tape, stage_quads);
  block.each([&](const Thread& t, Lane<V, Real>& x) { enter(p, mesh, t, sample(t), x); });
  for (std::uint32_t at = 0; at < periods; ++at) {
    if constexpr (Form::rescales) {
      const std::int32_t set = p.rescale ? p.rescale[mesh * periods + at] : -1;
      if (set >= 0)
        block.each([&](const Thread& t, Lane<V, Real>& x) {
          scale(x, p.factors + (std::size_t{static_cast<std::uint32_t>(set)} * p.lanes + t.lane) * places);
        });
    }
    unroll<period>([&]<int c>() {
      constexpr std::uint32_t column = c, buffer = column / stage_columns % 2;
      if constexpr (column % stage_columns == 0) {
        const std::uint32_t stage = (at * period + column) / stage_columns;
        block.arrive();
        if (stage + 1 < stages)
          block.copy(1 - buffer, tape + std::size_t{stage + 1} * stage_quads, stage_quads);
      }
      const QuadOf<Real>* const here = block.stage(buffer) + column % stage_columns * column_quads;
      block.each([&](const Thread& t, Lane<V, Real>& x) { pass_column<Form, c>(x, here + t.lane, p.lanes); });
      block.template turn<c>();
    });
  }
  block.each([&](const Thread& t, Lane<V, Real>& x) { end(t, sample(t), x); });
}

template <class Form, class Block, class Real>
FRINGE_HD inline void run(Block& block, const PassOf<Real>& p) {
  const std::uint32_t mesh = block.mesh();
  run<Form>(block, p, mesh, [&](const Thread& t, std::size_t sample, const Lane<Block::vectors, Real>& x) {
    leave(p, mesh, t, sample, x);
  });
}

}  // namespace fringe::ring
