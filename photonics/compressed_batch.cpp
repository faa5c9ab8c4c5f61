#include "photonics/compressed_batch.hpp"

#include <algorithm>
#include <functional>

#include "photonics/mesh_kernel.hpp"
#include "photonics/thread_scratch.hpp"

namespace fringe {
namespace {

/// Tasks 0 … count−1, on the pool if there is one.
void run(ThreadPool* pool, std::size_t count, const std::function<void(std::size_t)>& task) {
  if (pool && count > 1) {
    pool->run(count, [&](std::size_t i, unsigned) { task(i); });
  } else {
    for (std::size_t i = 0; i < count; ++i) task(i);
  }
}

}  // namespace

template <class Real>
bool CompressedBatch<Real>::pays(std::size_t modes, std::size_t batch, bool with_adjoints) noexcept {
  // A kernel takes whole tiles: of few modes, two of the batch's have to be saved.
  return batch >= std::max((with_adjoints ? 4 : 2) * modes, 2 * kernel_gradient_lanes<Real>);
}

template <class Real>
ConstFields<Real> CompressedBatch<Real>::view(const std::vector<Real>& planes) const {
  return {{planes.data(), modes_, modes_}, {planes.data() + modes_ * modes_, modes_, modes_}};
}

template <class Real>
Fields<Real> CompressedBatch<Real>::g_in() {
  g_in_.resize(2 * modes_ * modes_);
  return {{g_in_.data(), modes_, modes_}, {g_in_.data() + modes_ * modes_, modes_, modes_}};
}

template <class Real>
void CompressedBatch<Real>::set(ConstFields<Real> y, ConstFields<Real> g, ThreadPool* pool) {
  modes_ = y.re.rows;
  const std::size_t square = modes_ * modes_, padded = kernel_outer_modes(modes_);
  sums_.assign(2 * padded * padded, 0.0);
  // As many rows of y for each thread.
  const std::size_t blocks = padded / 4, tasks = std::min<std::size_t>(pool ? pool->size() : 1, blocks);
  run(pool, tasks, [&](std::size_t i) {
    const std::size_t begin = 4 * (blocks * i / tasks), end = 4 * (blocks * (i + 1) / tasks);
    kernels_of<Real>(mesh_kernels())
        .outer({modes_, y.re.cols, y.re.data, y.im.data, g.re.data, g.im.data, y.re.stride, y.im.stride,
                g.re.stride, g.im.stride, begin, end, sums_.data()},
               thread_scratch<Real>(2 * kernel_outer_lanes<Real> * (end - begin + padded)));
  });
  y_.resize(2 * square);
  for (std::size_t row = 0; row < modes_; ++row)
    for (std::size_t column = 0; column < modes_; ++column) {
      const double* sum = &sums_[2 * (row * padded + column)];
      y_[row * modes_ + column] = static_cast<Real>(sum[0]);
      y_[square + row * modes_ + column] = static_cast<Real>(sum[1]);
    }
  g_.assign(2 * square, Real{0});
  for (std::size_t m = 0; m < modes_; ++m) g_[m * modes_ + m] = 1;
}

template <class Real>
void CompressedBatch<Real>::take_to_input(Fields<Real> g, ThreadPool* pool) const {
  constexpr std::size_t block = 2 * kernel_product_samples;
  const std::size_t batch = g.re.cols, plane = modes_ * block;
  const auto product = kernels_of<Real>(mesh_kernels()).product;
  run(pool, (batch + block - 1) / block, [&](std::size_t i) {
    const std::size_t first = i * block, here = std::min(block, batch - first);
    Real *const re = thread_scratch<Real>(4 * plane), *const im = re + plane, *const to = im + plane;
    std::fill_n(re, 2 * plane, Real{0});
    for (std::size_t m = 0; m < modes_; ++m) {
      std::copy_n(g.re.row(m) + first, here, re + m * block);
      std::copy_n(g.im.row(m) + first, here, im + m * block);
    }
    const Real *const a_re = g_in_.data(), *const a_im = a_re + modes_ * modes_;
    const auto add = [&](const Real* a, const Real* x, Real* out, Real sign, bool more) {
      product({modes_, modes_, block, a, x, out, block, block, sign, more});
    };
    add(a_re, re, to, 1, false);
    add(a_im, im, to, -1, true);
    add(a_re, im, to + plane, 1, false);
    add(a_im, re, to + plane, 1, true);
    for (std::size_t m = 0; m < modes_; ++m) {
      std::copy_n(to + m * block, here, g.re.row(m) + first);
      std::copy_n(to + plane + m * block, here, g.im.row(m) + first);
    }
  });
}

template class CompressedBatch<float>;
template class CompressedBatch<double>;

}  // namespace fringe
