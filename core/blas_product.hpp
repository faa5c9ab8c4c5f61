// Matrix products on the host: one call of OpenBLAS per thread of the pool, cut where its sums stay the same,
// so the bits are the same for any number of threads on one type of CPU.
#pragma once

#include "core/executor.hpp"
#include "core/thread_pool.hpp"
#include "core/view.hpp"

namespace fringe {

/// Error "WHAT is 2x3, it must be 2x4" where m has another shape.
void require_shape(const char* what, ConstMatrix m, std::size_t rows, std::size_t cols);

// Operands by reference: views that were written just before cost more to copy than a small product's checks.

/// y[rows×B] = w[rows×cols]·x[cols×B]; for many products with one w see prepared_product.hpp.
void multiply(ThreadPool& pool, const ConstMatrix& w, const ConstMatrix& x, const Matrix& y);
/// dx[cols×B] = w[rows×cols]ᵀ·dy[rows×B].
void multiply_transposed(ThreadPool& pool, const ConstMatrix& w, const ConstMatrix& dy, const Matrix& dx);
/// dw[rows×cols] += dy[rows×B]·x[cols×B]ᵀ: each element's sum over the batch runs in one tile, in a fixed
/// order.
void add_outer_product(ThreadPool& pool, const ConstMatrix& dy, const ConstMatrix& x, const Matrix& dw);

/// Every pair is one call on one thread.
void multiply(ThreadPool& pool, const BatchedProduct& product);

}  // namespace fringe
