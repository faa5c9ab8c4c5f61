// y = w·x for a w whose memory stays where it is: what doesn't depend on x is decided once, so that a small
// product is one comparison and the library's call, in line. Needs cblas.h; others include blas_product.hpp.
#pragma once

#include <cblas.h>

#include "core/blas_product.hpp"

namespace fringe {

/// One call of sgemm for y = w·x, in the library's own order of columns: its kernel sees x before w. A vector
/// is called transposed where its stride is `dot_stride`, 1 or one that no view has: then the kernel reads it
/// as it reads a row of w. Chosen without a branch.
inline void one_sgemm(const ConstMatrix& w, const ConstMatrix& x, const Matrix& y, std::size_t dot_stride) {
  static_assert(CblasTrans == CblasNoTrans + 1);
  const auto count = [](std::size_t n) { return static_cast<int>(n); };
  const auto dot = static_cast<std::size_t>(x.stride == dot_stride);
  cblas_sgemm(CblasColMajor, static_cast<CBLAS_TRANSPOSE>(CblasNoTrans + count(dot)), CblasNoTrans,
              count(y.cols), count(w.rows), count(w.cols), 1, x.data, count(x.stride + dot * (w.cols - 1)),
              w.data, count(w.stride), 0, y.data, count(y.stride));
}

/// multiply() with equal bits.
class PreparedProduct {
 public:
  PreparedProduct(ThreadPool& pool, const ConstMatrix& w);
  void operator()(const ConstMatrix& x, const Matrix& y) const {
    const std::size_t misfit = (x.rows ^ w_.cols) | (y.rows ^ w_.rows) | (x.cols ^ y.cols);
    if ((misfit != 0) | (x.cols - fewest_ >= whole_)) [[unlikely]]
      multiply(pool_, w_, x, y);
    else
      one_sgemm(w_, x, y, dot_stride_);
  }

 private:
  ThreadPool& pool_;
  ConstMatrix w_;
  std::size_t fewest_, whole_;  // that many counts of columns from the fewest on are one call of sgemm
  std::size_t dot_stride_;
};

}  // namespace fringe
