// From a number to light: DAC, driver and modulator of each input of one core.
#pragma once

#include <span>
#include <vector>

#include "photonics/converters.hpp"
#include "photonics/detection.hpp"
#include "photonics/fields.hpp"
#include "photonics/photonic_effects.hpp"

namespace fringe {

/// A Mach–Zehnder modulator driven push-pull about its null with v of its full swing has the field
/// sin(π·v/2) (field, not power: A. Yariv and P. Yeh, Photonics, 6th ed., ch. 9). With a depth d it is driven
/// with d·v; fields are in units of the largest, sin(π·d/2), which the link budget pays for. A predistorted
/// drive asks the DAC for v = 2/(π·d)·asin(x·sin(π·d/2)): fields are linear in x again, and the DAC's steps
/// are finer at full scale than at 0.
///
/// Arms that split power unequally leave light at the null: [(1+κ)·e^{iφ} − (1−κ)·e^{−iφ}]/2 = i·(sin φ −
/// i·κ·cos φ), extinction ratio 1/κ². So the stray field κ·cos φ is in quadrature with the signal; its sign
/// is drawn for each modulator. Inputs that no matrix uses leak too.
///
/// A modulator of bandwidth f reaches 1 − r of a new symbol, r = e^(−2π·f/clock), and holds r of the symbol
/// before. What that was depends on the stream, which a batch does not tell: it is drawn anew for each
/// symbol, uniform over full scale. With r/(1−r) = memory the field is x + memory·previous; 1 − r stands in
/// the link budget.
class InputChannels {
 public:
  /// Channels of core number `core` of a chip; their errors are fabricated.
  InputChannels(const PhotonicEffects& effects, std::size_t modes, std::uint64_t seed, std::uint32_t chip,
                std::uint32_t core);

  /// Whether anything stands between what the DAC puts out and the field: if not, they are equal.
  bool act() const noexcept { return act_; }
  /// What DACs are asked for, given the fields wanted; |x| ≤ 1.
  static void predistort(std::span<float> x, const PhotonicEffects& effects) noexcept;
  /// Fields for what the DACs put out, driven[modes×batch], without memory.
  void send(ConstMatrix driven, Fields<float> out) const noexcept;
  /// Whether channels of all cores send the same, but for the signs of what leaks at the null.
  bool alike() const noexcept { return alike_; }
  bool remembers() const noexcept { return memory_ != 0; }
  /// Whether fields have an imaginary part.
  bool leaks() const noexcept { return leaks_; }
  /// send() with all signs +1; the channels' are signs().
  void send_unsigned(ConstMatrix driven, Fields<float> out) const noexcept;
  std::span<const float> signs() const noexcept { return signs_; }
  /// Adds what the modulators hold of the symbol before.
  void add_memory(Matrix re, const Symbols& symbols, ReadingScratch& scratch) const;
  /// g[modes×batch] times d(field)/d(x): the channel's gain and, for a sine, its slope. Straight through
  /// converters and their curves (Bengio et al., arXiv:1308.3432).
  void scale_adjoint(ConstMatrix driven, Matrix g) const noexcept;
  /// Of small signals.
  float gain(std::size_t channel) const noexcept { return curves_[channel].gain; }

 private:
  ModulatorDrive drive_;
  float swing_;  ///< π·d/2
  float peak_;   ///< sin(π·d/2)
  float memory_;
  bool act_, leaks_, alike_;
  std::vector<StaticCurve> curves_;
  float imbalance_;  ///< κ
  std::vector<float> signs_;
};

}  // namespace fringe
