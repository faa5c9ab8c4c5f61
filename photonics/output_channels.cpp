#include "photonics/output_channels.hpp"

#include <cmath>

#include "core/clones.hpp"

namespace fringe {
namespace {

FRINGE_CLONES void scale_intensity(float* x, const float* normals, float sigma, float leak,
                                   std::size_t columns) {
  for (std::size_t b = 0; b < columns; ++b) {
    const float epsilon = sigma * normals[b];
    x[b] = (1.0f + epsilon) * x[b] + leak * epsilon;
  }
}

FRINGE_CLONES void turn_row(const float* re, const float* im, float sign, const float* cosines,
                            const float* sines, float* out_re, float* out_im, std::size_t columns) {
  for (std::size_t b = 0; b < columns; ++b) {
    const float x = re[b], y = sign * im[b];
    out_re[b] = x * cosines[b] - y * sines[b];
    out_im[b] = x * sines[b] + y * cosines[b];
  }
}

FRINGE_CLONES void turn_real(const float* re, const float* cosines, const float* sines, float* out_re,
                             float* out_im, std::size_t columns) {
  for (std::size_t b = 0; b < columns; ++b) {
    const float x = re[b];
    out_re[b] = x * cosines[b];
    out_im[b] = x * sines[b];
  }
}

}  // namespace

OutputChannels::OutputChannels(const PhotonicEffects& effects, std::size_t modes, std::uint64_t seed,
                               std::uint32_t chip, std::uint32_t core, Detection detection)
    : effects_(effects),
      detection_(detection),
      bits_(bits_with_jitter(effects.adc_enob, effects.timing_jitter_rad)),
      curves_(fabricate_curves(modes, effects.output_gain_sigma, Purpose::output_gain, effects.adc_inl,
                               Purpose::adc_curve, seed, chip, core)),
      leak_(modes) {
  if (effects.intensity_leak == 0) return;
  fill_normal(leak_, {seed, Purpose::receiver_imbalance, chip, core});
  for (float& leak : leak_) leak *= static_cast<float>(effects.intensity_leak);
}

bool OutputChannels::read_im(float largest) const noexcept {
  if (detection_ == Detection::intensity) return true;
  const PhotonicEffects& e = effects_;
  if (e.shot_variance == 0 || e.oscillator_photons == 0) return false;
  if (e.oscillator_photons < normal_oscillator_photons) return true;
  const double own = double{largest} * double{largest} / (4 * e.oscillator_photons);
  return own > inaudible_share * (e.shot_variance + e.thermal_variance + e.dark_variance);
}

void OutputChannels::detect(Fields<float> fields, std::size_t read, float range, float largest,
                            const Symbols& symbols, ReadingScratch& scratch) const {
  const bool power = detection_ == Detection::intensity;
  if (power) {
    detect_power(fields, read, symbols, scratch);
  } else {
    const bool both = read_im(largest);
    add_laser_noise(fields, read, both, symbols, scratch);
    add_reading_noise(fields, read, effects_.shot_variance, both ? effects_.oscillator_photons : 0,
                      effects_.thermal_variance + effects_.dark_variance, symbols, scratch);
  }
  add_memory(fields.re, read, range, symbols, scratch);
  // The ADC of a power has all its levels above 0; its curve is seen from the middle of its range.
  const float half_scale = power ? range / 2 : range, middle = power ? half_scale : 0;
  Quantiser adc = bits_ > 0 ? make_quantiser(half_scale, bits_) : Quantiser{range, 0};
  adc.range = range;
  for (std::size_t i = 0; i < read; ++i) {
    const std::span<float> readings(fields.re.row(i), fields.re.cols);
    if (power)
      for (float& reading : readings) reading -= middle;
    bend(readings, curves_[i], half_scale);
    if (power)
      for (float& reading : readings) reading += curves_[i].gain * middle;
    quantise(readings, adc);
  }
}

void OutputChannels::detect_power(Fields<float> fields, std::size_t read, const Symbols& symbols,
                                  ReadingScratch& scratch) const {
  IntensityReceiver receiver;
  receiver.intensity_variance = effects_.intensity_variance;
  if (effects_.shot_variance > 0) {
    const double photons = 1 / effects_.shot_variance;
    receiver.signal_photons = photons;
    receiver.dark_electrons = effects_.dark_variance * photons * photons;
    receiver.receiver_electrons = std::sqrt(effects_.thermal_variance) * photons;
  }
  const std::size_t cols = fields.re.cols;
  const Matrix re = fields.re.block(0, read, 0, cols), im = fields.im.block(0, read, 0, cols);
  detect_intensity({re, im}, re, receiver, symbols);
  if (effects_.shot_variance == 0)
    add_noise(fields.re, read, effects_.thermal_variance + effects_.dark_variance, Purpose::thermal_noise,
              symbols, scratch);
}

void OutputChannels::add_laser_noise(Fields<float> fields, std::size_t read, bool both,
                                     const Symbols& symbols, ReadingScratch& scratch) const {
  if (effects_.intensity_variance == 0) return;
  const std::size_t columns = fields.re.cols;
  const auto sigma = static_cast<float>(std::sqrt(effects_.intensity_variance));
  const auto normals =
      scratch.normals(columns, symbols.draw(Purpose::laser_intensity), symbols.element(0, 1));
  for (std::size_t i = 0; i < read; ++i) {
    scale_intensity(fields.re.row(i), normals.data(), sigma, leak_[i], columns);
    if (both) scale_intensity(fields.im.row(i), normals.data(), sigma, 0, columns);
  }
}

void OutputChannels::turn(ConstFields<float> in, std::span<const float> signs, Fields<float> out,
                          const Symbols& symbols, ReadingScratch& scratch) const {
  const std::size_t columns = out.re.cols;
  const auto sigma = static_cast<float>(std::sqrt(effects_.phase_variance));
  const auto [cosines, sines] =
      scratch.phasors(sigma, columns, symbols.draw(Purpose::laser_phase), symbols.element(0, 1));
  for (std::size_t k = 0; k < out.re.rows; ++k)
    if (in.im.data)
      turn_row(in.re.row(k), in.im.row(k), signs.empty() ? 1.0f : signs[k], cosines.data(), sines.data(),
               out.re.row(k), out.im.row(k), columns);
    else
      turn_real(in.re.row(k), cosines.data(), sines.data(), out.re.row(k), out.im.row(k), columns);
}

float OutputChannels::memory_width(float range) const noexcept {
  const PhotonicEffects& e = effects_;
  const bool power = detection_ == Detection::intensity;
  // Of a uniform number over ±range.
  const double variance = std::pow(e.receiver_memory * double{range}, 2) / 3;
  if (!power && variance <= inaudible_share * (e.shot_variance + e.thermal_variance + e.dark_variance))
    return 0;
  return static_cast<float>(e.receiver_memory) * range * (power ? 1.0f : 2.0f);
}

std::optional<OutputChannels::PlainReading> OutputChannels::plain_reading(float range, float largest) const {
  const PhotonicEffects& e = effects_;
  const bool own = read_im(largest);
  if (detection_ == Detection::intensity || (own && e.oscillator_photons < normal_oscillator_photons) ||
      memory_width(range) > 0 || e.adc_inl > 0 || e.output_gain_sigma > 0)
    return {};
  const double variance = e.shot_variance + (e.thermal_variance + e.dark_variance);
  return PlainReading{static_cast<float>(std::sqrt(variance)), static_cast<float>(variance),
                      own ? signal_share(e.shot_variance, e.oscillator_photons) : 0.0f,
                      e.shot_variance > 0 ? Purpose::shot_noise : Purpose::thermal_noise,
                      bits_ > 0 ? make_quantiser(range, bits_) : Quantiser{range, 0}};
}

bool OutputChannels::intensity(const Symbols& symbols, ReadingScratch& scratch,
                               std::span<float> epsilon) const {
  if (effects_.intensity_variance == 0) return false;
  const auto sigma = static_cast<float>(std::sqrt(effects_.intensity_variance));
  const auto normals =
      scratch.normals(epsilon.size(), symbols.draw(Purpose::laser_intensity), symbols.element(0, 1));
  for (std::size_t b = 0; b < epsilon.size(); ++b) epsilon[b] = sigma * normals[b];
  return true;
}

void OutputChannels::add_memory(Matrix readings, std::size_t read, float range, const Symbols& symbols,
                                ReadingScratch& scratch) const {
  // What is left of the symbol before is as good as uniform over the ADC's range.
  const float width = memory_width(range);
  if (width == 0) return;
  const double middle = detection_ == Detection::intensity ? 0.0 : 0.5;
  const DrawStream draw = symbols.draw(Purpose::receiver_memory);
  for (std::size_t i = 0; i < read; ++i) {
    const auto uniforms = scratch.uniforms(readings.cols, draw, symbols.element(i, readings.rows));
    float* row = readings.row(i);
    for (std::size_t b = 0; b < readings.cols; ++b)
      row[b] += width * static_cast<float>(uniforms[b] - middle);
  }
}

}  // namespace fringe
