// Sequences: dense layers on tokens, embeddings, learned values, rotary positions, caches, and other orders
// of axes. A value of tokens is [tokens][features] [batch], a product's columns are [features][tokens]
// [batch].
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/elementary.hpp"
#include "core/error.hpp"
#include "core/tensor.hpp"
#include "workloads/kernels_combine.hpp"
#include "workloads/kernels_window.hpp"

namespace fringe::kernels {

// ---- [tokens][features] to [features][tokens] and back

/// to[f·to_feature + t·to_token + b] = from[f·from_feature + t·from_token + b]. A site is 32 features: what
/// lies next to each other of a token is then a run of several cache lines, which is called for ahead, as
/// tokens lie pages apart; and the other side is 32 streams of whole cache lines. Few columns of a token pass
/// as many tokens at a time as fill a line, in tiles that are turned in registers.
template <class Launch>
struct SwapAxes {
  static constexpr std::size_t block = 32;
  const float* from;
  float* to;
  std::size_t from_feature, from_token, to_feature, to_token, features, batch;

  FRINGE_INLINE void span(std::size_t site, std::size_t begin, std::size_t end) const {
    if (begin % batch != 0 || end % batch != 0) return columns(site, begin, end);
    const std::size_t first = begin / batch, last = end / batch;
    if (batch % 16 == 0) return tokens<16, true>(site, first, last);
    if (batch % 8 == 0) return one_or_more<8>(site, first, last);
    if (batch % 4 == 0) return one_or_more<4>(site, first, last);
    if (batch % 2 == 0) return one_or_more<2>(site, first, last);
    one_or_more<1>(site, first, last);
  }

 private:
  FRINGE_INLINE std::size_t last_of(std::size_t first) const {
    return first + block < features ? first + block : features;
  }

  template <std::size_t run>
  FRINGE_INLINE void one_or_more(std::size_t site, std::size_t begin, std::size_t end) const {
    if (batch == run)
      tokens<run, false>(site, begin, end);
    else
      tokens<run, true>(site, begin, end);
  }
  /// Whole tokens, whose columns are one run or more.
  template <std::size_t run, bool more>
  FRINGE_INLINE void tokens(std::size_t site, std::size_t begin, std::size_t end) const {
    constexpr std::size_t group = 16 / run, ahead = 4;
    const std::size_t first = site * block, last = last_of(first);
    for (std::size_t t = begin; t < end; t += group) {
      call_for(first, t + ahead < end ? t + ahead : t, t + ahead + group < end ? t + ahead + group : end);
      const std::size_t count = t + group < end ? group : end - t;
      std::size_t f = first;
      if constexpr (!more && Launch::template TileOf<run>::size > 1)
        if (count == group) f = tiles<run>(first, last, t, t + group);
      for (; f < last; ++f) {
        const float* const source = from + f * from_feature + t * from_token;
        float* const target = to + f * to_feature + t * to_token;
        if (count == group)
          for (std::size_t k = 0; k < group; ++k)
            copy<run, more>(target + k * to_token, source + k * from_token);
        else
          for (std::size_t k = 0; k < count; ++k)
            copy<run, more>(target + k * to_token, source + k * from_token);
      }
    }
  }
  /// As many features as fill tiles, and the first that is left.
  template <std::size_t run>
  FRINGE_INLINE std::size_t tiles(std::size_t first, std::size_t last, std::size_t begin,
                                  std::size_t end) const {
    using Tile = typename Launch::template TileOf<run>;
    constexpr std::size_t size = Tile::size;
    const bool tokens_apart = from_feature == batch;
    std::size_t f = first;
    for (; f + size <= last; f += size)
      for (std::size_t t = begin; t < end; t += size)
        Tile::turn(from + f * from_feature + t * from_token, tokens_apart ? from_token : from_feature,
                   to + f * to_feature + t * to_token, tokens_apart ? to_feature : to_token);
    return f;
  }
  template <std::size_t run, bool more>
  FRINGE_INLINE void copy(float* target, const float* source) const {
    __builtin_memcpy(target, source, run * sizeof(float));
    if constexpr (more)
      for (std::size_t b = run; b < batch; b += run)
        __builtin_memcpy(target + b, source + b, run * sizeof(float));
  }
  /// The side of whose tokens [begin, end) the features lie next to each other.
  FRINGE_INLINE void call_for(std::size_t first, std::size_t begin, std::size_t end) const {
    const std::size_t numbers = (last_of(first) - first) * batch;
    for (std::size_t t = begin; t < end; ++t)
      for (std::size_t k = 0; k < numbers; k += 16)
        if (from_feature == batch)
          prefetch<false>(from + first * batch + t * from_token + k);
        else
          prefetch<true>(to + first * batch + t * to_token + k);
  }

  /// Any columns.
  FRINGE_INLINE void columns(std::size_t site, std::size_t begin, std::size_t end) const {
    const std::size_t first = site * block, last = last_of(first);
    for (std::size_t column = begin; column < end;) {
      const std::size_t token = column / batch, b = column % batch;
      const std::size_t count = batch - b < end - column ? batch - b : end - column;
      for (std::size_t f = first; f < last; ++f) {
        const float* const source = from + f * from_feature + token * from_token + b;
        float* const target = to + f * to_feature + token * to_token + b;
        assign(target, static_cast<Index>(count), [=](Index k) FRINGE_INLINE_LAMBDA { return source[k]; });
      }
      column += count;
    }
  }
};

template <class Launch>
void swap_axes(Executor& executor, const SwapAxes<Launch>& op, std::size_t tokens) {
  constexpr std::size_t block = SwapAxes<Launch>::block;
  Launch(executor).spans((op.features + block - 1) / block, tokens * op.batch, op);
}

/// Columns [features × count·batch] of the tokens `p` of a value.
template <class Launch>
void columns_from(Executor& executor, const Call& c, Positions p, const float* value, Matrix columns) {
  swap_axes<Launch>(executor,
                    {value + p.first * columns.rows * c.batch, columns.data, c.batch, columns.rows * c.batch,
                     columns.stride, c.batch, columns.rows, c.batch},
                    p.count);
}
template <class Launch>
void columns_to(Executor& executor, const Call& c, Positions p, ConstMatrix columns, float* value) {
  swap_axes<Launch>(executor,
                    {columns.data, value + p.first * columns.rows * c.batch, columns.stride, c.batch, c.batch,
                     columns.rows * c.batch, columns.rows, c.batch},
                    p.count);
}

template <class Launch>
void dense_gather(Executor& executor, const Call& c, Positions p, Matrix columns) {
  columns_from<Launch>(executor, c, p, c.x[0], columns);
}
template <class Launch>
void dense_scatter(Executor& executor, const Call& c, Positions p, ConstMatrix columns) {
  columns_to<Launch>(executor, c, p, columns, c.dx[0]);
}
template <class Launch>
void dense_deliver(Executor& executor, const Call& c, Positions p, ConstMatrix columns) {
  columns_to<Launch>(executor, c, p, columns, c.y);
}
template <class Launch>
void dense_collect(Executor& executor, const Call& c, Positions p, Matrix columns) {
  columns_from<Launch>(executor, c, p, c.dy, columns);
}
/// One token is a column as it is.
inline bool has_tokens(const Site& site) { return site.in[0].size() == 2 && site.in[0][0] > 1; }

// ---- any order of axes

/// Element (i, j, k) of the result, in its order, is a run of numbers that lie together in both.
struct Permute {
  const float* from;
  float* to;
  std::size_t stride[3], n1, n2, run_length;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const std::size_t k = site % n2, j = site / n2 % n1, i = site / n2 / n1;
    const float* const source = from + i * stride[0] + j * stride[1] + k * stride[2] + column;
    float* const target = to + site * run_length + column;
    store<lanes>(target, [&](int l) FRINGE_INLINE_LAMBDA { return source[l]; });
  }
};

/// A value of shape `in` with its axes in another order.
template <class Launch>
void permute(Executor& executor, const float* from, float* to, const Shape& in, const Shape& axes,
             std::size_t batch) {
  const std::size_t rank = in.size();
  std::array<std::size_t, 3> size{1, 1, 1}, stride{0, 0, 0};
  std::size_t run = batch, kept = rank;  // axes at the end that keep their place are part of the run
  while (kept > 0 && axes[kept - 1] == kept - 1) run *= in[--kept];
  for (std::size_t d = 0; d < kept; ++d) {
    size[3 - kept + d] = in[axes[d]];
    std::size_t below = batch;
    for (std::size_t a = axes[d] + 1; a < rank; ++a) below *= in[a];
    stride[3 - kept + d] = below;
  }
  Launch(executor).each(size[0] * size[1] * size[2], run,
                        Permute{from, to, {stride[0], stride[1], stride[2]}, size[1], size[2], run});
}

template <class Launch>
void transpose_forward(Executor& executor, const Call& c) {
  permute<Launch>(executor, c.x[0], c.y, c.in[0], c.attributes().shape, c.batch);
}
template <class Launch>
void transpose_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  const Shape& axes = c.attributes().shape;
  Shape inverse(axes.size());
  for (std::size_t d = 0; d < axes.size(); ++d) inverse[axes[d]] = d;
  permute<Launch>(executor, c.dy, c.dx[0], c.node->shape, inverse, c.batch);
}

/// Rows of a value and of its slice, and where the slice begins in them.
struct SliceLayout {
  std::size_t rows = 1, whole, part, begin;
};
inline SliceLayout slice_of(const Call& c) {
  const std::size_t axis = c.attributes().axis;
  SliceLayout s{};
  std::size_t inner = c.batch;
  s.rows = 1;
  for (std::size_t d = 0; d < c.in[0].size(); ++d)
    if (d != axis) (d < axis ? s.rows : inner) *= c.in[0][d];
  s.whole = c.in[0][axis] * inner;
  s.part = c.node->shape[axis] * inner;
  s.begin = c.attributes().begin * inner;
  return s;
}
template <class Launch>
void slice_forward(Executor& executor, const Call& c) {
  const SliceLayout s = slice_of(c);
  Launch(executor).each(s.rows, s.part, CopyRows{c.x[0] + s.begin, c.y, s.whole, s.part});
}
template <class Launch>
void slice_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  const SliceLayout s = slice_of(c);
  executor.fill({c.dx[0], s.rows, s.whole}, 0);
  Launch(executor).each(s.rows, s.part, CopyRows{c.dy, c.dx[0] + s.begin, s.part, s.whole});
}

// ---- embedding and learned values

/// 1 of an id that the table lacks.
struct UnknownId {
  const float* ids;
  float vocabulary;
  FRINGE_INLINE double operator()(std::size_t, std::size_t, std::size_t i) const {
    const float id = ids[i];
    return id >= 0 && id < vocabulary && id == static_cast<float>(static_cast<std::int32_t>(id)) ? 0 : 1;
  }
};

template <class Launch>
void require_ids(Executor& executor, const Call& c) {
  const std::size_t count = c.in[0][0] * c.batch, vocabulary = c.attributes().vocabulary;
  Buffer<float> unknown(executor, 1);
  executor.fill({unknown.data(), 1, 1}, 0);
  const UnknownId test{c.x[0], static_cast<float>(vocabulary)};
  Launch(executor).sums(1, 1, count, test, unknown.data());
  if (unknown.to_host()[0] == 0) return;
  std::vector<float> ids(count);
  executor.copy_to_host(ids.data(), c.x[0], count * sizeof(float));
  const UnknownId on_host{ids.data(), test.vocabulary};
  for (std::size_t i = 0; i < count; ++i)
    if (on_host(0, 0, i) > 0)
      throw Error("operator '" + c.node->name + "': token " + std::to_string(i / c.batch) + " of sample " +
                  std::to_string(i % c.batch) + " is " + std::to_string(ids[i]) +
                  "; must be a whole number below the vocabulary of " + std::to_string(vocabulary));
}

/// The table's rows of a token's ids; a site is a token.
struct LookUp {
  const float *ids, *table;
  float* y;
  std::size_t width, batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t token, std::size_t column) const {
    const float* row[lanes];
    for (int l = 0; l < lanes; ++l)
      row[l] = table + static_cast<std::size_t>(ids[token * batch + column + l]) * width;
    float* const out = y + token * width * batch + column;
    for (std::size_t f = 0; f < width; ++f)
      for (int l = 0; l < lanes; ++l) out[f * batch + l] = row[l][f];
  }
};

/// Gradient of the table: tokens and samples one after the other, features side by side; a site is 16 of
/// them.
struct AddToRows {
  static constexpr std::size_t block = 16;
  const float *ids, *dy;
  float* table;
  std::size_t width, batch, tokens;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t) const {
    const std::size_t first = site * block, last = first + block < width ? first + block : width;
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t b = 0; b < batch; ++b) {
        float* const row = table + static_cast<std::size_t>(ids[t * batch + b]) * width;
        for (std::size_t f = first; f < last; ++f) row[f] += dy[(t * width + f) * batch + b];
      }
  }
};

template <class Launch>
void embedding_forward(Executor& executor, const Call& c) {
  require_ids<Launch>(executor, c);
  const std::size_t width = c.attributes().features;
  Launch(executor).each(c.in[0][0], c.batch, LookUp{c.x[0], c.vectors, c.y, width, c.batch}, width);
}
/// Ids have no gradient; a tied table's is the network's business.
template <class Launch>
void embedding_backward(Executor& executor, const Call& c) {
  const std::size_t width = c.attributes().features, tokens = c.in[0][0];
  if (!c.attributes().tied)
    Launch(executor).each((width + AddToRows::block - 1) / AddToRows::block, 1,
                          AddToRows{c.x[0], c.dy, c.vector_gradients, width, c.batch, tokens},
                          tokens * c.batch * AddToRows::block);
  if (c.dx[0] != nullptr) executor.fill({c.dx[0], 1, tokens * c.batch}, 0);
}

/// 1 at the id of every column, [vocabulary × tokens·batch]: the gradient of a tied table is that of a
/// product with this matrix.
struct OneHot {
  const float* ids;
  float* y;
  std::size_t columns;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t row, std::size_t column) const {
    const auto wanted = static_cast<float>(row);
    store<lanes>(y + row * columns + column,
                 [&](int l) FRINGE_INLINE_LAMBDA { return ids[column + l] == wanted ? 1.0f : 0.0f; });
  }
};
template <class Launch>
void one_hot(Executor& executor, const Call& c, Positions p, Matrix columns) {
  Launch(executor).each(columns.rows, p.count * c.batch,
                        OneHot{c.x[0] + p.first * c.batch, columns.data, columns.stride});
}

struct Spread {
  const float* numbers;
  float* y;
  std::size_t batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const float value = numbers[site];
    for (int l = 0; l < lanes; ++l) y[site * batch + column + l] = value;
  }
};
template <class Launch>
void learned_forward(Executor& executor, const Call& c) {
  Launch(executor).each(c.node->features, c.batch, Spread{c.vectors, c.y, c.batch});
}
template <class Launch>
void learned_backward(Executor& executor, const Call& c) {
  Launch(executor).sums(c.node->features, 1, c.batch, OfChannel{c.dy, c.batch, c.node->features},
                        c.vector_gradients);
}

// ---- rotary positions and caches

/// Features i and i + F/2 of the token at position p turn by p·10000^(−2i/F): J. Su et al., RoFormer,
/// arXiv:2104.09864 (2021), with halves in place of neighbours, as GPT-NeoX and Llama pair them. Angles in
/// double; a site is a token's pair, of all heads.
struct Rotate {
  const float* x;
  float* y;
  std::size_t heads, tokens, half, batch, first;
  double direction;  ///< −1: back
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const std::size_t i = site % half, token = site / half;
    const double log_base = 9.210340371976184;  // ln 10000
    const double frequency = elementary::exp(-log_base * static_cast<double>(i) / static_cast<double>(half));
    const elementary::Turn turn = elementary::sine_cosine(static_cast<double>(first + token) * frequency);
    const auto s = static_cast<float>(direction * turn.sine), k = static_cast<float>(turn.cosine);
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t at = ((h * tokens + token) * 2 * half + i) * batch + column, far = at + half * batch;
      float a[lanes], b[lanes];
      for (int l = 0; l < lanes; ++l) a[l] = x[at + l], b[l] = x[far + l];
      for (int l = 0; l < lanes; ++l) y[at + l] = a[l] * k - b[l] * s;
      for (int l = 0; l < lanes; ++l) y[far + l] = b[l] * k + a[l] * s;
    }
  }
};

template <class Launch>
void rotate(Executor& executor, const Call& c, const float* x, float* y, double direction) {
  const Shape& shape = c.node->shape;
  const std::size_t features = shape.back(), tokens = shape.size() > 1 ? shape[shape.size() - 2] : 1;
  if (features % 2 != 0)
    throw Error("operator '" + c.node->name + "': rotary positions turn pairs of features; " +
                std::to_string(features) + " must be even");
  const std::size_t heads = numbers(shape) / tokens / features;
  Launch(executor).each(tokens * features / 2, c.batch,
                        Rotate{x, y, heads, tokens, features / 2, c.batch, c.first_token, direction}, heads);
}
template <class Launch>
void rotary_forward(Executor& executor, const Call& c) {
  rotate<Launch>(executor, c, c.x[0], c.y, 1);
}
template <class Launch>
void rotary_backward(Executor& executor, const Call& c) {
  if (c.dx[0] != nullptr) rotate<Launch>(executor, c, c.dy, c.dx[0], -1);
}

/// y = the last tokens of the cache, then the new ones; at inference that is the next cache (Call::states).
/// What no token has filled is 0 and masked by the softmax behind it.
template <class Launch>
void cache_forward(Executor& executor, const Call& c) {
  const Shape& in = c.in[0];
  const std::size_t inner = in.back() * c.batch, fresh = in[in.size() - 2] * inner,
                    all = c.attributes().context * inner, heads = numbers(in) * c.batch / fresh;
  const Launch launch(executor);
  if (c.training || c.states == nullptr)
    executor.fill({c.y, heads, all - fresh, all}, 0);
  else if (all > fresh)
    launch.each(heads, all - fresh, CopyRows{c.states + fresh, c.y, all, all});
  launch.each(heads, fresh, CopyRows{c.x[0], c.y + all - fresh, fresh, all});
  if (!c.training && c.states != nullptr) launch.each(1, heads * all, Copy{c.y, c.states, heads * all});
}
template <class Launch>
void cache_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  const Shape& in = c.in[0];
  const std::size_t inner = in.back() * c.batch, fresh = in[in.size() - 2] * inner,
                    all = c.attributes().context * inner;
  Launch(executor).each(numbers(in) * c.batch / fresh, fresh,
                        CopyRows{c.dy + all - fresh, c.dx[0], all, fresh});
}

}  // namespace fringe::kernels
