#include "photonics/converters.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double most_bits =
    22;  // 2^22 steps of a float are still whole numbers, with a bit left for rounding
// Adding and subtracting 1.5·2²³ rounds |x| ≤ 2²² to the nearest whole number, halves to even, in plain SSE2.
constexpr float rounder = 12582912.0f;

float round_small(float x) { return (x + rounder) - rounder; }

}  // namespace

Quantiser make_quantiser(float range, double enob_bits) {
  if (!(range > 0) || !std::isfinite(range))
    throw Error("a converter's range is " + std::to_string(range) + "; it must be positive and finite");
  if (std::isinf(enob_bits) && enob_bits > 0) return {range, 0};
  if (!(enob_bits >= 1 && enob_bits <= most_bits))
    throw Error("a converter has " + std::to_string(enob_bits) +
                " effective bits; they must lie in 1 … 22, or be infinite for none of its noise");
  return {range, static_cast<float>(2 * static_cast<double>(range) / std::exp2(enob_bits))};
}

void quantise(std::span<float> x, const Quantiser& quantiser) noexcept {
  if (quantiser.step == 0) return;
  const float step = quantiser.step;
  const float inverse = 1 / step;
  const float last = round_small(quantiser.range * inverse);
  for (float& value : x) {
    float code = value * inverse;
    code = code > last ? last : code;
    code = code < -last ? -last : code;
    value = round_small(code) * step;
  }
}

std::size_t count_clipped(std::span<const float> x, const Quantiser& quantiser) noexcept {
  std::size_t count = 0;
  for (const float value : x) count += value > quantiser.range || value < -quantiser.range;
  return count;
}

double walden_j(const Converter& converter) noexcept {
  return converter.power_w / (converter.rate_hz * std::exp2(converter.enob_bits));
}

double energy_per_conversion_j(const Converter& converter) noexcept {
  return converter.power_w / converter.rate_hz;
}

Converter scaled(const Converter& converter, double enob_bits, double rate_hz) {
  if (!(enob_bits >= 1) || !std::isfinite(enob_bits))
    throw Error("converter '" + std::string(converter.name) + "' is scaled to " + std::to_string(enob_bits) +
                " effective bits; they must be finite and at least 1");
  if (!(rate_hz > 0 && rate_hz <= converter.rate_hz))
    throw Error("converter '" + std::string(converter.name) + "' is scaled to " + std::to_string(rate_hz) +
                " Hz; its figure of merit holds above 0 and up to " + std::to_string(converter.rate_hz) +
                " Hz");
  Converter result = converter;
  result.power_w = walden_j(converter) * rate_hz * std::exp2(enob_bits);
  result.enob_bits = enob_bits;
  result.nominal_bits = std::ceil(enob_bits);
  result.rate_hz = rate_hz;
  return result;
}

}  // namespace fringe
