#include "electronic/format_matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<float>::epsilon();

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> out(count);
  fill_normal(out, Draw{.seed = 21, .purpose = Purpose::test, .site = site});
  return out;
}

class Formats : public testing::TestWithParam<Format> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);

  std::vector<float> rounded(const std::vector<float>& in) const {
    std::vector<float> out(in.size());
    round_to(GetParam(), {in.data(), 1, in.size()}, {out.data(), 1, in.size()});
    return out;
  }
};

TEST_P(Formats, ForwardAndBackwardUseRoundedOperandsAndFloatSums) {
  constexpr std::size_t rows = 20, cols = 50, batch = 33;
  const auto w = normals(rows * cols, 0), x = normals(cols * batch, 1), dy = normals(rows * batch, 2);
  const auto rw = rounded(w), rx = rounded(x), rdy = rounded(dy);
  std::vector<float> y(rows * batch), dx(cols * batch), realised(rows * cols);
  const auto matrix = make_format_matrix({w.data(), rows, cols}, GetParam(), *cpu, pool);
  matrix->forward({x.data(), cols, batch}, {y.data(), rows, batch}, {.training = true});
  matrix->backward({x.data(), cols, batch}, {dy.data(), rows, batch}, {dx.data(), cols, batch}, {});
  matrix->realised({realised.data(), rows, cols});
  EXPECT_EQ(realised, rw);

  // Float sums in any order: (terms + 1)·u·Σ|aᵢbᵢ| (Higham 2002, section 3.1).
  const auto check = [](double got, std::size_t terms, auto&& a, auto&& b) {
    long double value = 0, magnitude = 0;
    for (std::size_t i = 0; i < terms; ++i) {
      const long double product = static_cast<long double>(a(i)) * static_cast<long double>(b(i));
      value += product;
      magnitude += std::fabs(product);
    }
    ASSERT_NEAR(got, static_cast<double>(value),
                static_cast<double>(terms + 1) * eps / 2 * static_cast<double>(magnitude));
  };
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t b = 0; b < batch; ++b)
      check(
          static_cast<double>(y[r * batch + b]), cols, [&](std::size_t k) { return rw[r * cols + k]; },
          [&](std::size_t k) { return rx[k * batch + b]; });
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t b = 0; b < batch; ++b)
      check(
          static_cast<double>(dx[k * batch + b]), rows, [&](std::size_t r) { return rw[r * cols + k]; },
          [&](std::size_t r) { return rdy[r * batch + b]; });
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t k = 0; k < cols; ++k)
      check(
          static_cast<double>(matrix->gradients()[r * cols + k]), batch,
          [&](std::size_t b) { return rdy[r * batch + b]; },
          [&](std::size_t b) { return rx[k * batch + b]; });
}

TEST_P(Formats, CommitRoundsTheMasterWeights) {
  const std::vector<float> w{1.0f, 2.0f};
  const auto matrix = make_format_matrix({w.data(), 1, 2}, GetParam(), *cpu, pool);
  matrix->parameters()[0] = 1.0f + 0x1p-20f;
  std::vector<float> realised(2);
  matrix->realised({realised.data(), 1, 2});
  EXPECT_EQ(realised[0], 1.0f);
  matrix->commit();
  matrix->realised({realised.data(), 1, 2});
  EXPECT_EQ(realised[0], row_of(GetParam()).mantissa_bits >= 23 ? 1.0f + 0x1p-20f : 1.0f);
  EXPECT_EQ(matrix->parameters()[0], 1.0f + 0x1p-20f);  // the master keeps what the format drops
}

INSTANTIATE_TEST_SUITE_P(All, Formats,
                         testing::Values(Format::fp32, Format::tf32, Format::bf16, Format::fp16,
                                         Format::fp64),
                         [](const auto& chosen) { return std::string(row_of(chosen.param).name); });

/// w·x in a format, `step` columns at a time.
std::vector<float> product_by_steps(ConstMatrix w, ConstMatrix x, Format format, unsigned threads,
                                    std::size_t step) {
  ThreadPool pool(threads);
  const auto cpu = make_cpu_executor(pool);
  const auto matrix = make_format_matrix(w, format, *cpu, pool);
  std::vector<float> y(w.rows * x.cols);
  for (std::size_t b = 0; b < x.cols; b += step) {
    const std::size_t columns = std::min(step, x.cols - b);
    matrix->forward({x.data + b, x.rows, columns, x.stride}, {y.data() + b, w.rows, columns, x.cols}, {});
  }
  return y;
}

TEST(FormatMatrix, Fp32HasTheBitsOfCpuBlas) {
  ThreadPool pool(2);
  const auto cpu = make_cpu_executor(pool);
  constexpr std::size_t rows = 40, cols = 64, batch = 150;
  const auto w = normals(rows * cols, 0), x = normals(cols * batch, 1);
  std::vector<float> a(rows * batch), b(rows * batch);
  const auto blas = make_cpu_blas(*cpu, pool);
  blas->program({w.data(), rows, cols}, 0)->forward({x.data(), cols, batch}, {a.data(), rows, batch}, {});
  make_format_matrix({w.data(), rows, cols}, Format::fp32, *cpu, pool)
      ->forward({x.data(), cols, batch}, {b.data(), rows, batch}, {});
  EXPECT_EQ(a, b);
}

TEST(FormatMatrix, Fp64IsRoundedOnceForAnyBatchAndThreads) {
  constexpr std::size_t rows = 20, cols = 500, batch = 33;
  const auto w = normals(rows * cols, 0), x = normals(cols * batch, 1);
  const auto run = [&](unsigned threads, std::size_t step) {
    return product_by_steps({w.data(), rows, cols}, {x.data(), cols, batch}, Format::fp64, threads, step);
  };
  const auto y = run(1, batch);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t b = 0; b < batch; ++b) {
      double sum = 0;
      for (std::size_t k = 0; k < cols; ++k)
        sum += static_cast<double>(w[r * cols + k]) * static_cast<double>(x[k * batch + b]);
      ASSERT_EQ(y[r * batch + b], static_cast<float>(sum));
    }
  EXPECT_EQ(run(2, batch), y);
  EXPECT_EQ(run(2, 5), y);
}

TEST(FormatMatrix, Fp8IsItsCodesTimesTheirScales) {
  // Codes are small integers here: every sum is exact.
  ThreadPool pool(2);
  const auto cpu = make_cpu_executor(pool);
  const std::vector<float> w{448, -3, 7, 448}, x{448, 5, 224, -448}, dy{1, 2, 0, 1};
  std::vector<float> y(4), dx(4);
  const auto matrix = make_format_matrix({w.data(), 2, 2}, Format::fp8, *cpu, pool);
  matrix->forward({x.data(), 2, 2}, {y.data(), 2, 2}, {.training = true});
  matrix->backward({x.data(), 2, 2}, {dy.data(), 2, 2}, {dx.data(), 2, 2}, {});
  EXPECT_EQ(y, (std::vector<float>{448 * 448 - 3 * 224, 448 * 5 + 3 * 448, 7 * 448 + 448 * 224,
                                   7 * 5 - 448 * 448}));
  EXPECT_EQ(dx, (std::vector<float>{448, 896 + 7, -3, -6 + 448}));
}

class Int8 : public testing::TestWithParam<std::size_t> {};

TEST_P(Int8, ForwardIsExactAndIndependentOfBatchAndThreads) {
  const std::size_t rows = 12, cols = GetParam(), batch = 37;
  const auto w = normals(rows * cols, 0), x = normals(cols * batch, 1);
  std::vector<float> wq(rows * cols), ws(rows), xq(cols * batch), xs(batch);
  quantise_rows({w.data(), rows, cols}, {wq.data(), rows, cols}, ws);
  quantise_columns({x.data(), cols, batch}, {xq.data(), cols, batch}, xs);

  const auto run = [&](unsigned threads, std::size_t step) {
    return product_by_steps({w.data(), rows, cols}, {x.data(), cols, batch}, Format::int8, threads, step);
  };
  const auto y = run(1, batch);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t b = 0; b < batch; ++b) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < cols; ++k)
        sum += static_cast<std::int64_t>(wq[r * cols + k]) * static_cast<std::int64_t>(xq[k * batch + b]);
      ASSERT_EQ(y[r * batch + b], static_cast<float>(sum) * (ws[r] * xs[b]));
    }
  EXPECT_EQ(run(2, batch), y);
  EXPECT_EQ(run(1, 1), y);
  EXPECT_EQ(run(2, 5), y);
}

// Below and above the length whose sums are exact in float.
INSTANTIATE_TEST_SUITE_P(Lengths, Int8, testing::Values(64, 1024, 1025, 3000));

TEST(FormatMatrix, Int8SumsOfOneSignAreExact) {
  // All codes lie in 64 … 127, so the sums pass 2²⁴, above which a float sum drops odd terms.
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  constexpr std::size_t rows = 8, cols = 4000, batch = 8;
  std::vector<float> w(rows * cols), x(cols * batch), y(rows * batch);
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t i = 0; i < rows; ++i) {
      w[i * cols + k] = static_cast<float>(127 - k * (2 * i + 1) % 64);
      x[k * batch + i] = static_cast<float>(127 - k * k * (2 * i + 3) % 61);
    }
  make_format_matrix({w.data(), rows, cols}, Format::int8, *cpu, pool)
      ->forward({x.data(), cols, batch}, {y.data(), rows, batch}, {});
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t b = 0; b < batch; ++b) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < cols; ++k)
        sum += static_cast<std::int64_t>(w[r * cols + k]) * static_cast<std::int64_t>(x[k * batch + b]);
      ASSERT_GT(sum, std::int64_t{1} << 24);
      ASSERT_EQ(y[r * batch + b], static_cast<float>(sum)) << r << " " << b;
    }
}

TEST(FormatMatrix, Int8GradientsPassThroughTheRounding) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  // Scales of 1: codes and values agree, all sums are small integers and exact.
  const std::vector<float> w{127, -3, 2, 127}, x{127, 5}, dy{1, 2};
  std::vector<float> y(2), dx(2);
  const auto matrix = make_format_matrix({w.data(), 2, 2}, Format::int8, *cpu, pool);
  matrix->forward({x.data(), 2, 1}, {y.data(), 2, 1}, {.training = true});
  matrix->backward({x.data(), 2, 1}, {dy.data(), 2, 1}, {dx.data(), 2, 1}, {});
  EXPECT_EQ(y, (std::vector<float>{127 * 127 - 15, 2 * 127 + 5 * 127}));
  EXPECT_EQ(dx, (std::vector<float>{127 + 4, -3 + 254}));
  EXPECT_EQ(std::vector<float>(matrix->gradients().begin(), matrix->gradients().end()),
            (std::vector<float>{127, 5, 254, 10}));
}

TEST(FormatMatrix, MisuseIsAnError) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const std::vector<float> w(6, 1.0f);
  std::vector<float> x(9), y(9);
  const auto matrix = make_format_matrix({w.data(), 2, 3}, Format::fp16, *cpu, pool);
  EXPECT_THROW(matrix->forward({x.data(), 2, 3}, {y.data(), 2, 3}, {}), Error);
  EXPECT_THROW(matrix->realised({y.data(), 3, 2}), Error);
  const ConstMatrix in(x.data(), 3, 3), slopes(y.data(), 2, 3);
  EXPECT_THROW(matrix->backward({x.data(), 2, 3}, slopes, {}, {}), Error);
  EXPECT_THROW(matrix->backward(in, {y.data(), 2, 2}, {}, {}), Error);
  EXPECT_THROW(matrix->backward(in, slopes, {x.data(), 3, 2}, {}), Error);
  EXPECT_EQ(matrix->gradients()[0], 0.0f);  // a refused pass adds nothing
  std::vector<float> dx(9);
  EXPECT_NO_THROW(matrix->backward(in, slopes, {dx.data(), 3, 3}, {}));
}

}  // namespace
}  // namespace fringe
