#include "electronic/number_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::array<FormatRow, format_count> rows{{
    {Format::fp32, "fp32", 23, 8, 4, "IEEE 754-2019, binary32"},
    {Format::tf32, "tf32", 10, 8, 4, "NVIDIA A100 Tensor Core GPU Architecture whitepaper (2020), TF32"},
    {Format::bf16, "bf16", 7, 8, 2,
     "D. Kalamkar et al., A study of BFLOAT16 for deep learning training, arXiv:1905.12322"},
    {Format::fp16, "fp16", 10, 5, 2, "IEEE 754-2019, binary16"},
    {Format::int8, "int8", 7, 0, 1,
     "B. Jacob et al., CVPR 2018, arXiv:1712.05877; symmetric: H. Wu et al., arXiv:2004.09602"},
    {Format::fp64, "fp64", 52, 11, 8, "IEEE 754-2019, binary64"},
    {Format::fp8, "fp8", 3, 4, 1,
     "P. Micikevicius et al., FP8 formats for deep learning, arXiv:2209.05433, E4M3"},
}};

constexpr std::uint32_t sign_bit = 0x80000000u, infinity_bits = 0x7f800000u;

// Drops the low `bits` bits of a float32, to nearest, ties to even. A carry runs into the exponent as it
// should.
std::uint32_t drop_bits(float x, int bits) noexcept {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t kept = ~((1u << bits) - 1u);
  if ((u & ~sign_bit) > infinity_bits) return (u | 0x00400000u) & kept;  // a NaN stays one
  const std::uint32_t odd = (u >> bits) & 1u;
  return (u + (1u << (bits - 1)) - 1u + odd) & kept;
}

constexpr float largest_fp8 = 448.0f;

float code_of(Format format, float x, float scale) noexcept {
  if (format == Format::fp8) return round_to_fp8(x / scale);
  return std::clamp(std::nearbyint(x / scale), -127.0f, 127.0f);
}
float scale_of(Format format, float largest) noexcept {
  const float largest_code = format == Format::fp8 ? largest_fp8 : 127.0f;
  return largest > 0.0f ? std::max(largest / largest_code, 0x1p-126f) : 1.0f;
}

}  // namespace

std::span<const FormatRow, format_count> number_formats() noexcept { return rows; }
const FormatRow& row_of(Format format) noexcept { return rows[static_cast<std::size_t>(format)]; }

Format find_format(std::string_view name) { return find_row("number format", name, rows).format; }

float round_to_tf32(float x) noexcept { return std::bit_cast<float>(drop_bits(x, 13)); }
float round_to_bf16(float x) noexcept { return std::bit_cast<float>(drop_bits(x, 16)); }
std::uint16_t bf16_bits(float x) noexcept { return static_cast<std::uint16_t>(drop_bits(x, 16) >> 16); }
float bf16_value(std::uint16_t bits) noexcept { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

float round_to_fp16(float x) noexcept {
  const float magnitude = std::fabs(x);
  float rounded;
  if (magnitude < 0x1p-14f) {
    // Denormal: the sum's last bit has the weight 2⁻²⁴ of a half's, so the addition itself rounds. Normal
    // below that can't happen: 2⁻¹⁴ is the smallest normal half.
    rounded = (magnitude + 0.5f) - 0.5f;
  } else {
    rounded = std::bit_cast<float>(drop_bits(magnitude, 13));
    if (rounded >= 0x1p16f) rounded = std::bit_cast<float>(infinity_bits);
  }
  return std::copysign(rounded, x);
}

float round_to_fp8(float x) noexcept {
  const float magnitude = std::fabs(x);
  float rounded;
  if (magnitude < 0x1p-6f)
    rounded = (magnitude + 0x1p14f) - 0x1p14f;  // denormal: the sum's last bit has the weight 2⁻⁹ of fp8's
  else
    rounded = std::isnan(x) ? x : std::min(std::bit_cast<float>(drop_bits(magnitude, 20)), largest_fp8);
  return std::copysign(rounded, x);
}

std::uint16_t fp16_bits(float x) noexcept {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(round_to_fp16(x));
  const std::uint32_t sign = (u & sign_bit) >> 16, magnitude = u & ~sign_bit;
  std::uint32_t bits;
  if (magnitude >= infinity_bits)
    bits = 0x7c00u | ((magnitude >> 13) & 0x3ffu);
  else if (magnitude >= 0x38800000u)  // 2⁻¹⁴
    bits = (magnitude - 0x38000000u) >> 13;
  else
    bits = static_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p24f);
  return static_cast<std::uint16_t>(sign | bits);
}

float fp16_value(std::uint16_t bits) noexcept {
  const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, mantissa = bits & 0x3ffu;
  std::uint32_t magnitude;
  if (exponent == 31)
    magnitude = infinity_bits | (mantissa << 13);
  else if (exponent == 0)
    magnitude = std::bit_cast<std::uint32_t>(static_cast<float>(mantissa) * 0x1p-24f);
  else
    magnitude = ((exponent + 112u) << 23) | (mantissa << 13);
  return std::bit_cast<float>(sign | magnitude);
}

void round_to(Format format, ConstMatrix in, Matrix out) noexcept {
  const auto each = [&](auto&& rounded) {
    for (std::size_t r = 0; r < in.rows; ++r) {
      const float* from = in.row(r);
      float* to = out.row(r);
      for (std::size_t c = 0; c < in.cols; ++c) to[c] = rounded(from[c]);
    }
  };
  if (format == Format::tf32)
    each(round_to_tf32);
  else if (format == Format::bf16)
    each(round_to_bf16);
  else if (format == Format::fp16)
    each(round_to_fp16);
  else if (format == Format::fp8)
    each(round_to_fp8);
  else
    each([](float x) { return x; });
}

void quantise_rows(ConstMatrix in, Matrix codes, std::span<float> scales, Format format) noexcept {
  for (std::size_t r = 0; r < in.rows; ++r) {
    float largest = 0;
    for (std::size_t c = 0; c < in.cols; ++c) largest = std::max(largest, std::fabs(in(r, c)));
    scales[r] = scale_of(format, largest);
    for (std::size_t c = 0; c < in.cols; ++c) codes(r, c) = code_of(format, in(r, c), scales[r]);
  }
}

void quantise_columns(ConstMatrix in, Matrix codes, std::span<float> scales, Format format) noexcept {
  std::fill_n(scales.begin(), in.cols, 0.0f);
  for (std::size_t r = 0; r < in.rows; ++r)
    for (std::size_t c = 0; c < in.cols; ++c) scales[c] = std::max(scales[c], std::fabs(in(r, c)));
  for (std::size_t c = 0; c < in.cols; ++c) scales[c] = scale_of(format, scales[c]);
  for (std::size_t r = 0; r < in.rows; ++r)
    for (std::size_t c = 0; c < in.cols; ++c) codes(r, c) = code_of(format, in(r, c), scales[c]);
}

}  // namespace fringe
