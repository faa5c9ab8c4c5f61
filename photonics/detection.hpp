// What receivers read of fields: photon statistics of balanced homodyne and of intensity detection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/aligned_vector.hpp"
#include "core/draw.hpp"
#include "photonics/fields.hpp"
#include "photonics/photonic_design.hpp"

namespace fringe {

inline constexpr std::size_t most_positions = std::size_t{1} << 24;
[[noreturn]] void refuse_position(std::size_t position);

/// The draw of an operator at one of its positions, no two alike: the word of the site holds 12 bits of it
/// and 20 of the position; what exceeds them stands above the purpose, whose numbers are below 256. Throws
/// Error from most_positions on.
inline Draw at_position(Draw draw, std::size_t position) {
  if (position >= most_positions) [[unlikely]]
    refuse_position(position);
  const auto p = static_cast<std::uint32_t>(position);
  const std::uint32_t above = draw.site >> 12 | p >> 20 << 20;
  draw.purpose = static_cast<Purpose>(static_cast<std::uint32_t>(draw.purpose) | above << 8);
  draw.site = (draw.site & 0xfff) | p << 12;
  return draw;
}

/// Which symbols a block of samples is: noise belongs to seed, chip, operator, shot, sample and tile, so it
/// does not depend on how samples are batched.
struct Symbols {
  std::uint64_t seed = 0;
  std::uint32_t chip = 0, site = 0, shot = 0;
  std::uint64_t first_sample = 0;  ///< that of the block's first column
  std::size_t tiles = 1, tile = 0;
  std::size_t position = 0;  ///< of the sample's vectors in this operator: each has its own noise

  DrawStream draw(Purpose purpose) const {
    return stream_of(at_position({seed, purpose, chip, site, shot}, position));
  }
  /// Element of the draw for column 0 of channel `channel` out of `channels` of the tile; columns follow each
  /// other. Fewer than 2³² samples and channels of all tiles.
  std::uint64_t element(std::size_t channel, std::size_t channels) const {
    return ((static_cast<std::uint64_t>(tile) * channels + channel) << 32) + first_sample;
  }
};

/// Buffers of one worker; they grow to the widest block they meet.
class ReadingScratch {
 public:
  /// Elements of a draw, one per column of a block.
  std::span<const float> normals(std::size_t columns, const DrawStream& draw, std::uint64_t first) {
    if (normals_.size() < columns) normals_.resize(columns);
    fill_normal({normals_.data(), columns}, draw, first);
    return {normals_.data(), columns};
  }
  std::span<const double> uniforms(std::size_t columns, const DrawStream& draw, std::uint64_t first) {
    if (uniforms_.size() < columns) uniforms_.resize(columns);
    fill_uniform({uniforms_.data(), columns}, draw, first);
    return {uniforms_.data(), columns};
  }

  /// e^{iσ·normal}: cosines and sines.
  std::pair<std::span<const float>, std::span<const float>> phasors(float sigma, std::size_t columns,
                                                                    const DrawStream& draw,
                                                                    std::uint64_t first);

 private:
  AlignedVector<float> normals_, sines_;
  std::vector<double> uniforms_;
};

/// Normal noise of the given variance on the first `read` rows of x[modes×batch].
void add_noise(Matrix x, std::size_t read, double variance, Purpose purpose, const Symbols& symbols,
               ReadingScratch& scratch);

/// Above this many detected photons of the local oscillator a reading's shot noise is drawn as a normal. The
/// difference of the counts N₊, N₋ has variance V = N₊+N₋ ≥ N_LO and lies on whole numbers; its skewness is
/// at most 1/√V. A normal of the same variance misses its distribution function by ½·φ(0)/√V for the whole
/// numbers and φ(0)/(6·√V) for the skewness: 0.266/√V, at most 0.0011.
inline constexpr double normal_oscillator_photons = 65536;

/// A variance below this share of the noise that it joins is left out: the spread changes by less than what a
/// normal number is off by.
inline constexpr double inaudible_share = 0x1p-20;

/// Variance of a reading per |field|², where the local oscillator's photons are not unlimited.
float signal_share(double shot_variance, double oscillator_photons) noexcept;

/// Shot noise of balanced homodyne detection on the first `read` rows of fields.re, in units of full scale.
/// With N detected photons of the local oscillator and S = 1/(4·shot_variance) of a field of full scale the
/// two diodes count Poisson numbers of mean ½·|√N ± √S·a|², and (N₊ − N₋)/(2·√(N·S)) is read: Re a with
/// variance shot_variance·(1 + |a|²·S/N). oscillator_photons = 0: unlimited, variance shot_variance;
/// fields.im is then not looked at. Receiver noise of variance receiver_variance joins it: where both are
/// normal, one number is drawn for their sum.
void add_reading_noise(Fields<float> fields, std::size_t read, double shot_variance,
                       double oscillator_photons, double receiver_variance, const Symbols& symbols,
                       ReadingScratch& scratch);

/// A photodiode without a local oscillator.
struct IntensityReceiver {
  double signal_photons = 0;      ///< detected of a field of full scale; 0: unlimited, no shot noise
  double dark_electrons = 0;      ///< per symbol
  double receiver_electrons = 0;  ///< rms of the amplifier's noise per symbol
  double intensity_variance = 0;  ///< of the laser's relative power over a symbol
};
/// Of a design whose detection is intensity. Throws Error where link_budget() does, and for another design.
IntensityReceiver intensity_receiver(const PhotonicDesign& design);

/// power[modes×batch] = reading of |a|² for fields a in units of full scale: electrons are Poisson with mean
/// S·|a|²·(1+ε) + dark_electrons; the mean dark electrons are subtracted and the rest divided by S. Mean
/// |a|², variance (S·|a|² + dark + receiver²)/S² + |a|⁴·intensity_variance. ε is common to the modes of a
/// symbol. May be negative where amplifier or dark noise is. Throws Error on shape mismatch.
void detect_intensity(ConstFields<float> fields, Matrix power, const IntensityReceiver& receiver,
                      const Symbols& symbols);

}  // namespace fringe
