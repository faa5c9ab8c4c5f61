#include "photonics/converters.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/clones.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

constexpr double most_bits =
    22;  // 2^22 steps of a float are still whole numbers, with a bit left for rounding
// Adding and subtracting 1.5·2²³ rounds |x| ≤ 2²² to the nearest whole number, halves to even, in plain SSE2.
constexpr float rounder = 12582912.0f;

float round_small(float x) { return (x + rounder) - rounder; }

FRINGE_CLONES void round_to_steps(float* x, std::size_t count, float step, float inverse, float last) {
  for (std::size_t i = 0; i < count; ++i) {
    float code = x[i] * inverse;
    code = code > last ? last : code;
    code = code < -last ? -last : code;
    x[i] = ((code + rounder) - rounder) * step;
  }
}

// Of (1 − x²)·(bow + twist·x) over −1 … 1, whose slope is 0 where 3·twist·x² + 2·bow·x − twist = 0.
double largest_deviation(double bow, double twist) {
  const double root = std::sqrt(bow * bow + 3 * twist * twist);
  double largest = 0;
  for (const double x : {(-bow + root) / (3 * twist), (-bow - root) / (3 * twist)})
    if (std::abs(x) <= 1) largest = std::max(largest, std::abs((1 - x * x) * (bow + twist * x)));
  return largest;
}

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
  round_to_steps(x.data(), x.size(), step, inverse, round_small(quantiser.range * inverse));
}

std::vector<StaticCurve> fabricate_curves(std::size_t channels, double gain_sigma, Purpose gain_purpose,
                                          double inl_peak, Purpose curve_purpose, std::uint64_t seed,
                                          std::uint32_t chip, std::uint32_t core) {
  std::vector<StaticCurve> curves(channels);
  const DrawStream gains = stream_of({seed, gain_purpose, chip, core}),
                   shapes = stream_of({seed, curve_purpose, chip, core});
  for (std::size_t k = 0; k < channels; ++k) {
    if (gain_sigma > 0) curves[k].gain = 1.0f + static_cast<float>(gain_sigma) * normal(gains, k);
    if (inl_peak > 0) {
      const double bow = 2 * uniform_from_bits(random_bits(shapes, 2 * k)) - 1;
      const double twist = 2 * uniform_from_bits(random_bits(shapes, 2 * k + 1)) - 1;
      const double scale = inl_peak / largest_deviation(bow, twist);
      curves[k].bow = static_cast<float>(scale * bow);
      curves[k].twist = static_cast<float>(scale * twist);
    }
  }
  return curves;
}

void bend(std::span<float> x, const StaticCurve& curve, float range) noexcept {
  if (curve.bow != 0 || curve.twist != 0) {
    const float inverse = 1 / range;
    for (float& value : x) {
      const float u = value * inverse, rest = 1.0f - u * u;
      const float deviation = rest > 0 ? rest * (curve.bow + curve.twist * u) : 0.0f;
      value += range * deviation;
    }
  }
  if (curve.gain != 1)
    for (float& value : x) value *= curve.gain;
}

double inl_over_full_scale(const Converter& converter, double lsb) noexcept {
  return lsb * 2 / std::exp2(converter.nominal_bits);
}

double jitter_rad(double frequency_hz, double jitter_s) noexcept { return 2 * pi * frequency_hz * jitter_s; }

double bits_with_jitter(double enob_bits, double jitter_rad) {
  if (jitter_rad == 0) return enob_bits;
  const double noise = (enob_bits > 0 ? 1 / (1.5 * std::pow(4.0, enob_bits)) : 0.0) + jitter_rad * jitter_rad;
  const double bits = std::log2(1 / (1.5 * noise)) / 2;
  if (!(bits >= 1))
    throw Error("timing jitter of " + std::to_string(jitter_rad) +
                " rad at half the clock leaves a converter less than one effective bit");
  return bits > most_bits ? 0 : bits;
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
