#include "core/executor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/tensor.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<float>::epsilon();

// A matrix inside wider memory: what stands between the rows must not change.
struct Padded {
  static constexpr float mark = -12345.0f;
  std::vector<float> memory;
  Matrix view;
  Padded(std::size_t rows, std::size_t cols, std::uint32_t site, std::size_t pad = 3)
      : memory(rows * (cols + pad), mark), view(memory.data(), rows, cols, cols + pad) {
    for (std::size_t r = 0; r < rows; ++r)
      fill_normal({view.row(r), cols}, Draw{.seed = 5, .purpose = Purpose::test, .site = site}, r * cols);
  }
  bool padding_untouched() const {
    for (std::size_t r = 0; r < view.rows; ++r)
      for (std::size_t c = view.cols; c < view.stride; ++c)
        if (view.row(r)[c] != mark) return false;
    return true;
  }
};

class CpuExecutorTest : public testing::Test {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
};

TEST_F(CpuExecutorTest, MemoryIsAlignedAndCopies) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{1000}}) {
    void* memory = cpu->allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0u) << bytes;
    cpu->release(memory);
  }
  const std::vector<float> sent{1, 2, 3, 4, 5};
  Buffer<float> buffer(*cpu, sent.size());
  buffer.from_host(sent);
  EXPECT_EQ(buffer.to_host(), sent);
}

TEST_F(CpuExecutorTest, TooMuchMemoryIsAnErrorThatNamesTheSize) {
  const std::size_t all = std::numeric_limits<std::size_t>::max();
  try {
    cpu->allocate(all);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(all)), std::string::npos) << error.what();
  }
}

TEST_F(CpuExecutorTest, ElementwiseOperatorsOnStridedViews) {
  Padded x(5, 37, 0), y(5, 37, 1, 11), dy(5, 37, 2, 1), dx(5, 37, 3);
  const std::vector<float> bias{0.5f, -1.0f, 2.0f, 0.0f, 3.0f};
  const Padded before = x;
  cpu->add_bias(bias.data(), x.view);
  cpu->relu(x.view, y.view);
  cpu->relu_backward(y.view, dy.view, dx.view);
  for (std::size_t r = 0; r < 5; ++r)
    for (std::size_t b = 0; b < 37; ++b) {
      const float sum = before.memory[r * before.view.stride + b] + bias[r];
      ASSERT_EQ(x.view(r, b), sum);
      ASSERT_EQ(y.view(r, b), sum > 0 ? sum : 0.0f);
      ASSERT_EQ(dx.view(r, b), sum > 0 ? dy.view(r, b) : 0.0f);
    }
  cpu->fill(x.view, 7.0f);
  EXPECT_EQ(x.view(4, 36), 7.0f);
  for (const Padded* m : {&x, &y, &dy, &dx}) EXPECT_TRUE(m->padding_untouched());
}

TEST_F(CpuExecutorTest, UnequalShapesAreRefused) {
  Padded a(4, 5, 0), b(5, 4, 1);
  EXPECT_THROW(cpu->relu(a.view, b.view), Error);
  EXPECT_THROW(cpu->relu_backward(a.view, a.view, b.view), Error);
}

TEST_F(CpuExecutorTest, RowSumsAddToWhatIsThere) {
  for (const std::size_t batch : {1u, 7u, 8u, 1001u}) {
    Padded x(3, batch, 4);
    std::vector<float> sums{1.0f, -2.0f, 0.0f};
    const std::vector<float> start = sums;
    cpu->add_row_sums(x.view, sums.data());
    for (std::size_t r = 0; r < 3; ++r) {
      long double exact = static_cast<long double>(start[r]), magnitude = std::fabs(exact);
      for (std::size_t b = 0; b < batch; ++b) {
        exact += static_cast<long double>(x.view(r, b));
        magnitude += std::fabs(static_cast<long double>(x.view(r, b)));
      }
      // One rounding to float, and `batch` roundings in double.
      const double bound = eps / 2 * std::fabs(static_cast<double>(exact)) +
                           static_cast<double>(batch) * 0x1p-53 * static_cast<double>(magnitude) * 1.01;
      EXPECT_NEAR(static_cast<double>(sums[r]), static_cast<double>(exact), bound);
    }
  }
}

TEST_F(CpuExecutorTest, SoftmaxCrossEntropyAgreesWithLongDouble) {
  constexpr std::size_t classes = 10, batch = 300;  // more than one block
  Padded x(classes, batch, 6), dx(classes, batch, 7);
  std::vector<std::int32_t> labels(batch);
  double widest = 0;
  for (std::size_t b = 0; b < batch; ++b) labels[b] = static_cast<std::int32_t>(b * 7 % classes);
  for (std::size_t r = 0; r < classes; ++r)
    for (std::size_t b = 0; b < batch; ++b) {
      x.view(r, b) *= 3.0f;
      widest = std::max(widest, 2 * std::fabs(static_cast<double>(x.view(r, b))));
    }
  const double loss = cpu->softmax_cross_entropy(x.view, labels.data(), dx.view);

  // exp(x − m) in float: the difference rounds once (relative eps/2 of up to `widest`), exp once more (one
  // ulp).
  const double term = (widest / 2 + 1) * eps;
  long double exact = 0;
  for (std::size_t b = 0; b < batch; ++b) {
    long double sum = 0;
    for (std::size_t r = 0; r < classes; ++r) sum += std::exp(static_cast<long double>(x.view(r, b)));
    const auto label = static_cast<std::size_t>(labels[b]);
    exact += std::log(sum) - static_cast<long double>(x.view(label, b));
    for (std::size_t r = 0; r < classes; ++r) {
      const long double p = std::exp(static_cast<long double>(x.view(r, b))) / sum;
      const long double slope = (p - (r == label ? 1.0L : 0.0L)) / batch;
      ASSERT_NEAR(static_cast<double>(dx.view(r, b)), static_cast<double>(slope),
                  (2 * term + 3 * eps) / batch);
    }
  }
  EXPECT_NEAR(loss, static_cast<double>(exact / batch), term);
  EXPECT_TRUE(dx.padding_untouched());
  EXPECT_EQ(cpu->softmax_cross_entropy(x.view, labels.data(), Matrix()), loss);

  // In place.
  Padded same = x;
  same.view.data = same.memory.data();
  EXPECT_EQ(cpu->softmax_cross_entropy(same.view, labels.data(), same.view), loss);
  EXPECT_EQ(same.memory, dx.memory);
}

TEST_F(CpuExecutorTest, SoftmaxOfHugeLogitsDoesNotOverflow) {
  std::vector<float> logits{1e30f, 0.0f, -1e30f};
  const std::vector<std::int32_t> right{0};
  EXPECT_EQ(cpu->softmax_cross_entropy(ConstMatrix(logits.data(), 3, 1), right.data(), Matrix()), 0.0);
  std::vector<float> equal(7, 88.0f);
  EXPECT_NEAR(cpu->softmax_cross_entropy(ConstMatrix(equal.data(), 7, 1), right.data(), Matrix()),
              std::log(7.0), 0x1p-51);
}

TEST_F(CpuExecutorTest, SoftmaxRefusesLabelsOutOfRange) {
  Padded x(4, 3, 0);
  for (const std::int32_t bad : {-1, 4}) {
    const std::vector<std::int32_t> labels{0, bad, 1};
    EXPECT_THROW(cpu->softmax_cross_entropy(x.view, labels.data(), Matrix()), Error);
  }
}

TEST_F(CpuExecutorTest, ArgmaxTakesTheFirstOfEquals) {
  const std::vector<float> x{1, 5, 2,   //
                             3, 5, 2,   //
                             3, 4, 9};  // columns: 3 at row 1, 5 at row 0, 9 at row 2
  std::vector<std::int32_t> best(3);
  cpu->argmax_rows(ConstMatrix(x.data(), 3, 3), best.data());
  EXPECT_EQ(best, (std::vector<std::int32_t>{1, 0, 2}));
}

TEST_F(CpuExecutorTest, SgdWithMomentumExactly) {
  float p = 1.0f, v = 0.5f;
  const float g = 0.25f;
  cpu->sgd_step(1, &p, &g, &v, 0.5f, 0.5f);
  EXPECT_EQ(v, 0.5f);
  EXPECT_EQ(p, 0.75f);
}

// Numbers of few bits: every product and sum is exact.
TEST_F(CpuExecutorTest, StepsTakeScaleDecayAndTheLookAhead) {
  float p = 2.0f, v = 0.5f;
  const float g = 8.0f;
  // g' = 8/16 + 0.25·2 = 1; v = 0.5·0.5 + 1 = 1.25; p −= 0.5·(1 + 0.5·1.25).
  cpu->sgd_step(1, &p, &g, &v, 0.5f, 0.5f, {.gradient_scale = 0.0625f, .decay = 0.25f, .nesterov = true});
  EXPECT_EQ(v, 1.25f);
  EXPECT_EQ(p, 2.0f - 0.8125f);
  // Without momentum of either kind Adam's step is rate·g'/(|g'| + ε); the decay comes beside it.
  float q = 2.0f, m = 0.0f, square = 0.0f;
  cpu->adam_step(1, &q, &g, &m, &square, 1, 0.5f, 0, 0, 1.0f, {.gradient_scale = 0.125f, .decay = 0.25f});
  EXPECT_EQ(m, 1.0f);
  EXPECT_EQ(square, 1.0f);
  EXPECT_EQ(q, 2.0f - 0.5f * 0.25f * 2.0f - 0.5f * 1.0f / 2.0f);
}

TEST_F(CpuExecutorTest, ScaleAndSumOfSquares) {
  Padded x(7, 5, 1);
  const Padded before(7, 5, 1);
  cpu->scale(x.view, -0.25f);
  for (std::size_t r = 0; r < 7; ++r)
    for (std::size_t c = 0; c < 5; ++c) EXPECT_EQ(x.view(r, c), -0.25f * before.view(r, c));
  EXPECT_TRUE(x.padding_untouched());

  // Whole numbers, whose squares a double adds exactly: 1² + … + n² = n(n + 1)(2n + 1)/6.
  for (const std::size_t n : {0, 1, 5, 8, 20011}) {
    std::vector<float> numbers(n);
    for (std::size_t i = 0; i < n; ++i) numbers[i] = static_cast<float>(i + 1);
    const double d = static_cast<double>(n);
    EXPECT_EQ(cpu->sum_of_squares(n, numbers.data()), d * (d + 1) * (2 * d + 1) / 6);
  }
  const std::vector<float> bad{1, std::numeric_limits<float>::infinity(), 2};
  EXPECT_FALSE(std::isfinite(cpu->sum_of_squares(3, bad.data())));
}

TEST_F(CpuExecutorTest, AdamFollowsItsAlgorithm) {
  const float rate = 0.01f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float p = 1.0f, m = 0.0f, v = 0.0f;
  double rp = 1.0, rm = 0.0, rv = 0.0;
  for (int step = 1; step <= 5; ++step) {
    const float g = 0.3f * static_cast<float>(step) - 0.7f;
    cpu->adam_step(1, &p, &g, &m, &v, step, rate, beta1, beta2, epsilon);
    const double dg = static_cast<double>(g), b1 = static_cast<double>(beta1),
                 b2 = static_cast<double>(beta2);
    rm = b1 * rm + (1 - b1) * dg;
    rv = b2 * rv + (1 - b2) * dg * dg;
    rp -= static_cast<double>(rate) * (rm / (1 - std::pow(b1, step))) /
          (std::sqrt(rv / (1 - std::pow(b2, step))) + static_cast<double>(epsilon));
    // m and v are float sums whose terms may cancel once (m): a dozen roundings of a step of at most `rate`,
    // 1/|cancellation| < 10 here, plus the rounding of p itself in each step.
    EXPECT_NEAR(static_cast<double>(p), rp, step * (120 * eps * 0.01 + eps));
  }
  // The first step has the size of the rate whatever the gradient is.
  float q = 0.0f, qm = 0.0f, qv = 0.0f;
  const float tiny = 1e-3f;
  cpu->adam_step(1, &q, &tiny, &qm, &qv, 1, rate, beta1, beta2, 0.0f);
  // beta as a float differs from its rounded complement by eps: (1−β)·1/(1−β) is one within a few eps/(1−β₂).
  EXPECT_NEAR(static_cast<double>(q), -0.01, 0.01 * 4 * eps / (1 - 0.999));
  EXPECT_THROW(cpu->adam_step(1, &q, &tiny, &qm, &qv, 0, rate, beta1, beta2, epsilon), Error);
}

// Everything above in sizes that are shared out: the bits may not depend on the threads.
std::vector<float> all_operators(unsigned threads) {
  ThreadPool pool(threads);
  const auto cpu = make_cpu_executor(pool);
  constexpr std::size_t rows = 70, batch = 1500;
  Tensor x(*cpu, rows, batch), y(*cpu, rows, batch), m(*cpu, rows, batch), v(*cpu, rows, batch);
  fill_normal(x.span(), Draw{.seed = 1});
  std::vector<std::int32_t> labels(batch, 3), best(batch);
  std::vector<float> sums(rows, 0.125f), result;
  cpu->fill(m.view(), 0.0f);
  cpu->fill(v.view(), 0.0f);
  result.push_back(static_cast<float>(cpu->softmax_cross_entropy(x.view(), labels.data(), y.view())));
  cpu->add_row_sums(x.view(), sums.data());
  cpu->add_bias(sums.data(), x.view());
  cpu->relu(x.view(), x.view());
  cpu->adam_step(rows * batch, x.span().data(), y.span().data(), m.span().data(), v.span().data(), 3, 0.1f,
                 0.9f, 0.99f, 1e-8f);
  cpu->sgd_step(rows * batch, x.span().data(), y.span().data(), m.span().data(), 0.1f, 0.9f);
  cpu->argmax_rows(x.view(), best.data());
  cpu->scale(y.view(), 3.0f);
  const double squares = cpu->sum_of_squares(rows * batch, y.span().data());
  result.push_back(static_cast<float>(squares));
  result.push_back(static_cast<float>(squares - static_cast<double>(static_cast<float>(squares))));
  for (const float value : x.span()) result.push_back(value);
  for (const std::int32_t value : best) result.push_back(static_cast<float>(value));
  return result;
}

TEST(CpuExecutor, EqualBitsForAnyNumberOfThreads) {
  const auto one = all_operators(1);
  EXPECT_EQ(all_operators(2), one);
  EXPECT_EQ(all_operators(3), one);
}

}  // namespace
}  // namespace fringe
