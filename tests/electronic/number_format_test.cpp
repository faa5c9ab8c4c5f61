#include "electronic/number_format.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

// The nearest number with `bits` stored mantissa bits, least exponent `low` and largest exponent `high`, by
// arithmetic in double: every float over a power of two is exact there, nearbyint ties to even.
float reference(float x, int bits, int low, int high) {
  if (std::isnan(x) || std::isinf(x) || x == 0) return x;
  const double value = static_cast<double>(x);
  const double quantum = std::ldexp(1.0, std::max(std::ilogb(value), low) - bits);
  const double rounded = std::nearbyint(value / quantum) * quantum;
  if (std::fabs(rounded) >= std::ldexp(2.0, high)) return std::copysign(inf, x);
  return static_cast<float>(std::copysign(rounded, value));
}
float fp16_reference(float x) { return reference(x, 10, -14, 15); }
float bf16_reference(float x) { return reference(x, 7, -126, 127); }
float tf32_reference(float x) { return reference(x, 10, -126, 127); }

bool same(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

// Every 6151st of all floats, and the neighbourhoods of all values and midpoints of a 16-bit format.
std::vector<float> probes(float (*value)(std::uint16_t)) {
  std::vector<float> all;
  for (std::uint64_t u = 0; u < 0x100000000u; u += 6151)
    all.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(u)));
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const float here = value(static_cast<std::uint16_t>(bits)),
                next = value(static_cast<std::uint16_t>(bits + 1));
    if (!std::isfinite(here)) continue;
    const float limit = std::isfinite(next) ? next : std::copysign(65536.0f, here);
    const float middle = static_cast<float>((static_cast<double>(here) + static_cast<double>(limit)) / 2);
    for (const float x : {here, middle})
      for (const float y : {std::nextafter(x, -inf), x, std::nextafter(x, inf)}) all.push_back(y);
  }
  return all;
}

TEST(NumberFormat, EveryFp16PatternSurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    const float value = fp16_value(pattern);
    if (std::isnan(value)) {
      ASSERT_TRUE((bits & 0x7c00u) == 0x7c00u && (bits & 0x3ffu) != 0);
      ASSERT_TRUE(std::isnan(fp16_value(fp16_bits(value))));
      continue;
    }
    ASSERT_EQ(fp16_bits(value), pattern);
    ASSERT_TRUE(same(round_to_fp16(value), value));
  }
}

TEST(NumberFormat, EveryBf16PatternSurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    const float value = bf16_value(pattern);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(bf16_value(bf16_bits(value))));
      continue;
    }
    ASSERT_EQ(bf16_bits(value), pattern);
    ASSERT_TRUE(same(round_to_bf16(value), value));
  }
}

TEST(NumberFormat, Fp16RoundsToTheNearestEven) {
  for (const float x : probes(fp16_value)) {
    const float expected = fp16_reference(x);
    ASSERT_TRUE(same(round_to_fp16(x), expected)) << std::hexfloat << x << " gives " << round_to_fp16(x);
    ASSERT_TRUE(same(fp16_value(fp16_bits(x)), expected)) << std::hexfloat << x;
  }
}

TEST(NumberFormat, Bf16RoundsToTheNearestEven) {
  for (const float x : probes(bf16_value)) {
    const float expected = bf16_reference(x);
    ASSERT_TRUE(same(round_to_bf16(x), expected)) << std::hexfloat << x << " gives " << round_to_bf16(x);
    ASSERT_TRUE(same(bf16_value(bf16_bits(x)), expected)) << std::hexfloat << x;
  }
}

TEST(NumberFormat, Tf32RoundsToTheNearestEven) {
  for (const float x : probes(fp16_value))
    ASSERT_TRUE(same(round_to_tf32(x), tf32_reference(x)))
        << std::hexfloat << x << " gives " << round_to_tf32(x);
}

#if defined(__x86_64__)
// The instruction itself: clang's macro for it warns.
__attribute__((target("f16c"))) std::uint16_t processor_bits(float x) {
  return static_cast<std::uint16_t>(__builtin_ia32_vcvtps2ph(_mm_set_ss(x), _MM_FROUND_TO_NEAREST_INT)[0]);
}
__attribute__((target("f16c"))) float processor_value(std::uint16_t bits) { return _cvtsh_ss(bits); }

TEST(NumberFormat, Fp16AgreesWithTheProcessor) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "a processor without FP16 conversion";
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits)
    ASSERT_TRUE(same(fp16_value(static_cast<std::uint16_t>(bits)),
                     processor_value(static_cast<std::uint16_t>(bits))));
  for (const float x : probes(fp16_value)) {
    if (!std::isnan(x)) {
      ASSERT_EQ(fp16_bits(x), processor_bits(x)) << std::hexfloat << x;
    }
  }
}
#endif

TEST(NumberFormat, EdgesOfFp16) {
  EXPECT_EQ(round_to_fp16(65504.0f), 65504.0f);  // largest
  EXPECT_EQ(round_to_fp16(std::nextafter(65520.0f, 0.0f)), 65504.0f);
  EXPECT_EQ(round_to_fp16(65520.0f), inf);  // overflow is infinity, not saturation
  EXPECT_EQ(round_to_fp16(-1e30f), -inf);
  EXPECT_EQ(round_to_fp16(0x1p-24f), 0x1p-24f);  // smallest denormal
  EXPECT_EQ(round_to_fp16(0x1p-25f), 0.0f);      // tie to even
  EXPECT_EQ(round_to_fp16(0x1.000002p-25f), 0x1p-24f);
  EXPECT_TRUE(std::signbit(round_to_fp16(-0x1p-30f)));
}

TEST(NumberFormat, Fp8RoundsToTheNearestEven) {
  // Of E4M3's 127 magnitudes the nearest, of two the one with the even last bit: the largest has a code of
  // mantissa 6, as 7 is NaN.
  std::vector<double> magnitudes;
  for (int code = 0; code < 127; ++code) {
    const int exponent = code >> 3, mantissa = code & 7;
    magnitudes.push_back(exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10));
  }
  EXPECT_EQ(magnitudes.back(), 448);
  std::vector<float> all;
  for (std::uint64_t u = 0; u < 0x100000000u; u += 61511)
    all.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(u)));
  for (std::size_t i = 0; i + 1 < magnitudes.size(); ++i)
    for (const double x : {magnitudes[i], (magnitudes[i] + magnitudes[i + 1]) / 2}) {
      const auto f = static_cast<float>(x);
      for (const float y : {std::nextafter(f, -inf), f, std::nextafter(f, inf)})
        all.insert(all.end(), {y, -y});
    }
  for (const float x : all) {
    if (std::isnan(x)) {
      ASSERT_TRUE(std::isnan(round_to_fp8(x)));
      continue;
    }
    const double magnitude = std::min(448.0, static_cast<double>(std::fabs(x)));
    std::size_t nearest = 0;
    for (std::size_t i = 1; i < magnitudes.size(); ++i) {
      const double closer = std::fabs(magnitudes[i] - magnitude) - std::fabs(magnitudes[nearest] - magnitude);
      if (closer < 0 || (closer == 0 && i % 2 == 0)) nearest = i;
    }
    ASSERT_TRUE(same(round_to_fp8(x), std::copysign(static_cast<float>(magnitudes[nearest]), x)))
        << std::hexfloat << x << " gives " << round_to_fp8(x);
  }
}

TEST(NumberFormat, Fp8CodesReachTheLargest) {
  const std::vector<float> in{3, -7, 0.001f, 7};
  std::vector<float> codes(4), scales(2);
  quantise_rows({in.data(), 2, 2}, {codes.data(), 2, 2}, scales, Format::fp8);
  EXPECT_EQ(scales, (std::vector<float>{7.0f / 448, 7.0f / 448}));
  EXPECT_EQ(codes, (std::vector<float>{192, -448, 0.0625f, 448}));  // 0.064 lies between 0.0625 and 0.0703
}

TEST(NumberFormat, TableMatchesTheRounding) {
  for (const FormatRow& row : number_formats()) {
    EXPECT_FALSE(row.source.empty()) << row.name;
    EXPECT_EQ(find_format(row.name), row.format);
    EXPECT_EQ(&row_of(row.format), &row);
    if (row.format == Format::int8 || row.format == Format::fp64) continue;  // steps floats don't have
    // The smallest number above one that the format keeps, and half of that step, which it doesn't.
    const float step = std::ldexp(1.0f, -row.mantissa_bits);
    const std::vector<float> in{1.0f + step, 1.0f + step / 2};
    std::vector<float> out(2);
    round_to(row.format, {in.data(), 1, 2}, {out.data(), 1, 2});
    EXPECT_EQ(out[0], 1.0f + step) << row.name;
    EXPECT_EQ(out[1], 1.0f) << row.name;
  }
  EXPECT_THROW(find_format("fp17"), Error);
}

TEST(NumberFormat, Int8CodesAreTheNearestAndTheScaleFits) {
  constexpr std::size_t rows = 9, cols = 14;
  std::vector<float> in(rows * cols), codes(rows * cols), scales(cols);
  fill_normal(in, Draw{.seed = 3});
  for (std::size_t r = 0; r < rows; ++r) in[r * cols + 5] = 0.0f;
  quantise_columns({in.data(), rows, cols}, {codes.data(), rows, cols}, scales);
  EXPECT_EQ(scales[5], 1.0f);
  for (std::size_t c = 0; c < cols; ++c) {
    float largest = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const float code = codes[r * cols + c];
      ASSERT_EQ(code, std::nearbyint(code));
      ASSERT_LE(std::fabs(code), 127.0f);
      // Half a step, and the two float roundings of in/scale (up to 127) and code·scale.
      ASSERT_NEAR(static_cast<double>(code * scales[c]), static_cast<double>(in[r * cols + c]),
                  static_cast<double>(scales[c]) * (0.5 + 2 * 127 * 0x1p-24));
      largest = std::max(largest, std::fabs(code));
    }
    EXPECT_EQ(largest, c == 5 ? 0.0f : 127.0f);
  }
  // Rows are columns of the transpose.
  std::vector<float> turned(rows * cols), turned_codes(rows * cols), turned_scales(cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) turned[c * rows + r] = in[r * cols + c];
  quantise_rows({turned.data(), cols, rows}, {turned_codes.data(), cols, rows}, turned_scales);
  EXPECT_EQ(turned_scales, scales);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) ASSERT_EQ(turned_codes[c * rows + r], codes[r * cols + c]);
}

}  // namespace
}  // namespace fringe
