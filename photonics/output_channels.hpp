// From light to a number: receiver, amplifier and ADC of each output of one core.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "photonics/converters.hpp"
#include "photonics/detection.hpp"
#include "photonics/fields.hpp"
#include "photonics/photonic_effects.hpp"

namespace fringe {

/// Laser noise is common to all outputs of a symbol. Signal and local oscillator come from one laser and both
/// go with the root of its power, so that a reading is multiplied by 1 + ε: the local oscillator's own
/// intensity, N·ε, cancels in the difference as far as the receiver is balanced. A combiner of splitting
/// angle π/4 + α leaves 2·α·N of it (its mean is an offset, subtracted): a reading is off by α_i·√(N/S)·ε.
/// Phase noise turns the fields: Re(a·e^{iψ}), variance of ψ = 2π·linewidth·delay between the two paths (C.
/// H. Henry, IEEE J. Quantum Electron. 18, 259 (1982)).
///
/// Noises far below others of the same reading are left out (inaudible_share).
///
/// A receiver holds r of the reading before, as a modulator does (input_channels.hpp), uniform over the ADC's
/// range.
///
/// Receivers of intensity read |a|² (detect_intensity(), with S = 1/shot_variance; without shot noise,
/// amplifier and dark current are one normal). Their ADC's range is 0 … range, with all its levels on it;
/// what curves and clips is the power, before anyone takes its root.
class OutputChannels {
 public:
  OutputChannels(const PhotonicEffects& effects, std::size_t modes, std::uint64_t seed, std::uint32_t chip,
                 std::uint32_t core, Detection detection = Detection::homodyne);

  /// out = in, turned by the phase between signal and local oscillator of each symbol: ahead of a core as
  /// well as behind it, for the core is linear. Imaginary parts of mode k count signs[k] times where there
  /// are signs; in.im may be null; `in` may be `out`.
  void turn(ConstFields<float> in, std::span<const float> signs, Fields<float> out, const Symbols& symbols,
            ReadingScratch& scratch) const;
  bool turns() const noexcept { return effects_.phase_variance > 0 && detection_ == Detection::homodyne; }
  /// fields.re, turned, of the first `read` modes become what the ADCs of range ±range (of intensity: 0 …
  /// range) give; other rows and fields.im are undefined afterwards. No field is larger than `largest`.
  /// Without read_im(largest), fields.im is not looked at.
  void detect(Fields<float> fields, std::size_t read, float range, float largest, const Symbols& symbols,
              ReadingScratch& scratch) const;
  /// All of detect() where nothing acts but the laser's intensity, one normal per reading and the ADC's
  /// steps.
  struct PlainReading {
    float noise_sigma, noise_variance;
    float signal_share;  ///< of |field|², which adds to the variance; 0: its part is inaudible
    Purpose noise;       ///< elements as symbols.element(output, outputs)
    Quantiser adc;
  };
  /// Empty where more acts.
  std::optional<PlainReading> plain_reading(float range, float largest) const;
  /// ε of each sample; false where there is none. Readings become (1 + ε)·reading + leak()[output]·ε.
  bool intensity(const Symbols& symbols, ReadingScratch& scratch, std::span<float> epsilon) const;
  std::span<const float> leak() const noexcept { return leak_; }
  float gain(std::size_t channel) const noexcept { return curves_[channel].gain; }
  /// Whether a reading depends on the imaginary part of its field, which is at most `largest`: shot noise of
  /// the signal itself may be inaudible beside the local oscillator's and the receiver's.
  bool read_im(float largest) const noexcept;

  // What else reads outputs as detect() does (cuda/readout.hpp).
  const PhotonicEffects& effects() const noexcept { return effects_; }
  Detection detection() const noexcept { return detection_; }
  double bits() const noexcept { return bits_; }
  std::span<const StaticCurve> curves() const noexcept { return curves_; }
  std::span<const float> leaks() const noexcept { return leak_; }
  /// Width of the uniform number that a receiver holds of the reading before; 0: none, or inaudible.
  float memory_width(float range) const noexcept;

 private:
  void detect_power(Fields<float> fields, std::size_t read, const Symbols& symbols,
                    ReadingScratch& scratch) const;
  void add_laser_noise(Fields<float> fields, std::size_t read, bool both, const Symbols& symbols,
                       ReadingScratch& scratch) const;
  void add_memory(Matrix readings, std::size_t read, float range, const Symbols& symbols,
                  ReadingScratch& scratch) const;

  PhotonicEffects effects_;
  Detection detection_;
  double bits_;  ///< effective, jitter included; 0: unlimited
  std::vector<StaticCurve> curves_;
  std::vector<float> leak_;  ///< reading per unit of the laser's relative power
};

}  // namespace fringe
