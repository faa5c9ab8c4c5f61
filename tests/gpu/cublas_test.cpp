// cuBLAS as hardware under study, against products in double.
#include "electronic/cublas.hpp"

#include <cmath>
#include <cstring>
#include <ostream>

#include "core/error.hpp"
#include "tests/gpu/gpu_fixture.hpp"

namespace fringe {

void PrintTo(CublasPrecision p, std::ostream* out) { *out << to_string(p); }

namespace {

using enum CublasPrecision;

class CublasGpu : public GpuTest, public ::testing::WithParamInterface<CublasPrecision> {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (gpu) hardware = make_cublas(GetParam(), *gpu);
  }
  std::unique_ptr<Accelerator> hardware;
};

/// Relative error of one operand: FP32 is exact; TF32 has 11 significant bits and may truncate; BF16 has 8
/// and FP16 11, rounded to nearest. FP16 has spacing 2⁻²⁴ below 2⁻¹⁴.
double operand_error(CublasPrecision p) {
  return p == tf32 ? 0x1p-10 : p == bf16 ? 0x1p-8 : p == fp16 ? 0x1p-11 : 0;
}
double operand_floor(CublasPrecision p) { return p == fp16 ? 0x1p-25 : 0; }

/// Σ_k a(i,k)·b(k,j) in double, and how far a product in the format may be from it: both operands rounded,
/// and sums of k terms of which each addition may truncate (2⁻²³).
struct Bounded {
  double value = 0, size = 0, floor = 0;
  std::size_t terms = 0;
  void add(float a, float b) {
    const double x = static_cast<double>(a), y = static_cast<double>(b);
    value += x * y;
    size += std::abs(x * y);
    floor += std::abs(x) + std::abs(y);
    ++terms;
  }
  double bound(CublasPrecision p) const {
    const double u = operand_error(p), f = operand_floor(p);
    return size * (2 * u + u * u + static_cast<double>(terms + 2) * 0x1p-23) +
           f * (1 + u) * (floor + static_cast<double>(terms) * f);
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
    matrix->backward(tx.view(), tdy.view(), tdx.view(), {});
    matrix->backward(tx.view(), tdy.view(), {}, {});  // gradients add up
    const std::vector<float> y = ty.to_host(), dx = tdx.to_host();
    std::vector<float> dw(m * k);
    gpu->copy_to_host(dw.data(), matrix->gradients().data(), dw.size() * sizeof(float));

    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t b = 0; b < n; ++b) {
        Bounded sum;
        for (std::size_t j = 0; j < k; ++j) sum.add(w[i * k + j], x[j * n + b]);
        ASSERT_NEAR(static_cast<double>(y[i * n + b]), sum.value, sum.bound(p)) << m << " " << k << " " << n;
      }
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t b = 0; b < n; ++b) {
        Bounded sum;
        for (std::size_t i = 0; i < m; ++i) sum.add(w[i * k + j], dy[i * n + b]);
        ASSERT_NEAR(static_cast<double>(dx[j * n + b]), sum.value, sum.bound(p)) << m << " " << k << " " << n;
      }
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < k; ++j) {
        Bounded sum;
        for (std::size_t b = 0; b < n; ++b) sum.add(dy[i * n + b], x[j * n + b]);
        ASSERT_NEAR(static_cast<double>(dw[i * k + j]), 2 * sum.value, 2 * sum.bound(p))
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
  const double u = p == tf32 ? 0 : operand_error(p);
  for (std::size_t i = 0; i < w.size(); ++i)
    EXPECT_NEAR(static_cast<double>(realised[i]), static_cast<double>(w[i]),
                u * std::abs(static_cast<double>(w[i])) + operand_floor(p));
  const bool sixteen_bits = p == bf16 || p == fp16;
  EXPECT_EQ(realised != w, sixteen_bits);

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

Work work(Work::Kind kind, int weight, std::size_t rows, std::size_t inner, std::size_t columns) {
  Work w;
  w.kind = kind;
  w.name = "work";
  w.weight = weight;
  w.rows = rows;
  w.inner = inner;
  w.columns = columns;
  return w;
}

TEST_P(CublasGpu, PricesWorkWithMeasuredTime) {
  using enum Work::Kind;
  Work backward = work(product, 0, 96, 65, 33), adam = work(weight_update, 0, 96, 65, 0);
  backward.transposed = true;
  adam.operations_per_element = 12;
  const Work step[] = {work(product, 0, 96, 65, 33),       work(elementwise, -1, 96, 0, 33),  backward,
                       work(outer_product, 0, 96, 65, 33), work(weight_update, 0, 96, 65, 0), adam,
                       work(product, -1, 7, 9, 3)};
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

INSTANTIATE_TEST_SUITE_P(Precision, CublasGpu, ::testing::Values(fp32, tf32, bf16, fp16),
                         [](const auto& instance) {
                           return std::string(
                               to_string(instance.param).substr(to_string(instance.param).find('-') + 1));
                         });

}  // namespace
}  // namespace fringe
