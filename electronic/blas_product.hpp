// Matrix products on the host: OpenBLAS inside fixed tiles that the pool shares out. The tiles depend on the
// shapes alone, so the bits are the same for any number of threads on one type of CPU.
#pragma once

#include "core/thread_pool.hpp"
#include "core/view.hpp"

namespace fringe {

/// Error "WHAT is 2x3, it must be 2x4" where m has another shape.
void require_shape(const char* what, ConstMatrix m, std::size_t rows, std::size_t cols);

/// y[rows×B] = w[rows×cols]·x[cols×B].
void multiply(ThreadPool& pool, ConstMatrix w, ConstMatrix x, Matrix y);
/// dx[cols×B] = w[rows×cols]ᵀ·dy[rows×B].
void multiply_transposed(ThreadPool& pool, ConstMatrix w, ConstMatrix dy, Matrix dx);
/// dw[rows×cols] += dy[rows×B]·x[cols×B]ᵀ: each element's sum over the batch runs in one tile, in a fixed
/// order.
void add_outer_product(ThreadPool& pool, ConstMatrix dy, ConstMatrix x, Matrix dw);

}  // namespace fringe
