// Several values into one: sums and products element by element, where the second operand may be the same
// along some dimensions, and values one behind the other.
#pragma once

#include <algorithm>

#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

/// Shapes of three dimensions, 1 in front of what has fewer.
struct Broadcast {
  std::size_t whole[3], part[3];

  /// Number in the second operand of number `site` of the first.
  FRINGE_INLINE std::size_t of(std::size_t site) const {
    const std::size_t k = site % whole[2], j = site / whole[2] % whole[1], i = site / whole[2] / whole[1];
    return ((part[0] == 1 ? 0 : i) * part[1] + (part[1] == 1 ? 0 : j)) * part[2] + (part[2] == 1 ? 0 : k);
  }
  /// visit(site) of all numbers of the first that read number `site` of the second, in order.
  template <class F>
  FRINGE_INLINE void readers(std::size_t site, const F& visit) const {
    const std::size_t at[3] = {site / part[2] / part[1], site / part[2] % part[1], site % part[2]};
    const std::size_t n[3] = {whole[0] / part[0], whole[1] / part[1], whole[2] / part[2]};
    for (std::size_t i = 0; i < n[0]; ++i)
      for (std::size_t j = 0; j < n[1]; ++j)
        for (std::size_t k = 0; k < n[2]; ++k)
          visit(((at[0] + i) * whole[1] + at[1] + j) * whole[2] + at[2] + k);
  }
};

inline Broadcast broadcast_of(const Call& c) {
  Broadcast b{{1, 1, 1}, {1, 1, 1}};
  std::copy_backward(c.in[0].begin(), c.in[0].end(), b.whole + 3);
  std::copy_backward(c.in[1].begin(), c.in[1].end(), b.part + 3);
  return b;
}

struct Sum {
  FRINGE_INLINE float operator()(float a, float b) const { return a + b; }
};
struct Product {
  FRINGE_INLINE float operator()(float a, float b) const { return a * b; }
};

/// y = a ∘ b, number by number.
template <class Op>
struct Combine {
  const float *a, *b;
  float* y;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t column) const {
    store<lanes>(y + column, [&](int l) FRINGE_INLINE_LAMBDA { return Op()(a[column + l], b[column + l]); });
  }
};

template <class Op>
struct CombineBroadcast {
  const float *a, *b;
  float* y;
  Broadcast shapes;
  std::size_t batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const float *const left = a + site * batch + column, *const right = b + shapes.of(site) * batch + column;
    float* const out = y + site * batch + column;
    store<lanes>(out, [&](int l) FRINGE_INLINE_LAMBDA { return Op()(left[l], right[l]); });
  }
};

template <class Launch, class Op>
void combine(Executor& executor, const Call& c, const float* a, const float* b, float* y) {
  if (c.in[0] == c.in[1]) return Launch(executor).each(1, c.node->features * c.batch, Combine<Op>{a, b, y});
  Launch(executor).each(c.node->features, c.batch, CombineBroadcast<Op>{a, b, y, broadcast_of(c), c.batch});
}

/// Gradient of the second operand: the sum over its readers of dy, or of dy·a; in double.
struct ReduceReaders {
  const float *dy, *a;  ///< a: null for a sum
  float* db;
  Broadcast shapes;
  std::size_t batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    double sum[lanes] = {};
    shapes.readers(site, [&](std::size_t reader) FRINGE_INLINE_LAMBDA {
      const std::size_t at = reader * batch + column;
      for (int l = 0; l < lanes; ++l)
        sum[l] += static_cast<double>(dy[at + l]) * (a != nullptr ? static_cast<double>(a[at + l]) : 1.0);
    });
    store<lanes>(db + site * batch + column,
                 [&](int l) FRINGE_INLINE_LAMBDA { return static_cast<float>(sum[l]); });
  }
};

template <class Launch>
void reduce_readers(Executor& executor, const Call& c, const float* a) {
  if (c.dx[1] != nullptr)
    Launch(executor).each(numbers(c.in[1]), c.batch,
                          ReduceReaders{c.dy, a, c.dx[1], broadcast_of(c), c.batch});
}

template <class Launch>
void add_forward(Executor& executor, const Call& c) {
  combine<Launch, Sum>(executor, c, c.x[0], c.x[1], c.y);
}
template <class Launch>
void add_backward(Executor& executor, const Call& c) {
  reduce_readers<Launch>(executor, c, nullptr);
  copy_backward<Launch>(executor, c);
}

template <class Launch>
void multiply_forward(Executor& executor, const Call& c) {
  combine<Launch, Product>(executor, c, c.x[0], c.x[1], c.y);
}
template <class Launch>
void multiply_backward(Executor& executor, const Call& c) {
  reduce_readers<Launch>(executor, c, c.x[0]);  // first: dx[0] may be dy
  if (c.dx[0] != nullptr) combine<Launch, Product>(executor, c, c.dy, c.x[1], c.dx[0]);
}

// ---- concat

/// Rows of `columns` numbers between two places that lie `from_stride` and `to_stride` numbers apart.
struct CopyRows {
  const float* from;
  float* to;
  std::size_t from_stride, to_stride;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t row, std::size_t column) const {
    const float* const source = from + row * from_stride + column;
    float* const target = to + row * to_stride + column;
    store<lanes>(target, [&](int l) FRINGE_INLINE_LAMBDA { return source[l]; });
  }
};

/// visit(k, rows, numbers in a row of input k, where they begin in a row of the result, result's row)
template <class F>
void each_part(const Call& c, const F& visit) {
  const std::size_t axis = c.attributes().axis;
  std::size_t rows = 1, inner = c.batch, begin = 0;
  for (std::size_t d = 0; d < c.node->shape.size(); ++d)
    (d < axis ? rows : inner) *= d == axis ? 1 : c.node->shape[d];
  for (std::size_t k = 0; k < c.in.size(); ++k) {
    const std::size_t size = c.in[k][axis] * inner;
    visit(k, rows, size, begin, c.node->shape[axis] * inner);
    begin += size;
  }
}

template <class Launch>
void concat_forward(Executor& executor, const Call& c) {
  each_part(c, [&](std::size_t k, std::size_t rows, std::size_t size, std::size_t begin, std::size_t stride) {
    Launch(executor).each(rows, size, CopyRows{c.x[k], c.y + begin, size, stride});
  });
}
template <class Launch>
void concat_backward(Executor& executor, const Call& c) {
  each_part(c, [&](std::size_t k, std::size_t rows, std::size_t size, std::size_t begin, std::size_t stride) {
    if (c.dx[k] != nullptr) Launch(executor).each(rows, size, CopyRows{c.dy + begin, c.dx[k], stride, size});
  });
}

}  // namespace fringe::kernels
