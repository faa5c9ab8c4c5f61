// Inputs and outputs of a core: modulators by hand, laser noise and memory as strong as asked for.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/input_channels.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/output_channels.hpp"
#include "photonics/sine.hpp"

namespace fringe {
namespace {

constexpr double u = 0x1p-24;

struct Block {
  std::size_t modes, batch;
  std::vector<float> re, im;
  Block(std::size_t m, std::size_t b, float real = 0, float imaginary = 0)
      : modes(m), batch(b), re(m * b, real), im(m * b, imaginary) {}
  Fields<float> fields() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  ConstMatrix matrix() const { return {re.data(), modes, batch}; }
};

double mean_square(const std::vector<float>& x) {
  double sum = 0;
  for (const float value : x) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum / static_cast<double>(x.size());
}

InputChannels inputs(const PhotonicEffects& effects, std::size_t modes, std::uint32_t core = 0) {
  return {effects, modes, 3, 0, core};
}

/// Field for a value that the DAC puts out, of channel 0.
SineCosine sent(const PhotonicEffects& effects, float value) {
  Block in(1, 1, value), out(1, 1);
  inputs(effects, 1).send(in.matrix(), out.fields());
  return {out.re[0], out.im[0]};
}

TEST(Modulator, SineByHand) {
  PhotonicEffects effects;
  effects.modulator_drive = ModulatorDrive::sine;
  EXPECT_NEAR(sent(effects, 1).sine, 1, 4 * u);
  EXPECT_NEAR(sent(effects, 1.0f / 3).sine, 0.5, 8 * u);           // sin 30°
  EXPECT_NEAR(sent(effects, -0.5f).sine, -std::sqrt(0.5), 8 * u);  // sin 45°
  EXPECT_EQ(sent(effects, 0).sine, 0);
  EXPECT_EQ(sent(effects, 0.7f).cosine, 0) << "perfect extinction";
  // A third of the swing: sin(30°·v)/sin(30°). The distortion of a sine falls with the square of the depth.
  effects.modulation_depth = 1.0 / 3;
  EXPECT_NEAR(sent(effects, 1).sine, 1, 8 * u);
  EXPECT_NEAR(sent(effects, 0.5f).sine, std::sin(pi / 12) / 0.5, 8 * u);
}

TEST(Modulator, ExtinctionByHand) {
  PhotonicEffects effects;
  effects.modulator_imbalance = field_transmission_from_loss_db(20);  // a hundredth of the power: a tenth
  for (const ModulatorDrive drive :
       {ModulatorDrive::sine, ModulatorDrive::predistorted, ModulatorDrive::linear}) {
    effects.modulator_drive = drive;
    EXPECT_NEAR(std::abs(sent(effects, 0).cosine), 0.1, 4 * u) << "light at the null";
    EXPECT_EQ(sent(effects, 0).sine, 0) << "and none of it in the quadrature of the signal";
    EXPECT_NEAR(sent(effects, 1).cosine, 0, 2e-7);
  }
  effects.modulator_drive = ModulatorDrive::sine;
  EXPECT_NEAR(std::abs(sent(effects, 2.0f / 3).cosine), 0.05, 4 * u);  // cos 60°
  effects.modulator_drive = ModulatorDrive::linear;
  EXPECT_NEAR(std::abs(sent(effects, 0.6f).cosine), 0.08, 4 * u);  // √(1−0.36)
  // Both signs occur, as often as a coin's within five standard errors.
  const std::size_t modes = 1024;
  Block in(modes, 1), out(modes, 1);
  inputs(effects, modes).send(in.matrix(), out.fields());
  double signs = 0;
  for (const float im : out.im) signs += im > 0 ? 1 : -1;
  EXPECT_NEAR(signs, 0, 5 * std::sqrt(static_cast<double>(modes)));
}

TEST(Modulator, PredistortionMakesFieldsLinear) {
  PhotonicEffects effects;
  effects.modulator_drive = ModulatorDrive::predistorted;
  for (const double depth : {0.3, 1.0}) {
    effects.modulation_depth = depth;
    Block x(1, 2001), out(1, 2001);
    for (std::size_t b = 0; b < 2001; ++b) x.re[b] = static_cast<float>(b) / 1000.0f - 1.0f;
    const std::vector<float> wanted = x.re;
    InputChannels::predistort(x.re, effects);
    for (const float v : x.re) EXPECT_LE(std::abs(v), 1 + 4 * u);
    inputs(effects, 1).send(x.matrix(), out.fields());
    // Sine and arcsine are good to 3e-7 and 2e-7, over the peak.
    for (std::size_t b = 0; b < 2001; ++b) EXPECT_NEAR(out.re[b], wanted[b], 6e-7 / std::sin(pi / 2 * depth));
  }
}

// The DAC rounds the drive, so a step of the field is π/2·cos(π·v/2) of a step of the drive: coarser at 0,
// finer at full scale.
TEST(Modulator, StepsOfThePredistortedDacFollowTheSine) {
  PhotonicEffects effects;
  effects.modulator_drive = ModulatorDrive::predistorted;
  const Quantiser dac = make_quantiser(1, 8);
  const double step = dac.step;
  EXPECT_NEAR(sent(effects, dac.step).sine, std::sin(pi / 2 * step), 4 * u);
  EXPECT_NEAR(1 - sent(effects, 1 - dac.step).sine, 1 - std::cos(pi / 2 * step), 4 * u);
}

TEST(Modulator, MemoryIsUniformOverFullScaleAndBelongsToTheSymbol) {
  PhotonicEffects effects;
  effects.modulator_memory = 0.04;
  const std::size_t modes = 8, batch = 4096;
  const InputChannels channels = inputs(effects, modes);
  EXPECT_TRUE(channels.act());
  Block x(modes, batch);
  ReadingScratch scratch;
  Symbols symbols{1, 0, 0, 0, 100, 2, 1};
  channels.add_memory({x.re.data(), modes, batch}, symbols, scratch);
  for (const float value : x.re) EXPECT_LE(std::abs(value), 0.04f);
  // Variance of a uniform number, 1/3, within five standard errors (kurtosis 1.8: √0.8).
  EXPECT_NEAR(mean_square(x.re) / (0.04 * 0.04 / 3), 1,
              5 * std::sqrt(0.8 / static_cast<double>(modes * batch)));
  Block later(modes, 10);
  symbols.first_sample = 1100;
  channels.add_memory({later.re.data(), modes, 10}, symbols, scratch);
  for (std::size_t k = 0; k < modes; ++k)
    for (std::size_t b = 0; b < 10; ++b) EXPECT_EQ(later.re[k * 10 + b], x.re[k * batch + 1000 + b]);
}

TEST(Inputs, WithoutErrorsDoNotAct) {
  EXPECT_FALSE(inputs({}, 4).act());
  PhotonicEffects noisy;
  noisy.shot_variance = noisy.intensity_variance = 1;
  noisy.dac_enob = 3;
  EXPECT_FALSE(inputs(noisy, 4).act());
}

// Slopes against differences of what is sent: (f(x+h) − f(x−h))/2h, off by h²/6·|f‴| + u/h.
TEST(Inputs, AdjointIsTheSlopeOfTheChannel) {
  PhotonicEffects effects;
  effects.input_gain_sigma = 0.05;
  for (const ModulatorDrive drive : {ModulatorDrive::linear, ModulatorDrive::sine}) {
    effects.modulator_drive = drive;
    const std::size_t modes = 5, batch = 9;
    const InputChannels channels = inputs(effects, modes);
    Block x(modes, batch), up(modes, batch), down(modes, batch), g(modes, batch, 1);
    const float h = 0x1p-7f;
    for (std::size_t k = 0; k < modes; ++k)
      for (std::size_t b = 0; b < batch; ++b) x.re[k * batch + b] = static_cast<float>(b) / 5.0f - 0.8f;
    Block high = x, low = x;
    for (float& value : high.re) value += h;
    for (float& value : low.re) value -= h;
    channels.send(high.matrix(), up.fields());
    channels.send(low.matrix(), down.fields());
    channels.scale_adjoint(x.matrix(), {g.re.data(), modes, batch});
    const double third = std::pow(1.2 * pi / 2, 3);
    for (std::size_t i = 0; i < g.re.size(); ++i)
      EXPECT_NEAR(g.re[i], (up.re[i] - down.re[i]) / (2 * h), h * h / 6 * third + 8 * u / h);
  }
}

struct Readings {
  std::vector<float> values;
  std::size_t modes, batch;
  float operator()(std::size_t i, std::size_t b) const { return values[i * batch + b]; }
};

Readings detect(const PhotonicEffects& effects, float re, float im, float range = 2, std::size_t modes = 4,
                std::size_t batch = 4096, std::uint64_t first = 0) {
  Block block(modes, batch, re, im);
  ReadingScratch scratch;
  const OutputChannels channels(effects, modes, 3, 0, 0);
  const Symbols symbols{1, 0, 7, 0, first, 1, 0};
  if (channels.turns()) channels.turn(block.fields(), {}, block.fields(), symbols, scratch);
  channels.detect(block.fields(), modes, range, 1, symbols, scratch);
  return {block.re, modes, batch};
}

TEST(Outputs, WithoutErrorsLeaveEveryBit) {
  for (const float value : detect({}, 0.37f, 0.9f).values) EXPECT_EQ(value, 0.37f);
}

// (1+ε)·a in all modes at once: a floor that stays, whatever the signal. 4096 symbols, five standard errors.
TEST(LaserIntensity, MultipliesAllReadingsOfASymbol) {
  PhotonicEffects effects;
  effects.intensity_variance = 1e-6;
  double first_snr = 0;
  for (const float a : {1.0f, 0.01f}) {
    const Readings x = detect(effects, a, 0);
    double square = 0;
    for (std::size_t b = 0; b < x.batch; ++b) {
      for (std::size_t i = 1; i < x.modes; ++i) EXPECT_EQ(x(i, b), x(0, b));
      square += std::pow(x(0, b) / a - 1.0, 2);
    }
    const double snr = static_cast<double>(x.batch) / square;
    EXPECT_NEAR(snr * 1e-6, 1, 5 * std::sqrt(2.0 / static_cast<double>(x.batch)) + 1e-3);
    if (first_snr == 0) first_snr = snr;
    // Equal draws: the same floor but for the rounding of readings, 2⁻²⁴ of 1e-3.
    EXPECT_NEAR(snr / first_snr, 1, 1e-3);
  }
}

// What a receiver out of balance leaves of the local oscillator is one number times ε for each receiver: dark
// readings are perfectly correlated. Its spread over 1024 receivers within five standard errors.
TEST(LaserIntensity, LeaksThroughReceiversOutOfBalance) {
  PhotonicEffects effects;
  effects.intensity_variance = 1e-6;
  effects.intensity_leak = 0.5;
  const std::size_t receivers = 1024;
  const Readings x = detect(effects, 0, 0, 2, receivers, 64);
  double square = 0;
  for (std::size_t i = 0; i < receivers; ++i) {
    const double leak = x(i, 0) / x(0, 0);
    for (std::size_t b = 1; b < 64; ++b) EXPECT_NEAR(x(i, b) / x(0, b), leak, 8 * u * std::abs(leak));
    square += std::pow(x(i, 5), 2);
  }
  // ε of symbol 5 from a reading of full scale on the same draws.
  effects.intensity_leak = 0;
  const double epsilon = static_cast<double>(detect(effects, 1, 0, 2, 1, 64)(0, 5)) - 1;
  EXPECT_NEAR(square / static_cast<double>(receivers) / std::pow(0.5 * epsilon, 2), 1,
              5 * std::sqrt(2.0 / static_cast<double>(receivers)) + 4 * u / std::abs(epsilon));
}

// E[cos ψ] = e^(−σ²/2) on a real field, and sin ψ of the imaginary one; ψ is common to a symbol.
TEST(LaserPhase, TurnsTheFieldsOfASymbolTogether) {
  PhotonicEffects effects;
  effects.phase_variance = 0.04;
  const Readings real = detect(effects, 1, 0), imaginary = detect(effects, 0, 1);
  double mean = 0, square = 0;
  for (std::size_t b = 0; b < real.batch; ++b) {
    const double c = real(0, b), s = imaginary(0, b);
    EXPECT_NEAR(c * c + s * s, 1, 2e-6);
    EXPECT_EQ(real(3, b), real(0, b));
    mean += c;
    square += std::asin(s) * std::asin(s);
  }
  const double n = static_cast<double>(real.batch);
  // Var cos ψ = (1 − e^(−σ²))²/2.
  EXPECT_NEAR(mean / n, std::exp(-0.02), 5 * (1 - std::exp(-0.04)) / std::sqrt(2 * n) + 1e-6);
  EXPECT_NEAR(square / n / 0.04, 1, 5 * std::sqrt(2 / n));
}

TEST(Outputs, MemoryIsUniformOverTheRange) {
  PhotonicEffects effects;
  effects.receiver_memory = 0.01;
  const Readings x = detect(effects, 0, 0, 3);
  for (const float value : x.values) EXPECT_LE(std::abs(value), 0.03f);
  EXPECT_NEAR(mean_square(x.values) / (9e-4 / 3), 1,
              5 * std::sqrt(0.8 / static_cast<double>(x.values.size())));
}

TEST(Outputs, NoisesAddAndBelongToTheSymbol) {
  PhotonicEffects effects;
  effects.thermal_variance = 2e-4;
  effects.dark_variance = 3e-4;
  const Readings x = detect(effects, 0, 0);
  EXPECT_NEAR(mean_square(x.values) / 5e-4, 1, 5 * std::sqrt(2.0 / static_cast<double>(x.values.size())));
  const Readings part = detect(effects, 0, 0, 2, 4, 16, 1000);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t b = 0; b < 16; ++b) EXPECT_EQ(part(i, b), x(i, 1000 + b));
}

// A field a adds |a|²/(4·N) to a reading's variance: heard from 2⁻²⁰ of the rest on. On the same draws
// readings without it are off by 2⁻²¹ of the spread times the draw, at most 6.35, and roundings.
TEST(Outputs, ShotNoiseOfTheSignalIsLeftOutWhereInaudible) {
  PhotonicEffects effects;
  effects.shot_variance = 1e-6;
  effects.thermal_variance = 1e-5;
  effects.oscillator_photons = 1e6;
  const OutputChannels channels(effects, 4, 3, 0, 0);
  const double edge = std::sqrt(0x1p-20 * 1.1e-5 * 4e6);
  EXPECT_TRUE(channels.read_im(static_cast<float>(1.01 * edge)));
  EXPECT_FALSE(channels.read_im(static_cast<float>(0.99 * edge)));
  EXPECT_TRUE(channels.read_im(1));
  const auto field = static_cast<float>(0.7 * edge);
  const std::size_t batch = 4096;
  const Symbols symbols{1, 0, 7, 0, 0, 1, 0};
  ReadingScratch scratch;
  Block heard(4, batch, field, field), left_out = heard;
  channels.detect(heard.fields(), 4, 2, 1, symbols, scratch);
  channels.detect(left_out.fields(), 4, 2, static_cast<float>(0.99 * edge), symbols, scratch);
  EXPECT_NE(heard.re, left_out.re);
  const double spread = std::sqrt(1.1e-5);
  for (std::size_t i = 0; i < heard.re.size(); ++i)
    EXPECT_NEAR(heard.re[i], left_out.re[i], 6.35 * spread * (0x1p-21 + 4 * u) + u * field);
}

TEST(Outputs, JitterSetsTheStepOfTheAdc) {
  PhotonicEffects effects;
  effects.timing_jitter_rad = 0.01;
  const Quantiser adc = make_quantiser(2, bits_with_jitter(0, 0.01));
  const Readings x = detect(effects, 0.777f, 0);
  EXPECT_NEAR(x(0, 0) / adc.step, std::round(0.777f / adc.step), 1e-5);
  EXPECT_GT(adc.step, 0.01f);
}

TEST(PhotonicEffects, RefuseWhatIsOutOfRange) {
  const auto refused = [](auto field, double value) {
    PhotonicEffects effects;
    effects.*field = value;
    EXPECT_THROW(check(effects), Error) << value;
  };
  EXPECT_NO_THROW(check(PhotonicEffects{}));
  for (const auto field : {&PhotonicEffects::shot_variance, &PhotonicEffects::oscillator_photons,
                           &PhotonicEffects::dark_variance, &PhotonicEffects::intensity_variance,
                           &PhotonicEffects::phase_variance, &PhotonicEffects::timing_jitter_rad,
                           &PhotonicEffects::dac_enob, &PhotonicEffects::dac_inl, &PhotonicEffects::adc_inl,
                           &PhotonicEffects::modulator_imbalance, &PhotonicEffects::modulator_memory,
                           &PhotonicEffects::receiver_memory, &PhotonicEffects::input_gain_sigma}) {
    refused(field, -1e-3);
    refused(field, std::nan(""));
  }
  refused(&PhotonicEffects::adc_inl, 1);
  refused(&PhotonicEffects::output_gain_sigma, 0.2);
  refused(&PhotonicEffects::modulation_depth, 0);
}

// The one budget: what the effects of a design carry is what its laser, modulators and receivers give.
TEST(PhotonicEffects, ComeFromTheBudget) {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  design.sampling_jitter_s = 1e-13;
  design.adc_inl_lsb = 0.5;
  const PhotonicEffects e = effects_of(design);
  const LinkBudget budget = link_budget(design);
  EXPECT_EQ(e.shot_variance, budget.shot_variance);
  EXPECT_EQ(e.oscillator_photons, budget.detected_oscillator_photons);
  EXPECT_EQ(e.intensity_variance, budget.intensity_variance);
  EXPECT_GT(e.intensity_variance, 0);
  EXPECT_GT(e.phase_variance, 0);
  EXPECT_EQ(e.modulator_memory, 0) << "45 GHz at 5 GBd: nothing a float can tell";
  EXPECT_NEAR(e.modulator_imbalance, std::pow(10.0, -1.5), 1e-16);
  EXPECT_NEAR(e.timing_jitter_rad, 2 * pi * 2.5e9 * 1e-13, 1e-18);
  EXPECT_EQ(e.adc_inl, 0.5 * 2 / 1024);
  design.laser_power_w *= 10;
  const PhotonicEffects bright = effects_of(design);
  EXPECT_NEAR(e.shot_variance / bright.shot_variance, 10, 1e-13);
  EXPECT_EQ(bright.intensity_variance, e.intensity_variance);
}

}  // namespace
}  // namespace fringe
