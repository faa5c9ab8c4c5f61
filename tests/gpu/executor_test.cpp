// The CUDA executor against the CPU executor: equal bits where every step is a single IEEE operation.
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

#include "core/error.hpp"
#include "tests/gpu/gpu_fixture.hpp"

namespace fringe {
namespace {

class GpuExecutor : public GpuTest {
 protected:
  /// Numbers that an operation leaves behind on one executor; parents are wider than the views that it works
  /// on.
  using Operation = std::function<std::vector<float>(Executor&)>;

  std::vector<float> on_cpu(const Operation& operation) { return operation(*cpu); }
  std::vector<float> on_gpu(const Operation& operation) { return operation(*gpu); }
  void expect_same_bits(const Operation& operation) {
    const std::vector<float> a = on_cpu(operation), b = on_gpu(operation);
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0);
  }

  static constexpr std::size_t rows = 37, cols = 129, wide = 150, left = 9;
  static Matrix inner(Tensor& t) { return t.view().block(1, rows, left, cols); }
  static Tensor parent(Executor& e, std::uint32_t site) {
    return tensor(e, rows + 2, wide, normals((rows + 2) * wide, site));
  }

  ThreadPool pool{1};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
};

TEST_F(GpuExecutor, ElementwiseOperatorsHaveTheHostsBitsAndStayInsideTheirView) {
  expect_same_bits([](Executor& e) {
    Tensor y = parent(e, 1);
    e.fill(inner(y), 0.1f);
    return y.to_host();
  });
  expect_same_bits([](Executor& e) {
    Tensor y = parent(e, 2), bias = tensor(e, rows, 1, normals(rows, 3));
    e.add_bias(bias.span().data(), inner(y));
    return y.to_host();
  });
  expect_same_bits([](Executor& e) {
    Tensor x = parent(e, 4), y = parent(e, 5);
    e.relu(inner(x), inner(y));
    e.relu(inner(x), inner(x));
    std::vector<float> both = y.to_host(), in_place = x.to_host();
    both.insert(both.end(), in_place.begin(), in_place.end());
    return both;
  });
  expect_same_bits([](Executor& e) {
    Tensor y = parent(e, 6), dy = parent(e, 7);
    e.relu_backward(inner(y), inner(dy), inner(dy));
    return dy.to_host();
  });
}

TEST_F(GpuExecutor, OptimiserStepsHaveTheHostsBits) {
  constexpr std::size_t count = 10007;
  StepTerms terms;
  const auto steps = [&terms](bool adam) {
    return [adam, &terms](Executor& e) {
      Tensor p = tensor(e, 1, count, normals(count, 8)), g = tensor(e, 1, count, normals(count, 9));
      Tensor m(e, 1, count), v(e, 1, count);
      e.fill(m.view(), 0.0f);
      e.fill(v.view(), 0.0f);
      for (int step = 1; step <= 5; ++step)
        if (adam)
          e.adam_step(count, p.span().data(), g.span().data(), m.span().data(), v.span().data(), step, 1e-3f,
                      0.9f, 0.999f, 1e-8f, terms);
        else
          e.sgd_step(count, p.span().data(), g.span().data(), v.span().data(), 0.05f, 0.9f, terms);
      std::vector<float> all;
      for (const Tensor* t : {&p, &m, &v}) {
        const std::vector<float> part = t->to_host();
        all.insert(all.end(), part.begin(), part.end());
      }
      return all;
    };
  };
  expect_same_bits(steps(false));
  expect_same_bits(steps(true));
  terms = {.gradient_scale = 0.3f, .decay = 0.1f, .nesterov = true};
  expect_same_bits(steps(false));
  expect_same_bits(steps(true));
  expect_same_bits([](Executor& e) {
    Tensor y = tensor(e, 1, count, normals(count, 8));
    e.scale(y.view(), 0.3f);
    return y.to_host();
  });
  // Both sum in double, in orders of their own: n roundings of positive terms.
  const Tensor x_gpu = tensor(*gpu, 1, count, normals(count, 8)),
               x_cpu = tensor(*cpu, 1, count, normals(count, 8));
  const double expected = cpu->sum_of_squares(count, x_cpu.span().data());
  EXPECT_NEAR(gpu->sum_of_squares(count, x_gpu.span().data()), expected, 0x1p-53 * count * expected);
}

TEST_F(GpuExecutor, ArgmaxTakesTheFirstOfEquals) {
  std::vector<float> x = normals(rows * cols, 10);
  for (std::size_t b = 0; b < cols; b += 3) x[5 * cols + b] = x[20 * cols + b] = 9.0f;
  const auto best = [&](Executor& e) {
    const Tensor t = tensor(e, rows, cols, x);
    Buffer<std::int32_t> rows_found(e, cols);
    e.argmax_rows(t.view(), rows_found.data());
    return rows_found.to_host();
  };
  const auto found = best(*gpu);
  EXPECT_EQ(found, best(*cpu));
  EXPECT_EQ(found[0], 5);
}

std::vector<float> row_sums(Executor& e, const std::vector<float>& x, std::size_t rows, std::size_t cols) {
  Tensor t(e, rows, cols), sums(e, rows, 1);
  t.from_host(x);
  e.fill(sums.view(), 1.0f);
  e.add_row_sums(std::as_const(t).view(), sums.span().data());
  return sums.to_host();
}

// Both sums run in double (error ≤ n·2⁻⁵³·Σ|x| each) and are rounded to float once (2⁻²⁴ of the result each).
TEST_F(GpuExecutor, RowSumsAgreeWithinRoundingAndRepeatExactly) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{255}, std::size_t{100003}}) {
    constexpr std::size_t m = 5;
    const std::vector<float> x = normals(m * n, 11);
    const std::vector<float> a = row_sums(*cpu, x, m, n), b = row_sums(*gpu, x, m, n);
    EXPECT_EQ(b, row_sums(*gpu, x, m, n));
    for (std::size_t r = 0; r < m; ++r) {
      double size = 1;
      for (std::size_t c = 0; c < n; ++c) size += std::abs(static_cast<double>(x[r * n + c]));
      const double bound =
          2 * (static_cast<double>(n + 1) * 0x1p-53 * size + 0x1p-24 * std::abs(static_cast<double>(a[r])));
      EXPECT_NEAR(static_cast<double>(b[r]), static_cast<double>(a[r]), bound);
    }
  }
}

// expf is good to 2 units in the last place (2·2⁻²³) on the device (CUDA C++ Programming Guide, mathematical
// functions) and 1 on the host, so sums differ by 3·2⁻²³ and probabilities by 6·2⁻²³ relative, with four
// roundings of 2⁻²⁴ on each side: below 10·2⁻²³ in all.
TEST_F(GpuExecutor, SoftmaxCrossEntropyAgreesWithinRoundingAndRepeatsExactly) {
  constexpr std::size_t classes = 10, batch = 1003;
  std::vector<float> x = normals(classes * batch, 12);
  for (float& value : x) value *= 4;
  std::vector<std::int32_t> labels(batch);
  for (std::size_t b = 0; b < batch; ++b) labels[b] = static_cast<std::int32_t>(b * 7 % classes);
  const auto run = [&](Executor& e, std::vector<float>& gradient) {
    const Tensor t = tensor(e, classes, batch, x);
    Tensor dx(e, classes, batch);
    Buffer<std::int32_t> l(e, batch);
    l.from_host(labels);
    const double loss = e.softmax_cross_entropy(t.view(), l.data(), dx.view());
    EXPECT_EQ(e.softmax_cross_entropy(t.view(), l.data(), {}), loss);
    gradient = dx.to_host();
    return loss;
  };
  std::vector<float> host, device, again;
  const double a = run(*cpu, host), b = run(*gpu, device), c = run(*gpu, again);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(b), std::bit_cast<std::uint64_t>(c));
  EXPECT_EQ(device, again);
  EXPECT_NEAR(a, b, 3 * 0x1p-23 + 0x1p-45);
  for (std::size_t i = 0; i < host.size(); ++i)
    EXPECT_NEAR(static_cast<double>(host[i]), static_cast<double>(device[i]), 10 * 0x1p-23 / batch) << i;
}

TEST_F(GpuExecutor, BadInputGivesASentence) {
  const auto sentence = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  const Tensor x = tensor(*gpu, 3, 2, normals(6, 13));
  Buffer<std::int32_t> labels(*gpu, 2);
  const std::int32_t bad[] = {2, 3};
  labels.from_host(bad);
  EXPECT_EQ(sentence([&] { gpu->softmax_cross_entropy(x.view(), labels.data(), {}); }),
            "softmax_cross_entropy: label 3 must lie in 0 … 2");
  Tensor y(*gpu, 2, 2);
  EXPECT_EQ(sentence([&] { gpu->relu(x.view(), y.view()); }),
            "relu: shapes 3x2 and 2x2 differ; they must be equal");
  constexpr std::size_t far_too_much = std::size_t{1} << 44;
  EXPECT_NE(sentence([&] { gpu->allocate(far_too_much); }).find(std::to_string(far_too_much)),
            std::string::npos);
  EXPECT_EQ(row_sums(*gpu, {1, 2}, 1, 2), std::vector<float>{4});  // and the device still works
}

}  // namespace
}  // namespace fringe
