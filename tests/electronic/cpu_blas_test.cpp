#include "electronic/cpu_blas.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <vector>

#include "core/blas_product.hpp"
#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/tensor.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<float>::epsilon();

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> out(count);
  fill_normal(out, Draw{.seed = 11, .purpose = Purpose::test, .site = site});
  return out;
}

// The value of Σ aᵢ·bᵢ and a bound for any order of float sums, fused or not: n·u·Σ|aᵢbᵢ| to first order
// (N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1), u = eps/2, one more for
// slack.
struct Dot {
  long double value = 0, magnitude = 0;
  std::size_t terms = 0;
  void add(float a, float b) {
    const long double product = static_cast<long double>(a) * static_cast<long double>(b);
    value += product;
    magnitude += std::fabs(product);
    ++terms;
  }
  double bound() const { return static_cast<double>(terms + 1) * eps / 2 * static_cast<double>(magnitude); }
};

struct Shape {
  std::size_t rows, cols, batch;
};

class CpuBlasShapes : public testing::TestWithParam<Shape> {};

TEST_P(CpuBlasShapes, ForwardAndBackwardAgreeWithLongDouble) {
  const auto [rows, cols, batch] = GetParam();
  ThreadPool pool(2);
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  const auto w = normals(rows * cols, 0), x = normals(cols * batch, 1), dy = normals(rows * batch, 2);
  std::vector<float> y(rows * batch), dx(cols * batch);
  const auto matrix = blas->program({w.data(), rows, cols}, 0);
  matrix->forward({x.data(), cols, batch}, {y.data(), rows, batch}, {.training = true});
  matrix->backward({x.data(), cols, batch}, {dy.data(), rows, batch}, {dx.data(), cols, batch}, {});
  matrix->backward({x.data(), cols, batch}, {dy.data(), rows, batch}, {}, {});  // gradients add up

  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t b = 0; b < batch; ++b) {
      Dot dot;
      for (std::size_t k = 0; k < cols; ++k) dot.add(w[r * cols + k], x[k * batch + b]);
      ASSERT_NEAR(static_cast<double>(y[r * batch + b]), static_cast<double>(dot.value), dot.bound());
    }
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t b = 0; b < batch; ++b) {
      Dot dot;
      for (std::size_t r = 0; r < rows; ++r) dot.add(w[r * cols + k], dy[r * batch + b]);
      ASSERT_NEAR(static_cast<double>(dx[k * batch + b]), static_cast<double>(dot.value), dot.bound());
    }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t k = 0; k < cols; ++k) {
      Dot dot;
      for (int twice = 0; twice < 2; ++twice)
        for (std::size_t b = 0; b < batch; ++b) dot.add(dy[r * batch + b], x[k * batch + b]);
      ASSERT_NEAR(static_cast<double>(matrix->gradients()[r * cols + k]), static_cast<double>(dot.value),
                  dot.bound());
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, CpuBlasShapes,
                         testing::Values(Shape{1, 1, 1}, Shape{10, 64, 1}, Shape{300, 70, 1},
                                         Shape{10, 64, 33}, Shape{130, 130, 257}, Shape{64, 10, 300},
                                         Shape{1030, 1025, 1}));

// A wrong cut shows in some shapes only: bands with and without a rest, more threads than bands, chunks of
// columns, one column, and sums longer than one pass of BLAS over the inner index.
TEST(CpuBlas, EqualBitsForAnyNumberOfThreads) {
  for (const Shape& shape :
       {Shape{300, 200, 500}, Shape{768, 400, 768}, Shape{97, 1500, 130}, Shape{1023, 385, 65},
        Shape{40, 300, 5000}, Shape{700, 900, 1}, Shape{1200, 900, 1}, Shape{200, 700, 700},
        Shape{147, 1500, 8}, Shape{256, 784, 128}, Shape{121, 2200, 40}, Shape{100, 1100, 101},
        Shape{60, 1500, 1000}, Shape{30, 4000, 257}, Shape{144, 310, 384}, Shape{640, 1300, 1297}}) {
    const std::size_t rows = shape.rows, cols = shape.cols, batch = shape.batch;
    const auto w = normals(rows * cols, 3), x = normals(cols * batch, 4), dy = normals(rows * batch, 5);
    const auto run = [&](unsigned threads) {
      ThreadPool pool(threads);
      std::vector<float> all(rows * batch + cols * batch + rows * cols + 2 * rows);
      float* at = all.data();
      multiply(pool, {w.data(), rows, cols}, {x.data(), cols, batch}, {at, rows, batch});
      at += rows * batch;
      multiply_transposed(pool, {w.data(), rows, cols}, {dy.data(), rows, batch}, {at, cols, batch});
      at += cols * batch;
      add_outer_product(pool, {dy.data(), rows, batch}, {x.data(), cols, batch}, {at, rows, cols});
      at += rows * cols;
      multiply(pool, {w.data(), rows, cols}, {x.data(), cols, 1, batch}, {at, rows, 1, 2});  // strided
      return all;
    };
    const auto one = run(1);
    for (const unsigned threads : {2u, 3u, 7u})
      EXPECT_TRUE(run(threads) == one) << rows << " " << cols << " " << batch;
  }
}

/// A programmed matrix decides ahead; the bits are those of a product that doesn't, at every size where the
/// choice of calls changes, and how far apart a batch's rows lie doesn't matter: a vector that lies as a row
/// of weights takes another kernel.
TEST(CpuBlas, PreparedProductsHaveTheBitsOfOthers) {
  for (const Shape& shape :
       {Shape{64, 64, 1}, Shape{1, 1, 1}, Shape{10, 31, 1}, Shape{10, 32, 1}, Shape{10, 784, 1},
        Shape{700, 40, 1}, Shape{701, 40, 1}, Shape{1201, 40, 1}, Shape{10, 64, 128}, Shape{700, 900, 1},
        Shape{700, 748, 1}, Shape{700, 749, 1}, Shape{700, 900, 2}, Shape{40, 30, 4095}, Shape{40, 30, 4096},
        Shape{256, 784, 20}, Shape{256, 784, 21}, Shape{256, 784, 128}})
    for (const unsigned threads : {1u, 2u}) {
      const std::size_t rows = shape.rows, cols = shape.cols, batch = shape.batch;
      ThreadPool pool(threads);
      const auto cpu = make_cpu_executor(pool);
      const auto blas = make_cpu_blas(*cpu, pool);
      const auto w = normals(rows * cols, 6), dense = normals(cols * batch, 7);
      const auto matrix = blas->program({w.data(), rows, cols}, 0);
      std::vector<float> first;
      for (const std::size_t stride : {batch, 2 * batch}) {
        std::vector<float> x(cols * stride), ours(rows * stride), others(ours);
        for (std::size_t k = 0; k < cols; ++k) std::copy_n(&dense[k * batch], batch, &x[k * stride]);
        const ConstMatrix in(x.data(), cols, batch, stride);
        matrix->forward(in, {ours.data(), rows, batch, stride}, {});
        multiply(pool, {w.data(), rows, cols}, in, {others.data(), rows, batch, stride});
        EXPECT_TRUE(ours == others) << rows << " " << cols << " " << batch << " on " << threads;
        if (first.empty()) first = ours;
        for (std::size_t r = 0; r < rows; ++r)
          ASSERT_TRUE(std::equal(&first[r * batch], &first[r * batch] + batch, &ours[r * stride]))
              << rows << " " << cols << " " << batch << " by " << stride;
      }
    }
}

TEST(CpuBlas, ParametersAreTheWeights) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  EXPECT_EQ(blas->numerics(), Provenance::measured);
  const std::vector<float> w{1, 2, 3, 4}, x{1, 10};
  const auto matrix = blas->program({w.data(), 2, 2}, 0);
  EXPECT_EQ(matrix->rows(), 2u);
  EXPECT_EQ(matrix->gradients()[3], 0.0f);
  matrix->parameters()[0] = 5;
  matrix->commit();
  std::vector<float> y(2), realised(4);
  matrix->forward({x.data(), 2, 1}, {y.data(), 2, 1}, {});
  EXPECT_EQ(y, (std::vector<float>{25, 43}));
  matrix->realised({realised.data(), 2, 2});
  EXPECT_EQ(realised, (std::vector<float>{5, 2, 3, 4}));
}

TEST(CpuBlas, MisuseIsAnError) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  const std::vector<float> w(6, 1.0f);
  std::vector<float> x(9), y(9);
  const auto matrix = blas->program({w.data(), 2, 3}, 0);
  EXPECT_THROW(matrix->forward({x.data(), 2, 3}, {y.data(), 2, 3}, {}), Error);
  EXPECT_THROW(matrix->forward({x.data(), 3, 3}, {y.data(), 3, 3}, {}), Error);
  EXPECT_THROW(matrix->realised({y.data(), 3, 2}), Error);
  std::vector<float> dx(9);
  const ConstMatrix in(x.data(), 3, 3), slopes(y.data(), 2, 3);
  EXPECT_THROW(matrix->backward({x.data(), 2, 3}, slopes, {}, {}), Error);
  EXPECT_THROW(matrix->backward(in, {y.data(), 2, 2}, {}, {}), Error);
  EXPECT_THROW(matrix->backward(in, slopes, {dx.data(), 3, 2}, {}), Error);
  EXPECT_EQ(matrix->gradients()[0], 0.0f);  // a refused pass adds nothing
  EXPECT_NO_THROW(matrix->backward(in, slopes, {dx.data(), 3, 3}, {}));
}

std::vector<Work> training_step(std::size_t batch) {
  const std::size_t rows = 32, inner = 64;
  const auto numbers = [](std::size_t n) { return 4.0 * static_cast<double>(n); };
  std::vector<Work> work(5);
  for (Work& w : work) {
    w.name = "dense";
    w.weight = 0;
    w.rows = rows;
    w.inner = inner;
    w.columns = batch;
    w.bytes = numbers(rows * inner + (rows + inner) * batch);
  }
  work[1].kind = Work::Kind::elementwise;
  work[1].bytes = numbers(2 * rows * batch);
  work[2].kind = Work::Kind::outer_product;
  work[3].transposed = true;
  work[4].kind = Work::Kind::weight_update;
  work[4].operations_per_element = 12;
  work[4].bytes = numbers(7 * rows * inner);
  return work;
}

TEST(CpuBlas, PriceIsMeasured) {
  ThreadPool pool(2);
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  const Cost small = blas->price(training_step(8)), large = blas->price(training_step(8192));
  EXPECT_EQ(small.provenance, Provenance::measured);
  EXPECT_GT(small.latency_s, 0);
  EXPECT_EQ(small.interval_s(), small.latency_s);
  // A thousand times the work: even a busy machine takes longer.
  EXPECT_GT(large.latency_s, small.latency_s);
  if (small.energy_known) {
    EXPECT_GT(small.energy(Part::mac), 0);
  }
  EXPECT_FALSE(cpu_name().empty());

  // Groups are that many products, each on operands of its own.
  auto groups = training_step(8);
  for (Work& w : groups)
    if (w.kind != Work::Kind::elementwise) w.groups = 1000;
  EXPECT_GT(blas->price(groups).latency_s, small.latency_s);

  // Numbers stay numbers however often a list runs: no root of a negative mean of squares, nothing infinite.
  ThreadPool alone(1);
  const auto own = make_cpu_executor(alone);
  std::feclearexcept(FE_ALL_EXCEPT);
  make_cpu_blas(*own, alone)->price(std::vector<Work>(1, training_step(8).back()));
  EXPECT_EQ(std::fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW), 0);

  auto clash = training_step(8);
  clash[3].rows = 31;
  EXPECT_THROW(blas->price(clash), Error);
}

}  // namespace
}  // namespace fringe
