// The error of each emulated format against FP64: below its bound, near its law, and both notice a worse
// unit.
#include "electronic/format_error.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "electronic/format_matrix.hpp"

namespace fringe {
namespace {

struct Product {
  static constexpr std::size_t rows = 128, batch = 128;
  std::size_t cols;
  std::vector<float> w, x, y;
  Product(std::size_t k, Format format) : cols(k), w(rows * k), x(k * batch), y(rows * batch) {
    fill_normal(w, Draw{.seed = 31, .purpose = Purpose::test, .site = 0});
    fill_normal(x, Draw{.seed = 31, .purpose = Purpose::test, .site = 1});
    ThreadPool pool(1);
    const auto cpu = make_cpu_executor(pool);
    make_format_matrix({w.data(), rows, cols}, format, *cpu, pool)
        ->forward({x.data(), cols, batch}, {y.data(), rows, batch}, {});
  }
  FormatError against(Format format) const {
    return format_error(format, {w.data(), rows, cols}, {x.data(), cols, batch}, {y.data(), rows, batch});
  }
};

class FormatErrors : public testing::TestWithParam<Format> {};

TEST_P(FormatErrors, AreBelowTheBoundAndNearTheLaw) {
  const Format format = GetParam();
  for (const std::size_t cols : {16u, 256u, 2048u}) {
    const FormatError e = Product(cols, format).against(format);
    EXPECT_LE(e.share_of_bound, 1) << cols;
    EXPECT_GT(e.relative, 0) << cols;
    RecordProperty(std::string(row_of(format).name) + "_" + std::to_string(cols), std::to_string(e.relative));
    const double law = expected_format_error(format);
    // Squares of 128² errors of which at least 128 are independent: 5 standard errors of their mean, √(2/128)
    // each, and half of that in the root. The law leaves out the sums: at most cols·2⁻²⁴ (rounded to nearest)
    // times Σ|w·x|/‖y‖ = (2/π)·√cols, far below it here.
    if (law > 0) {
      EXPECT_NEAR(e.relative / law, 1, 2.5 * std::sqrt(2.0 / 128)) << cols;
    }
    // Sums rounded to nearest: each partial sum, at most Σ|w·x| = (2/π)·K, is off by 2⁻²⁴ of itself, K times,
    // against results of √K.
    if (format == Format::fp32) {
      EXPECT_LT(e.relative, 0x1p-24 * 0.64 * std::pow(static_cast<double>(cols), 1.5)) << cols;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FormatErrors,
                         testing::Values(Format::fp32, Format::tf32, Format::bf16, Format::fp16, Format::int8,
                                         Format::fp64, Format::fp8),
                         [](const auto& chosen) { return std::string(row_of(chosen.param).name); });

TEST(FormatError, StepOfInt8IsItsLaw) {
  // Half a step at most, uniform: each operand adds step²/12 to the mean square of a product of normals.
  const Product p(256, Format::int8);
  std::vector<float> codes(p.w.size()), row_scales(p.rows), sample_codes(p.x.size()), sample_scales(p.batch);
  quantise_rows({p.w.data(), p.rows, p.cols}, {codes.data(), p.rows, p.cols}, row_scales);
  quantise_columns({p.x.data(), p.cols, p.batch}, {sample_codes.data(), p.cols, p.batch}, sample_scales);
  double steps = 0;
  for (std::size_t i = 0; i < p.rows; ++i)
    steps += static_cast<double>(row_scales[i] * row_scales[i] + sample_scales[i] * sample_scales[i]) / 12 /
             static_cast<double>(p.rows);
  EXPECT_NEAR(p.against(Format::int8).relative / std::sqrt(steps), 1, 2.5 * std::sqrt(2.0 / 128));
}

TEST(FormatError, ACoarserFormatBreaksTheBoundOfAFinerOne) {
  EXPECT_GT(Product(64, Format::bf16).against(Format::fp16).share_of_bound, 1);
  EXPECT_GT(Product(64, Format::fp16).against(Format::fp32).share_of_bound, 1);
  EXPECT_GT(Product(64, Format::int8).against(Format::fp16).share_of_bound, 1);
  EXPECT_GT(Product(64, Format::fp8).against(Format::bf16).share_of_bound, 1);
  EXPECT_GT(Product(64, Format::fp32).against(Format::fp64).share_of_bound, 1);
  Product wrong(64, Format::bf16);
  wrong.y[77] += 1;
  EXPECT_GT(wrong.against(Format::bf16).share_of_bound, 1);
}

TEST(FormatError, LawsOfFormatsDifferByTheirBits) {
  const double tf32 = expected_format_error(Format::tf32);
  EXPECT_DOUBLE_EQ(expected_format_error(Format::bf16), 8 * tf32);
  EXPECT_NEAR(expected_format_error(Format::fp16) / tf32, 1, 0x1p-14);  // but for numbers below 2⁻¹⁴
  EXPECT_EQ(expected_format_error(Format::fp32), 0);
  EXPECT_EQ(expected_format_error(Format::fp64), 0);
  EXPECT_TRUE(std::isnan(expected_format_error(Format::int8)));
  EXPECT_TRUE(std::isnan(expected_format_error(Format::fp8)));
}

}  // namespace
}  // namespace fringe
