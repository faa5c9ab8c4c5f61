#include "core/blas_product.hpp"

#include <cblas.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/prepared_product.hpp"

namespace fringe {
namespace {

// OpenBLAS's own threads change bits with their number; the pool takes their place.
void use_one_blas_thread() { [[maybe_unused]] static const bool once = (openblas_set_num_threads(1), true); }

int blas_int(std::size_t n) { return static_cast<int>(n); }

std::string shape(std::size_t rows, std::size_t cols) {
  return std::to_string(rows) + "x" + std::to_string(cols);
}

[[noreturn, gnu::cold]] void refuse(const char* where, std::size_t rows, std::size_t inner,
                                    std::size_t cols) {
  throw Error(std::string(where) + ": operands do not fit a product of " + shape(rows, inner) + " by " +
              shape(inner, cols));
}

// In line, so that a tiny product pays for comparisons alone.
inline void require(bool fits, const char* where, std::size_t rows, std::size_t inner, std::size_t cols) {
  if (!fits) [[unlikely]]
    refuse(where, rows, inner, cols);
}

// One sample and more weights than the matrix kernels for small products take: a general one would pack all
// of them first (1024×1024, one Zen 5 core: 255 µs backward, sgemv 45).
bool large_vector(std::size_t weights, std::size_t batch) {
  return batch == 1 && weights >= std::size_t{1} << 20;
}

bool kernels_for_avx512() {
  static const bool chosen = [] {
    const std::string_view kernels = openblas_get_corename();
    return kernels == "SkylakeX" || kernels == "Cooperlake";
  }();
  return chosen;
}

// OpenBLAS sums an element alike in any band of rows that starts at a multiple of this: of 24, the widest
// block of its kernels; those for AVX-512 have one order for every place, sgemv's for four rows at a time.
std::size_t band_grain() { return kernels_for_avx512() ? 8 : 24; }

// Multiply-adds of a band on the average, the shortest has at least half of them. One column is read, not
// computed: 2¹⁸ weights are a mebibyte.
std::size_t least_band(std::size_t cols) { return std::size_t{1} << (cols == 1 ? 18 : 21); }
// Little work doesn't go by way of the pool, which would take a tenth of it.
std::size_t one_call(std::size_t cols) { return 2 * least_band(cols); }

constexpr std::size_t low = 96, chunk = 2048;

// Bands of columns, where kernels allow any: a line of a cache.
constexpr std::size_t column_grain = 64;

// The kernels for small products of AVX-512 are faster on one vector than sgemv's (64×64: 102 ns and 171;
// 700×700: 18.9 µs and 19.5); other sets have none, and pack.
bool vector_by_sgemv(std::size_t weights) { return !kernels_for_avx512() || weights >= one_call(1); }

// The stride of vectors that one_sgemm() calls transposed, one that no view has for none: those that lie as a
// row of w does. Of AVX-512's kernels for small products the transposed one takes 0.25 to 0.99 of the other's
// time from 32 columns and up to 700 rows, more beyond (1000×100: 1.02, 1200×40: 1.15), and isn't taken below
// 32 columns or above 1200 rows (one Zen 5 core, 40 shapes, equal bits in all that it takes: 10×64 26 ns for
// 47, 64×64 80–87 ns for 94–102).
std::size_t dot_stride(const ConstMatrix& w) {
  return kernels_for_avx512() && w.rows <= 700 && w.cols >= 32 ? 1 : SIZE_MAX;
}

// Runs part(first row, rows, first column, columns) over the result y with `inner` multiply-adds per element.
// There are at most as many bands as threads, as nearly alike as their grain allows; one thread makes one
// call. Each band packs the other operand anew: kernels that allow it cut the longer side, the columns where
// both are alike (1024³ on two threads, x at a line: rows 1.01 to 1.02 of the library's own threads, columns
// 0.99 to 1.01, two such bands a thread 1.00 to 1.02). Two exceptions: a call of up to 10⁶ multiply-adds may
// take other kernels, so a band of a matrix has at least 2²⁰; and the place of a column matters to some
// kernels, so what is too low for bands is cut into chunks of fixed width.
template <class F>
void for_parts(ThreadPool& pool, const Matrix& y, std::size_t inner, const F& part) {
  const std::size_t rows = y.rows, cols = y.cols;
  const std::size_t macs = rows * cols * inner;
  if (macs < one_call(cols)) {
    if (rows * cols > 0) part(0, rows, 0, cols);
    return;
  }
  if (rows < low && cols >= 2 * chunk)
    return pool.run((cols + chunk - 1) / chunk, [&](std::size_t i, unsigned) {
      part(0, rows, i * chunk, std::min(chunk, cols - i * chunk));
    });
  const bool by_columns = kernels_for_avx512() && cols >= std::max(rows, 4 * column_grain);
  const std::size_t length = by_columns ? cols : rows, grain = by_columns ? column_grain : band_grain();
  const std::size_t bands =
      std::min({std::size_t{pool.size()}, by_columns ? length / (2 * column_grain) : 2 * length / low,
                macs / least_band(cols)});
  if (bands < 2) return part(0, rows, 0, cols);
  // Bands of columns begin where a line of y does: two threads would write to the line between them in every
  // row.
  const std::size_t to_line = by_columns ? reinterpret_cast<std::uintptr_t>(y.data) / sizeof(float) % 16 : 0;
  pool.run(bands, [&](std::size_t i, unsigned) {
    const auto cut = [&](std::size_t band) {
      if (band == 0) return std::size_t{0};
      return band == bands ? length : (length * band / bands + grain / 2) / grain * grain - to_line;
    };
    const std::size_t from = cut(i), count = cut(i + 1) - from;
    if (by_columns)
      part(0, rows, from, count);
    else
      part(from, count, 0, cols);
  });
}

}  // namespace

void require_shape(const char* what, ConstMatrix m, std::size_t rows, std::size_t cols) {
  if (m.rows != rows || m.cols != cols)
    throw Error(std::string(what) + " is " + shape(m.rows, m.cols) + ", it must be " + shape(rows, cols));
}

void multiply(ThreadPool& pool, const ConstMatrix& w, const ConstMatrix& x, const Matrix& y) {
  require(w.cols == x.rows && y.rows == w.rows && y.cols == x.cols, "forward", w.rows, w.cols, x.cols);
  use_one_blas_thread();
  const bool vector = y.cols == 1 && vector_by_sgemv(w.rows * w.cols);
  const std::size_t dots = dot_stride(w);
  for_parts(pool, y, w.cols, [&](std::size_t r, std::size_t rows, std::size_t c, std::size_t cols) {
    if (vector) {
      cblas_sgemv(CblasRowMajor, CblasNoTrans, blas_int(rows), blas_int(w.cols), 1, w.row(r),
                  blas_int(w.stride), x.data, blas_int(x.stride), 0, y.row(r), blas_int(y.stride));
    } else {
      one_sgemm(w.block(r, rows, 0, w.cols), {x.data + c, x.rows, cols, x.stride}, y.block(r, rows, c, cols),
                dots);
    }
  });
}

PreparedProduct::PreparedProduct(ThreadPool& pool, const ConstMatrix& w)
    : pool_(pool), w_(w), dot_stride_(dot_stride(w)) {
  use_one_blas_thread();
  const std::size_t weights = w.rows * w.cols;
  fewest_ = vector_by_sgemv(weights) ? 2 : 1;
  std::size_t most = weights == 0 ? 0 : (one_call(2) - 1) / weights;
  if (w.rows < low) most = std::min(most, 2 * chunk - 1);
  whole_ = most < fewest_ ? 0 : most - fewest_ + 1;
}

void multiply(ThreadPool& pool, const BatchedProduct& p) {
  use_one_blas_thread();
  const std::size_t least = std::size_t{1} << 18;  // multiply-adds of a task
  const std::size_t macs = std::max<std::size_t>(1, p.rows * p.inner * p.columns);
  const std::size_t per_task = std::max<std::size_t>(1, least / macs);
  pool.run((p.count + per_task - 1) / per_task, [&](std::size_t task, unsigned) {
    for (std::size_t i = task * per_task; i < std::min(p.count, (task + 1) * per_task); ++i)
      cblas_sgemm(CblasRowMajor, p.a_transposed ? CblasTrans : CblasNoTrans,
                  p.b_transposed ? CblasTrans : CblasNoTrans, blas_int(p.rows), blas_int(p.columns),
                  blas_int(p.inner), p.scale, p.a + i * p.rows * p.inner,
                  blas_int(p.a_transposed ? p.rows : p.inner), p.b + i * p.inner * p.columns,
                  blas_int(p.b_transposed ? p.inner : p.columns), 0, p.c + i * p.rows * p.columns,
                  blas_int(p.columns));
  });
}

void multiply_transposed(ThreadPool& pool, const ConstMatrix& w, const ConstMatrix& dy, const Matrix& dx) {
  require(w.rows == dy.rows && dx.rows == w.cols && dx.cols == dy.cols, "backward", w.cols, w.rows, dy.cols);
  use_one_blas_thread();
  if (large_vector(w.rows * w.cols, dy.cols))
    return cblas_sgemv(CblasRowMajor, CblasTrans, blas_int(w.rows), blas_int(w.cols), 1, w.data,
                       blas_int(w.stride), dy.data, blas_int(dy.stride), 0, dx.data, blas_int(dx.stride));
  for_parts(pool, dx, w.rows, [&](std::size_t r, std::size_t rows, std::size_t c, std::size_t cols) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, blas_int(rows), blas_int(cols), blas_int(w.rows), 1,
                w.data + r, blas_int(w.stride), dy.data + c, blas_int(dy.stride), 0, dx.row(r) + c,
                blas_int(dx.stride));
  });
}

void add_outer_product(ThreadPool& pool, const ConstMatrix& dy, const ConstMatrix& x, const Matrix& dw) {
  require(dy.cols == x.cols && dw.rows == dy.rows && dw.cols == x.rows, "gradient", dy.rows, dy.cols, x.rows);
  use_one_blas_thread();
  if (large_vector(dw.rows * dw.cols, dy.cols))
    return cblas_sger(CblasRowMajor, blas_int(dw.rows), blas_int(dw.cols), 1, dy.data, blas_int(dy.stride),
                      x.data, blas_int(x.stride), dw.data, blas_int(dw.stride));
  for_parts(pool, dw, dy.cols, [&](std::size_t r, std::size_t rows, std::size_t c, std::size_t cols) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, blas_int(rows), blas_int(cols), blas_int(dy.cols), 1,
                dy.row(r), blas_int(dy.stride), x.row(c), blas_int(x.stride), 1, dw.row(r) + c,
                blas_int(dw.stride));
  });
}

}  // namespace fringe
