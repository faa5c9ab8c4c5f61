#include "photonics/input_channels.hpp"

#include <algorithm>

#include "core/clones.hpp"
#include "core/units.hpp"
#include "photonics/sine.hpp"

namespace fringe {
namespace {

float swing_of(const PhotonicEffects& effects) {
  return static_cast<float>(pi / 2 * effects.modulation_depth);
}

FRINGE_CLONES void drive_sine(float* re, float* im, std::size_t columns, float swing, float per_peak,
                              float kappa) {
  for (std::size_t b = 0; b < columns; ++b) {
    const SineCosine field = sine_cosine(swing * re[b]);
    re[b] = per_peak * field.sine;
    im[b] = kappa * per_peak * field.cosine;
  }
}

FRINGE_CLONES void drive_arcsine(float* x, std::size_t columns, float swing, float peak) {
  const float per_swing = 1 / swing;
  for (std::size_t b = 0; b < columns; ++b) x[b] = per_swing * arcsine(peak * x[b]);
}

FRINGE_CLONES void add_uniform(float* row, const double* uniforms, float memory, std::size_t columns) {
  for (std::size_t b = 0; b < columns; ++b) row[b] += memory * static_cast<float>(2 * uniforms[b] - 1);
}

}  // namespace

InputChannels::InputChannels(const PhotonicEffects& effects, std::size_t modes, std::uint64_t seed,
                             std::uint32_t chip, std::uint32_t core)
    : drive_(effects.modulator_drive),
      swing_(swing_of(effects)),
      peak_(sine_cosine(swing_).sine),
      memory_(static_cast<float>(effects.modulator_memory)),
      act_(effects.dac_inl > 0 || effects.input_gain_sigma > 0 || drive_ != ModulatorDrive::linear ||
           effects.modulator_imbalance > 0 || effects.modulator_memory > 0),
      leaks_(effects.modulator_imbalance > 0),
      alike_(effects.dac_inl == 0 && effects.input_gain_sigma == 0),
      curves_(fabricate_curves(modes, effects.input_gain_sigma, Purpose::input_gain, effects.dac_inl,
                               Purpose::dac_curve, seed, chip, core)),
      imbalance_(static_cast<float>(effects.modulator_imbalance)),
      signs_(modes) {
  const DrawStream signs = stream_of({seed, Purpose::modulator_imbalance, chip, core});
  for (std::size_t k = 0; k < modes; ++k) signs_[k] = random_bits(signs, k) < 0x80000000u ? -1.0f : 1.0f;
}

void InputChannels::predistort(std::span<float> x, const PhotonicEffects& effects) noexcept {
  if (effects.modulator_drive != ModulatorDrive::predistorted) return;
  const float swing = swing_of(effects);
  drive_arcsine(x.data(), x.size(), swing, sine_cosine(swing).sine);
}

void InputChannels::send(ConstMatrix driven, Fields<float> out) const noexcept {
  send_unsigned(driven, out);
  for (std::size_t k = 0; leaks_ && k < driven.rows; ++k)
    if (signs_[k] < 0)
      for (std::size_t b = 0; b < driven.cols; ++b) out.im(k, b) = -out.im(k, b);
}

void InputChannels::send_unsigned(ConstMatrix driven, Fields<float> out) const noexcept {
  const float per_peak = 1 / peak_;
  for (std::size_t k = 0; k < driven.rows; ++k) {
    float *re = out.re.row(k), *im = out.im.row(k);
    std::copy_n(driven.row(k), driven.cols, re);
    bend(std::span(re, driven.cols), curves_[k], 1.0f);
    const float kappa = imbalance_;
    if (drive_ == ModulatorDrive::linear)
      for (std::size_t b = 0; b < driven.cols; ++b) {
        const float rest = 1.0f - re[b] * re[b];
        im[b] = leaks_ && rest > 0 ? kappa * sqrt_exact(rest) : 0.0f;
      }
    else
      drive_sine(re, im, driven.cols, swing_, per_peak, kappa);
  }
}

void InputChannels::add_memory(Matrix re, const Symbols& symbols, ReadingScratch& scratch) const {
  if (memory_ == 0) return;
  const DrawStream draw = symbols.draw(Purpose::modulator_memory);
  for (std::size_t k = 0; k < re.rows; ++k) {
    const auto uniforms = scratch.uniforms(re.cols, draw, symbols.element(k, re.rows));
    add_uniform(re.row(k), uniforms.data(), memory_, re.cols);
  }
}

void InputChannels::scale_adjoint(ConstMatrix driven, Matrix g) const noexcept {
  const float steepest = swing_ / peak_;
  for (std::size_t k = 0; k < g.rows; ++k)
    for (std::size_t b = 0; b < g.cols; ++b) {
      const float slope = drive_ == ModulatorDrive::sine
                              ? steepest * sine_cosine(swing_ * curves_[k].gain * driven(k, b)).cosine
                              : 1.0f;
      g(k, b) *= curves_[k].gain * slope;
    }
}

}  // namespace fringe
