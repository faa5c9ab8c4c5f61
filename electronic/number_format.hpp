// The number formats of matrix units, emulated on float32: exact rounding of operands, ties to even, by bit
// operations. Products of rounded operands are summed in float32 (integers for int8, float64 for fp64), as
// the hardware does.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/view.hpp"

namespace fringe {

enum class Format { fp32, tf32, bf16, fp16, int8, fp64, fp8, count };
inline constexpr std::size_t format_count = static_cast<std::size_t>(Format::count);

struct FormatRow {
  Format format;
  std::string_view name;
  int mantissa_bits;  ///< stored, without the leading one; of int8: bits of the magnitude
  int exponent_bits;
  int bytes;  ///< in memory; TF32 lies in memory as FP32
  std::string_view source;
};
std::span<const FormatRow, format_count> number_formats() noexcept;
const FormatRow& row_of(Format format) noexcept;
/// Throws Error on an unknown name.
Format find_format(std::string_view name);
/// Whether operands are codes with a scale for each vector: 8 bits don't span what a layer has.
inline bool scaled(Format format) noexcept { return row_of(format).bytes == 1; }

/// The nearest value of the format, ties to even. Overflow gives infinity (IEEE 754), denormals are kept, NaN
/// stays NaN. TF32 here rounds to nearest even; hardware that is handed unconverted FP32 truncates instead.
float round_to_tf32(float x) noexcept;
float round_to_bf16(float x) noexcept;
float round_to_fp16(float x) noexcept;
/// E4M3, the FP8 of weights and activations: no infinity, what is beyond 448 becomes 448, as conversions of
/// hardware have it.
float round_to_fp8(float x) noexcept;

/// FP16 (IEEE binary16) and BF16 bit patterns.
std::uint16_t fp16_bits(float x) noexcept;
float fp16_value(std::uint16_t bits) noexcept;
std::uint16_t bf16_bits(float x) noexcept;
float bf16_value(std::uint16_t bits) noexcept;

/// out = in rounded to tf32, bf16, fp16 or fp8 (unscaled); to fp32 and fp64 a copy. Equal shapes, may be the
/// same memory.
void round_to(Format format, ConstMatrix in, Matrix out) noexcept;

/// Scaled formats: value = code·scale, scale = largest magnitude / largest code (1 where all are zero). Codes
/// of int8 are the nearest integers of in/scale (ties to even) in −127 … 127, symmetric; of fp8 its numbers,
/// up to 448. Codes are stored as floats.
/// One scale for each row (of weights) or for each column (one sample of a batch): a sample's codes don't
/// depend on the batch it is in. scales has in.rows or in.cols elements.
void quantise_rows(ConstMatrix in, Matrix codes, std::span<float> scales,
                   Format format = Format::int8) noexcept;
void quantise_columns(ConstMatrix in, Matrix codes, std::span<float> scales,
                      Format format = Format::int8) noexcept;

}  // namespace fringe
