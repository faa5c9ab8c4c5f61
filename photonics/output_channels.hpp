// From light to a number: receiver, amplifier and ADC of each output of one core.
#pragma once

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

  /// fields.re of the first `read` modes become what the ADCs of range ±range (of intensity: 0 … range) give;
  /// other rows and fields.im are undefined afterwards.
  /// Without read_im(), fields.im is not looked at.
  void detect(Fields<float> fields, std::size_t read, float range, const Symbols& symbols,
              ReadingScratch& scratch) const;
  float gain(std::size_t channel) const noexcept { return curves_[channel].gain; }
  /// Whether a reading depends on the imaginary part of its field.
  bool read_im() const noexcept {
    return detection_ == Detection::intensity || effects_.phase_variance > 0 ||
           (effects_.shot_variance > 0 && effects_.oscillator_photons > 0);
  }

 private:
  void detect_power(Fields<float> fields, std::size_t read, const Symbols& symbols,
                    ReadingScratch& scratch) const;
  void add_laser_noise(Fields<float> fields, std::size_t read, const Symbols& symbols,
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
