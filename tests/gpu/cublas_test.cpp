// cuBLAS as hardware under study, against products in double.
#include "electronic/cublas.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

#include "core/error.hpp"
#include "electronic/format_matrix.hpp"
#include "tests/gpu/gpu_fixture.hpp"
#include "tests/work_lists.hpp"

namespace fringe {

void PrintTo(CublasPrecision p, std::ostream* out) { *out << to_string(p); }

namespace {

using enum CublasPrecision;

class CublasGpu : public GpuTest, public ::testing::WithParamInterface<CublasPrecision> {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (gpu) try {
        hardware = make_cublas(GetParam(), *gpu);
      } catch (const Error& error) {  // FP8 came with Ada and Hopper
        EXPECT_EQ(GetParam(), fp8) << error.what();
        GTEST_SKIP() << error.what();
      }
  }
  std::unique_ptr<Accelerator> hardware;
};

/// How far an operand may be from its number: FP32 and FP64 are exact; TF32 has 11 significant bits and may
/// truncate; BF16 has 8 and FP16 11, E4M3 4 and E5M2 3, rounded to nearest. FP16 has spacing 2⁻²⁴ below 2⁻¹⁴,
/// E4M3 2⁻⁹ and E5M2 2⁻¹⁶ once the largest of a vector is 448 and 57344, INT8 1 everywhere with 127 the
/// largest.
struct OperandError {
  double relative = 0, absolute = 0, of_largest = 0;
  double operator()(double x, double largest) const {
    return relative * std::abs(x) + absolute + of_largest * largest;
  }
};
OperandError operand_error(CublasPrecision p, bool slope = false) {
  constexpr double scale_too = 1 + 0x1p-22;  // the scale is rounded, and the quotient
  switch (p) {
    case tf32:
      return {.relative = 0x1p-10};
    case bf16:
      return {.relative = 0x1p-8};
    case fp16:
      return {.relative = 0x1p-11, .absolute = 0x1p-25};
    case fp8:
      return slope ? OperandError{.relative = 0x1p-3 * scale_too, .of_largest = 0x1p-17 / 57344 * scale_too}
                   : OperandError{.relative = 0x1p-4 * scale_too, .of_largest = 0x1p-10 / 448 * scale_too};
    case int8:
      return {.of_largest = 0.5 / 127 * scale_too};
    default:
      return {};
  }
}

/// Σ_k a(k)·b(k) in double, and how far a product in the format may be from it: both operands rounded, and
/// sums of which each addition may truncate (2⁻²³; in FP8 Hopper keeps about 14 bits, DeepSeek-V3,
/// arXiv:2412.19437, 3.3.2; in INT8 none does, in FP64 nearly). What scales and stores the sum rounds too.
struct Bounded {
  double value = 0, size = 0;
  double a_largest = 0, b_largest = 0;
  std::vector<std::pair<double, double>> terms;
  void add(float a, float b) {
    const double x = static_cast<double>(a), y = static_cast<double>(b);
    value += x * y;
    size += std::abs(x * y);
    a_largest = std::max(a_largest, std::abs(x));
    b_largest = std::max(b_largest, std::abs(y));
    terms.emplace_back(x, y);
  }
  double bound(CublasPrecision p, bool a_slope = false, bool b_slope = false) const {
    const OperandError of_a = operand_error(p, a_slope), of_b = operand_error(p, b_slope);
    double operands = 0;
    for (const auto& [x, y] : terms) {
      const double a = of_a(x, a_largest), b = of_b(y, b_largest);
      operands += std::abs(x) * b + std::abs(y) * a + a * b;
    }
    const double addition = p == fp8 ? 0x1p-13 : p == fp64 || p == int8 ? 0x1p-52 : 0x1p-23;
    const double sums = static_cast<double>(terms.size() + 2) * addition + 4 * 0x1p-23;
    return operands + (size + operands) * sums;
  }
};

struct Shape {
  std::size_t rows, cols, batch;
};
const Shape shapes[] = {{1, 1, 1}, {10, 64, 1}, {33, 17, 5}, {128, 96, 64}, {96, 257, 130}};

TEST_P(CublasGpu, ForwardAndBackwardAgreeWithDoubleWithinTheFormatsRounding) {
  const CublasPrecision p = GetParam();
  for (const auto [m, k, n] : shapes) {
    const std::vector<float> w = normals(m * k, 1), x = normals(k * n, 2), dy = normals(m * n, 3);
    const auto matrix = hardware->program({w.data(), m, k}, 0);
    ASSERT_EQ(matrix->rows(), m);
    ASSERT_EQ(matrix->cols(), k);
    const Tensor tx = tensor(*gpu, k, n, x), tdy = tensor(*gpu, m, n, dy);
    Tensor ty(*gpu, m, n), tdx(*gpu, k, n);
    matrix->forward(tx.view(), ty.view(), {.training = true});
    if (trains(p)) {
      matrix->backward(tx.view(), tdy.view(), tdx.view(), {});
      matrix->backward(tx.view(), tdy.view(), {}, {});  // gradients add up
    } else {
      EXPECT_THROW(matrix->backward(tx.view(), tdy.view(), tdx.view(), {}), Error);
    }
    const std::vector<float> y = ty.to_host(), dx = tdx.to_host();
    std::vector<float> dw(m * k);
    gpu->copy_to_host(dw.data(), matrix->gradients().data(), dw.size() * sizeof(float));

    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t b = 0; b < n; ++b) {
        Bounded sum;
        for (std::size_t j = 0; j < k; ++j) sum.add(w[i * k + j], x[j * n + b]);
        ASSERT_NEAR(static_cast<double>(y[i * n + b]), sum.value, sum.bound(p)) << m << " " << k << " " << n;
      }
    if (!trains(p)) continue;
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t b = 0; b < n; ++b) {
        Bounded sum;
        for (std::size_t i = 0; i < m; ++i) sum.add(w[i * k + j], dy[i * n + b]);
        ASSERT_NEAR(static_cast<double>(dx[j * n + b]), sum.value, sum.bound(p, false, true))
            << m << " " << k << " " << n;
      }
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < k; ++j) {
        Bounded sum;
        for (std::size_t b = 0; b < n; ++b) sum.add(dy[i * n + b], x[j * n + b]);
        ASSERT_NEAR(static_cast<double>(dw[i * k + j]), 2 * sum.value, 2 * sum.bound(p, true, false))
            << m << " " << k << " " << n;
      }
  }
}

TEST_P(CublasGpu, WorksOnViewsInsideWiderMatrices) {
  constexpr std::size_t m = 12, k = 20, n = 8, wide = 16;
  const std::vector<float> w = normals(m * k, 4), x = normals(k * wide, 5);
  const auto matrix = hardware->program({w.data(), m, k}, 0);
  const Tensor tx = tensor(*gpu, k, wide, x);
  Tensor whole(*gpu, m, wide), part(*gpu, m, wide);
  gpu->fill(part.view(), -1.0f);
  matrix->forward(tx.view(), whole.view(), {});
  matrix->forward(tx.view().block(0, k, 3, n), part.view().block(0, m, 3, n), {});
  const std::vector<float> a = whole.to_host(), b = part.to_host();
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t c = 0; c < wide; ++c) {
      Bounded sum;
      for (std::size_t j = 0; j < k; ++j) sum.add(w[i * k + j], x[j * wide + c]);
      if (c < 3 || c >= 3 + n)
        EXPECT_EQ(b[i * wide + c], -1.0f);
      else
        EXPECT_NEAR(static_cast<double>(b[i * wide + c]), static_cast<double>(a[i * wide + c]),
                    2 * sum.bound(GetParam()));
    }
}

TEST_P(CublasGpu, RealisesItsWeightsInTheFormatAndCommitsNewOnes) {
  constexpr std::size_t m = 16, k = 24, n = 8;
  const std::vector<float> w = normals(m * k, 6);
  const auto matrix = hardware->program({w.data(), m, k}, 0);
  std::vector<float> realised(m * k);
  matrix->realised({realised.data(), m, k});
  const CublasPrecision p = GetParam();
  const OperandError error = p == tf32 ? OperandError{} : operand_error(p);
  for (std::size_t i = 0; i < m; ++i) {
    double largest = 0;
    for (std::size_t j = 0; j < k; ++j)
      largest = std::max(largest, std::abs(static_cast<double>(w[i * k + j])));
    for (std::size_t j = 0; j < k; ++j) {
      const double wanted = static_cast<double>(w[i * k + j]);
      EXPECT_NEAR(static_cast<double>(realised[i * k + j]), wanted, error(wanted, largest));
    }
  }
  const bool rounded = p != fp64 && p != fp32 && p != tf32;
  EXPECT_EQ(realised != w, rounded);

  const Tensor x = tensor(*gpu, k, n, normals(k * n, 7));
  Tensor y(*gpu, m, n);
  matrix->forward(x.view(), y.view(), {});
  const std::vector<float> before = y.to_host();
  std::vector<float> doubled = w;
  for (float& value : doubled) value *= 2;
  gpu->copy_from_host(matrix->parameters().data(), doubled.data(), doubled.size() * sizeof(float));
  matrix->commit();
  matrix->forward(x.view(), y.view(), {});
  const std::vector<float> after = y.to_host();
  // Twice the weights are exact in every format but for FP16 subnormals.
  const double slack = p == fp16 ? 0x1p-24 * 6.4 * k : 0;
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(static_cast<double>(after[i]), 2 * static_cast<double>(before[i]), slack);
}

using work_lists::work;

TEST_P(CublasGpu, PricesWorkWithMeasuredTime) {
  using enum Work::Kind;
  Work backward = work(product, 0, 96, 65, 33), adam = work(weight_update, 0, 96, 65, 0);
  backward.transposed = true;
  adam.operations_per_element = 12;
  Work heads = work(product, -1, 7, 9, 3), bias = work(elementwise, -1, 96, 0, 33);
  heads.groups = 4;
  bias.after = {0};
  const Work step[] = {work(product, 0, 96, 65, 33),      bias, backward, work(outer_product, 0, 96, 65, 33),
                       work(weight_update, 0, 96, 65, 0), adam, heads};
  const Cost cost = hardware->price(step);
  EXPECT_GT(cost.latency_s, 0);
  EXPECT_LT(cost.latency_s, 1);
  EXPECT_EQ(cost.busy(Resource::matrix_unit), cost.latency_s);
  EXPECT_EQ(cost.provenance, Provenance::measured);
  EXPECT_GE(cost.spread_s, 0);
  // Boards since Volta count; a virtual one may not, and then says why.
  const std::string conditions = cublas_conditions(*hardware);
  EXPECT_EQ(cost.energy_known, conditions.find("counts the joules") != std::string::npos) << conditions;
  if (cost.energy_known) {
    EXPECT_GT(cost.energy(Part::mac), 0);
    EXPECT_LT(cost.energy(Part::mac) / cost.latency_s, 3000);  // watts of one board
  }
  EXPECT_EQ(hardware->price({}).latency_s, 0);
  // 4096³ needs 2¹⁸ times the operations of 64³: longer than any launch.
  const Work small[] = {work(product, 0, 64, 64, 64)}, large[] = {work(product, 0, 4096, 4096, 4096)};
  EXPECT_GT(hardware->price(large).latency_s, hardware->price(small).latency_s);
}

/// A graph spares launches: it is no slower than the calls, up to what both vary. Cold operands are no
/// faster.
TEST_P(CublasGpu, PricesAsAGraphCallByCallAndCold) {
  using enum Work::Kind;
  std::vector<Work> layers;
  for (int i = 0; i < 16; ++i) layers.push_back(work(product, i, 512, 512, 64));
  const Cost graph = hardware->price(layers);
  const std::string conditions = cublas_conditions(*hardware);
  EXPECT_NE(conditions.find("launches as one graph, call by call"), std::string::npos) << conditions;
  EXPECT_NE(conditions.find("products at "), std::string::npos) << conditions;
  EXPECT_NE(conditions.find(" of a copy's "), std::string::npos) << conditions;
  const Cost calls = make_cublas(GetParam(), *gpu, {.captured = false})->price(layers);
  const Cost cold = make_cublas(GetParam(), *gpu, {.cold = true})->price(layers);
  EXPECT_LE(graph.latency_s, 1.05 * calls.latency_s + graph.spread_s + calls.spread_s);
  EXPECT_GE(cold.latency_s, 0.95 * graph.latency_s - graph.spread_s - cold.spread_s);
  EXPECT_FALSE(cold.energy_known);
}

TEST_P(CublasGpu, BadInputGivesASentence) {
  const std::vector<float> w = normals(6, 8);
  const auto matrix = hardware->program({w.data(), 2, 3}, 0);
  const Tensor x = tensor(*gpu, 2, 4, normals(8, 9));
  Tensor y(*gpu, 2, 4);
  EXPECT_THROW(matrix->forward(x.view(), y.view(), {}), Error);
  EXPECT_THROW(matrix->backward(x.view(), y.view(), {}, {}), Error);
  const Work empty[] = {work(Work::Kind::product, 0, 2, 3, 0)};
  EXPECT_THROW(hardware->price(empty), Error);
  const Work two_shapes[] = {work(Work::Kind::product, 0, 2, 3, 1), work(Work::Kind::product, 0, 3, 3, 1)};
  EXPECT_THROW(hardware->price(two_shapes), Error);
}

/// 2⁴⁴ bytes are more than any board has; what was there goes on.
TEST_P(CublasGpu, PricesNothingThatDoesNotFitAndGoesOn) {
  const Work too_large[] = {work(Work::Kind::product, 0, std::size_t{1} << 21, std::size_t{1} << 21, 1)};
  try {
    hardware->price(too_large);
    ADD_FAILURE() << "a matrix of 16 TB";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no memory left"), std::string::npos) << error.what();
  }
  const Work small[] = {work(Work::Kind::product, 0, 64, 64, 1)};
  EXPECT_GT(hardware->price(small).latency_s, 0);
}

/// The integers are exact, so the numbers are those of the emulated format, to the last bit.
TEST(CublasInt8, HasTheBitsOfTheEmulatedFormat) {
  if (const CudaStatus status = cuda_status(); !status.available) GTEST_SKIP() << status.reason;
  const auto gpu = make_cuda_executor();
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  constexpr std::size_t m = 21, k = 130, n = 7;
  std::vector<float> w(m * k), x(k * n), expected(m * n);
  fill_normal(w, {.site = 1});
  fill_normal(x, {.site = 2});
  make_format_matrix({w.data(), m, k}, Format::int8, *cpu, pool)
      ->forward({x.data(), k, n}, {expected.data(), m, n}, {});
  Tensor tx(*gpu, k, n), y(*gpu, m, n);
  tx.from_host(x);
  make_cublas(int8, *gpu)->program({w.data(), m, k}, 0)->forward(std::as_const(tx).view(), y.view(), {});
  EXPECT_EQ(y.to_host(), expected);
}

INSTANTIATE_TEST_SUITE_P(Precision, CublasGpu, ::testing::Values(fp64, fp32, tf32, bf16, fp16, fp8, int8),
                         [](const auto& instance) {
                           return std::string(
                               to_string(instance.param).substr(to_string(instance.param).find('-') + 1));
                         });

}  // namespace
}  // namespace fringe
