#include "photonics/detection.hpp"

#include <cmath>
#include <string>

#include "core/clones.hpp"
#include "core/error.hpp"
#include "core/poisson.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/sine.hpp"

namespace fringe {
namespace {

FRINGE_CLONES void add_scaled(float* row, const float* normals, float sigma, std::size_t columns) {
  for (std::size_t b = 0; b < columns; ++b) row[b] += sigma * normals[b];
}

/// x = cos σx, sines = sin σx.
FRINGE_CLONES void turn_phasors(float* x, float* sines, float sigma, std::size_t columns) {
  for (std::size_t b = 0; b < columns; ++b) {
    const SineCosine phase = sine_cosine(sigma * x[b]);
    x[b] = phase.cosine;
    sines[b] = phase.sine;
  }
}

/// Variance constant + share·|a|².
FRINGE_CLONES void add_shot_noise(float* re, const float* im, const float* normals, float constant,
                                  float share, std::size_t columns) {
  for (std::size_t b = 0; b < columns; ++b)
    re[b] += sqrt_exact(constant + share * (re[b] * re[b] + im[b] * im[b])) * normals[b];
}

}  // namespace

void refuse_position(std::size_t position) {
  throw Error("noise: position " + std::to_string(position) + " of a sample in a product; it tells " +
              std::to_string(most_positions) + " apart, so they must be fewer");
}

std::pair<std::span<const float>, std::span<const float>> ReadingScratch::phasors(float sigma,
                                                                                  std::size_t columns,
                                                                                  const DrawStream& draw,
                                                                                  std::uint64_t first) {
  normals(columns, draw, first);
  if (sines_.size() < columns) sines_.resize(columns);
  turn_phasors(normals_.data(), sines_.data(), sigma, columns);
  return {{normals_.data(), columns}, {sines_.data(), columns}};
}

void add_noise(Matrix x, std::size_t read, double variance, Purpose purpose, const Symbols& symbols,
               ReadingScratch& scratch) {
  if (variance == 0) return;
  const auto sigma = static_cast<float>(std::sqrt(variance));
  const DrawStream draw = symbols.draw(purpose);
  for (std::size_t i = 0; i < read; ++i) {
    const auto normals = scratch.normals(x.cols, draw, symbols.element(i, x.rows));
    add_scaled(x.row(i), normals.data(), sigma, x.cols);
  }
}

float signal_share(double shot_variance, double oscillator_photons) noexcept {
  const double signal_photons = 1 / (4 * shot_variance);
  return static_cast<float>(shot_variance * signal_photons / oscillator_photons);
}

void add_reading_noise(Fields<float> fields, std::size_t read, double shot_variance,
                       double oscillator_photons, double receiver_variance, const Symbols& symbols,
                       ReadingScratch& scratch) {
  const std::size_t modes = fields.re.rows, columns = fields.re.cols;
  if (shot_variance == 0 || oscillator_photons == 0) {
    add_noise(fields.re, read, shot_variance + receiver_variance,
              shot_variance > 0 ? Purpose::shot_noise : Purpose::thermal_noise, symbols, scratch);
    return;
  }
  const double signal_photons = 1 / (4 * shot_variance);
  if (oscillator_photons >= normal_oscillator_photons) {
    const auto constant = static_cast<float>(shot_variance + receiver_variance);
    const float share = signal_share(shot_variance, oscillator_photons);
    const DrawStream draw = symbols.draw(Purpose::shot_noise);
    for (std::size_t i = 0; i < read; ++i) {
      const auto normals = scratch.normals(columns, draw, symbols.element(i, modes));
      add_shot_noise(fields.re.row(i), fields.im.row(i), normals.data(), constant, share, columns);
    }
    return;
  }
  const double root_signal = std::sqrt(signal_photons), root_oscillator = std::sqrt(oscillator_photons);
  const double per_electron = 1 / (2 * root_signal * root_oscillator);
  const DrawStream stream = symbols.draw(Purpose::photon_count);
  for (std::size_t i = 0; i < read; ++i)
    for (std::size_t b = 0; b < columns; ++b) {
      const double re = root_signal * fields.re(i, b), im = root_signal * fields.im(i, b);
      const auto count = [&](double sign, std::size_t diode) {
        const double amplitude = root_oscillator + sign * re;
        return poisson((amplitude * amplitude + im * im) / 2,
                       random_bits(stream, symbols.element(2 * i + diode, 2 * modes) + b));
      };
      fields.re(i, b) = static_cast<float>(per_electron * (count(1, 0) - count(-1, 1)));
    }
  add_noise(fields.re, read, receiver_variance, Purpose::thermal_noise, symbols, scratch);
}

IntensityReceiver intensity_receiver(const PhotonicDesign& design) {
  if (design.detection != Detection::intensity)
    throw Error("intensity_receiver: the design's detection is homodyne; it must be intensity");
  const LinkBudget budget = link_budget(design);
  return {budget.detected_signal_photons, budget.dark_electrons, std::sqrt(budget.thermal_electrons_variance),
          budget.intensity_variance};
}

void detect_intensity(ConstFields<float> fields, Matrix power, const IntensityReceiver& receiver,
                      const Symbols& symbols) {
  const std::size_t modes = power.rows;
  if (fields.re.rows != modes || fields.im.rows != modes || fields.re.cols != power.cols ||
      fields.im.cols != power.cols)
    throw Error("detect_intensity: fields and readings differ in shape");
  const DrawStream counts = symbols.draw(Purpose::photon_count),
                   laser = symbols.draw(Purpose::laser_intensity),
                   amplifier = symbols.draw(Purpose::thermal_noise);
  const double intensity_sigma = std::sqrt(receiver.intensity_variance);
  for (std::size_t b = 0; b < power.cols; ++b) {
    // Power is never negative, whatever a normal draw says.
    const double bright =
        intensity_sigma > 0
            ? std::fmax(0.0,
                        1 + intensity_sigma * static_cast<double>(normal(laser, symbols.element(0, 1) + b)))
            : 1.0;
    for (std::size_t i = 0; i < modes; ++i) {
      const double re = fields.re(i, b), im = fields.im(i, b);
      double value = bright * (re * re + im * im);
      if (receiver.signal_photons > 0) {
        const std::uint64_t element = symbols.element(i, modes) + b;
        double electrons =
            poisson(receiver.signal_photons * value + receiver.dark_electrons, random_bits(counts, element)) -
            receiver.dark_electrons;
        if (receiver.receiver_electrons > 0)
          electrons += receiver.receiver_electrons * static_cast<double>(normal(amplifier, element));
        value = electrons / receiver.signal_photons;
      }
      power(i, b) = static_cast<float>(value);
    }
  }
}

}  // namespace fringe
