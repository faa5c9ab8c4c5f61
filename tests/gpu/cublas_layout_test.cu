// How operands lie for products on a GPU: computed on the host as the library would, so no GPU is needed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/draw.hpp"
#include "electronic/cublas_packed.cuh"
#include "electronic/number_format.hpp"

namespace fringe {
namespace {

using namespace cublas;
using Kind = Work::Kind;

constexpr CublasPrecision all[] = {CublasPrecision::fp64, CublasPrecision::fp32, CublasPrecision::tf32,
                                   CublasPrecision::bf16, CublasPrecision::fp16, CublasPrecision::fp8,
                                   CublasPrecision::int8};

std::vector<float> integers(std::size_t count, std::uint32_t site) {
  std::vector<float> x(count);
  fill_normal(x, {.site = site});
  for (float& v : x) v = std::clamp(std::nearbyint(3 * v), -9.0f, 9.0f);
  return x;
}

/// D = op(A)·op(B) column-major, for each of a batch, in numbers that are exact.
std::vector<float> by_hand(const LtProduct& p, const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> d(static_cast<std::size_t>(p.batch * p.m * p.n), NAN);
  for (std::int64_t g = 0; g < p.batch; ++g)
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t j = 0; j < p.n; ++j) {
        float sum = 0;
        for (std::int64_t l = 0; l < p.k; ++l)
          sum += a.at(static_cast<std::size_t>(g * p.distance_a +
                                               (p.op_a == CUBLAS_OP_N ? i + l * p.lda : l + i * p.lda))) *
                 b.at(static_cast<std::size_t>(g * p.distance_b +
                                               (p.op_b == CUBLAS_OP_N ? l + j * p.ldb : j + l * p.ldb)));
        d.at(static_cast<std::size_t>(g * p.distance_d + i + j * p.ldd)) = sum;
      }
  return d;
}

/// `count` vectors of `length` numbers, one behind the other, padded with zeros for each of `groups`.
template <class Element>
std::vector<float> vectors(const Types& t, std::size_t groups, std::size_t count, std::size_t length,
                           Element element) {
  const std::size_t wide = t.padded(length), high = t.padded(count);
  std::vector<float> out(groups * high * wide);
  for (std::size_t g = 0; g < groups; ++g)
    for (std::size_t v = 0; v < count; ++v)
      for (std::size_t k = 0; k < length; ++k) out[(g * high + v) * wide + k] = element(g, v, k);
  return out;
}

TEST(CublasLayout, EveryKindOfWorkIsTheProductThatItNames) {
  constexpr std::size_t rows = 5, inner = 19, columns = 3;
  for (const CublasPrecision precision : all)
    for (const std::size_t groups : {std::size_t{1}, std::size_t{2}})
      for (const int kind : {0, 1, 2}) {
        SCOPED_TRACE(std::string(to_string(precision)) + ", kind " + std::to_string(kind) + ", groups " +
                     std::to_string(groups));
        const Types t = types_of(precision);
        Work work;
        work.kind = kind == 2 ? Kind::outer_product : Kind::product;
        work.transposed = kind == 1;
        work.rows = rows, work.inner = inner, work.columns = columns, work.groups = groups;
        const LtProduct p = lt_product(work, t);
        if (t.eight_bits) {
          EXPECT_EQ(p.op_a, CUBLAS_OP_T);
          EXPECT_EQ(p.op_b, CUBLAS_OP_N);
          for (const std::int64_t size : {p.m, p.n, p.k, p.lda, p.ldb, p.ldd}) EXPECT_EQ(size % 16, 0);
        }
        EXPECT_EQ(p.b, kind == 0 ? t.operand : t.slope);

        const std::vector<float> w = integers(groups * rows * inner, 1),
                                 x = integers(groups * columns * inner, 2),
                                 dy = integers(groups * columns * rows, 3);
        const auto w_at = [&](std::size_t g, std::size_t r, std::size_t k) {
          return w[(g * rows + r) * inner + k];
        };
        const auto x_at = [&](std::size_t g, std::size_t b, std::size_t k) {
          return x[(g * columns + b) * inner + k];
        };
        const auto dy_at = [&](std::size_t g, std::size_t b, std::size_t r) {
          return dy[(g * columns + b) * rows + r];
        };
        const auto turned = [](const auto& at) {
          return [&at](std::size_t g, std::size_t i, std::size_t j) { return at(g, j, i); };
        };
        std::vector<float> a, b;
        std::size_t m = rows, n = columns, k = inner;
        if (kind == 0) {
          a = vectors(t, groups, rows, inner, w_at);
          b = vectors(t, groups, columns, inner, x_at);
        } else if (kind == 1) {
          m = inner, k = rows;
          a = t.eight_bits ? vectors(t, groups, inner, rows, turned(w_at))
                           : vectors(t, groups, rows, inner, w_at);
          b = vectors(t, groups, columns, rows, dy_at);
        } else {
          m = inner, n = rows, k = columns;
          a = t.eight_bits ? vectors(t, groups, inner, columns, turned(x_at))
                           : vectors(t, groups, columns, inner, x_at);
          b = t.eight_bits ? vectors(t, groups, rows, columns, turned(dy_at))
                           : vectors(t, groups, columns, rows, dy_at);
        }
        EXPECT_LE(std::max(a.size(), b.size()), largest_operand(work, t));
        const std::vector<float> d = by_hand(p, a, b);
        EXPECT_LE(d.size(), largest_operand(work, t));
        for (std::size_t g = 0; g < groups; ++g)
          for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) {
              float sum = 0;
              for (std::size_t l = 0; l < k; ++l)
                sum += kind == 0   ? w_at(g, i, l) * x_at(g, j, l)
                       : kind == 1 ? w_at(g, l, i) * dy_at(g, j, l)
                                   : x_at(g, l, i) * dy_at(g, l, j);
              ASSERT_EQ(d[(g * static_cast<std::size_t>(p.n) + j) * static_cast<std::size_t>(p.ldd) + i], sum)
                  << g << " " << i << " " << j;
            }
      }
}

/// One launch of a two-dimensional operation, on the host.
template <class Op>
void each(std::size_t rows, std::size_t columns, const Op& op) {
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) op(r * columns + c, r, c);
}

/// The codes of INT8 are those of the emulated format, with zeros around them; the result is scaled back.
TEST(CublasLayout, PacksAndUnpacksAsTheEmulatedFormatDoes) {
  const Types t = types_of(CublasPrecision::int8);
  constexpr std::size_t rows = 6, inner = 21, batch = 5;
  std::vector<float> w(rows * inner), x(inner * batch);
  fill_normal(w, {.site = 1});
  fill_normal(x, {.site = 2});
  std::fill_n(w.begin() + inner, inner, 0.0f);  // a row of zeros has a scale of 1
  const ConstMatrix wm(w.data(), rows, inner), xm(x.data(), inner, batch);
  std::vector<float> w_codes(w.size()), x_codes(x.size()), w_scales(rows), x_scales(batch);
  quantise_rows(wm, {w_codes.data(), rows, inner}, w_scales);
  quantise_columns(xm, {x_codes.data(), inner, batch}, x_scales);
  for (std::size_t r = 0; r < rows; ++r) {
    float largest = 0;
    for (std::size_t k = 0; k < inner; ++k) largest = std::max(largest, std::abs(wm(r, k)));
    EXPECT_EQ(scale_for(largest, most<std::int8_t>), w_scales[r]);
  }
  const std::size_t wide = t.padded(inner);
  std::vector<std::int8_t> a(t.padded(rows) * wide, 99), b(t.padded(batch) * wide, 99);
  each(t.padded(rows), wide, Pack<std::int8_t>{wm, false, w_scales.data(), a.data()});
  each(t.padded(batch), wide, Pack<std::int8_t>{xm, true, x_scales.data(), b.data()});
  for (std::size_t v = 0; v < t.padded(rows); ++v)
    for (std::size_t k = 0; k < wide; ++k)
      EXPECT_EQ(a[v * wide + k], v < rows && k < inner ? w_codes[v * inner + k] : 0.0f) << v << " " << k;
  for (std::size_t v = 0; v < t.padded(batch); ++v)
    for (std::size_t k = 0; k < wide; ++k)
      EXPECT_EQ(b[v * wide + k], v < batch && k < inner ? x_codes[k * batch + v] : 0.0f) << v << " " << k;

  const std::vector<std::int32_t> d{7, -3, 11, 100, 5, 9};
  std::vector<float> y(4, 0.5f);
  const float row_scales[] = {2, 3}, column_scales[] = {5, 7};
  each(2, 2, Unpack<std::int32_t>{d.data(), 3, row_scales, column_scales, false, {y.data(), 2, 2}});
  EXPECT_EQ(y, (std::vector<float>{70, -42, 1500, 105}));
  each(2, 2, Unpack<std::int32_t>{d.data(), 3, nullptr, nullptr, true, {y.data(), 2, 2}});
  EXPECT_EQ(y, (std::vector<float>{77, -45, 1600, 110}));
}

/// The largest of a vector is the largest of the format, what lies between is rounded to its spacing.
TEST(CublasLayout, EightBitFloatsAreScaledToTheirRange) {
  const float scale = scale_for(3.5f, most<__nv_fp8_e4m3>);
  EXPECT_EQ(static_cast<float>(code_for<__nv_fp8_e4m3>(3.5f, scale)), 448.0f);
  EXPECT_EQ(static_cast<float>(code_for<__nv_fp8_e4m3>(4.0f, scale)), 448.0f);  // never infinite
  EXPECT_EQ(static_cast<float>(code_for<__nv_fp8_e4m3>(17.0f, 1.0f)), 16.0f);   // ties to even
  EXPECT_EQ(static_cast<float>(code_for<__nv_fp8_e4m3>(19.0f, 1.0f)), 20.0f);
  EXPECT_EQ(static_cast<float>(code_for<__nv_fp8_e5m2>(57344.0f, 1.0f)), 57344.0f);
  EXPECT_EQ(static_cast<float>(code_for<__nv_fp8_e5m2>(18.0f, 1.0f)), 16.0f);
  EXPECT_EQ(scale_for(0.0f, most<__nv_fp8_e5m2>), 1.0f);
}

}  // namespace
}  // namespace fringe
