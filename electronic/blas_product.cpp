#include "electronic/blas_product.hpp"

#include <cblas.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

// OpenBLAS's own threads would change bits with their number; the pool takes their place.
void use_one_blas_thread() {
  static std::once_flag once;
  std::call_once(once, [] { openblas_set_num_threads(1); });
}

int blas_int(std::size_t n) { return static_cast<int>(n); }

std::string shape(std::size_t rows, std::size_t cols) {
  return std::to_string(rows) + "x" + std::to_string(cols);
}

void require(bool fits, const char* where, std::size_t rows, std::size_t inner, std::size_t cols) {
  if (fits) return;
  throw Error(std::string(where) + ": operands do not fit a product of " + shape(rows, inner) + " by " +
              shape(inner, cols));
}

// Runs part(first row, rows, first column, columns) over tiles of a rows×cols result with `inner`
// multiply-adds per element. A tile has at least 64 rows or columns to split and about 2²⁰ multiply-adds:
// less doesn't repay a thread, more than 16 tiles pay only in large products.
template <class F>
void for_tiles(ThreadPool& pool, std::size_t rows, std::size_t cols, std::size_t inner, const F& part) {
  if (rows == 0 || cols == 0) return;
  constexpr std::size_t split_at = 128, grain = 16;
  const double macs = static_cast<double>(rows) * static_cast<double>(cols) * static_cast<double>(inner);
  const double wanted = std::min({macs / 0x1p20, std::max(16.0, macs / 0x1p26), 256.0});
  std::size_t height = rows, width = cols;
  for (double tiles = 2; tiles <= wanted && std::max(height, width) >= split_at; tiles *= 2) {
    std::size_t& longer = height > width ? height : width;
    longer = (longer / 2 + grain - 1) / grain * grain;
  }
  const std::size_t down = (rows + height - 1) / height, across = (cols + width - 1) / width;
  pool.run(down * across, [&](std::size_t tile, unsigned) {
    const std::size_t r = tile / across * height, c = tile % across * width;
    part(r, std::min(height, rows - r), c, std::min(width, cols - c));
  });
}

}  // namespace

void require_shape(const char* what, ConstMatrix m, std::size_t rows, std::size_t cols) {
  if (m.rows != rows || m.cols != cols)
    throw Error(std::string(what) + " is " + shape(m.rows, m.cols) + ", it must be " + shape(rows, cols));
}

void multiply(ThreadPool& pool, ConstMatrix w, ConstMatrix x, Matrix y) {
  require(w.cols == x.rows && y.rows == w.rows && y.cols == x.cols, "forward", w.rows, w.cols, x.cols);
  use_one_blas_thread();
  for_tiles(pool, y.rows, y.cols, w.cols,
            [&](std::size_t r, std::size_t rows, std::size_t c, std::size_t cols) {
              if (y.cols == 1)
                cblas_sgemv(CblasRowMajor, CblasNoTrans, blas_int(rows), blas_int(w.cols), 1, w.row(r),
                            blas_int(w.stride), x.data, blas_int(x.stride), 0, y.row(r), blas_int(y.stride));
              else
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, blas_int(rows), blas_int(cols),
                            blas_int(w.cols), 1, w.row(r), blas_int(w.stride), x.data + c, blas_int(x.stride),
                            0, y.row(r) + c, blas_int(y.stride));
            });
}

void multiply_transposed(ThreadPool& pool, ConstMatrix w, ConstMatrix dy, Matrix dx) {
  require(w.rows == dy.rows && dx.rows == w.cols && dx.cols == dy.cols, "backward", w.cols, w.rows, dy.cols);
  use_one_blas_thread();
  for_tiles(pool, dx.rows, dx.cols, w.rows,
            [&](std::size_t r, std::size_t rows, std::size_t c, std::size_t cols) {
              cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, blas_int(rows), blas_int(cols),
                          blas_int(w.rows), 1, w.data + r, blas_int(w.stride), dy.data + c,
                          blas_int(dy.stride), 0, dx.row(r) + c, blas_int(dx.stride));
            });
}

void add_outer_product(ThreadPool& pool, ConstMatrix dy, ConstMatrix x, Matrix dw) {
  require(dy.cols == x.cols && dw.rows == dy.rows && dw.cols == x.rows, "gradient", dy.rows, dy.cols, x.rows);
  use_one_blas_thread();
  for_tiles(pool, dw.rows, dw.cols, dy.cols,
            [&](std::size_t r, std::size_t rows, std::size_t c, std::size_t cols) {
              cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, blas_int(rows), blas_int(cols),
                          blas_int(dy.cols), 1, dy.row(r), blas_int(dy.stride), x.row(c), blas_int(x.stride),
                          1, dw.row(r) + c, blas_int(dw.stride));
            });
}

}  // namespace fringe
