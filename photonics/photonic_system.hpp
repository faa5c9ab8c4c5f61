// Whole photonic accelerators as time, power and area see them: cores of one size at one clock, and devices
// that draw power for as long as the system is on. Meshes that fringe simulates and cores that it doesn't
// (crossbars of intensities, rings, homodyne arrays) stand side by side here; PhotonicPricing adds up its
// watts and square metres by the same list, and runs both.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cost.hpp"

namespace fringe {

/// What multiplies in a core.
enum class Multiplier { mzi_mesh, intensity_crossbar, ring_weights, homodyne_array };
struct MultiplierRow {
  std::string_view name, meaning;
};
const MultiplierRow& row_of(Multiplier multiplier) noexcept;

/// Equal devices.
struct PoweredDevice {
  Part part;
  std::string name;
  double count;
  double watts;        ///< of one
  std::string source;  ///< of its power, count and area; "" where the system's says it
  double area_m2 = 0;  ///< of one, on its chip; 0: not known
};

/// Static watts and area by part, in the order of the list. Provenance: modelled.
Cost power_of(std::span<const PoweredDevice> devices) noexcept;
/// The same, summed over all boundaries.
double watts_of(std::span<const PoweredDevice> devices) noexcept;
double area_of(std::span<const PoweredDevice> devices) noexcept;

/// What a run takes besides what is announced.
struct SystemRun {
  double clock_hz;   ///< the published one, or an assumption
  double program_s;  ///< from new weights to light, with all weights of a core at once
  int weight_bits = 8, input_bits = 8, output_bits = 8;  ///< with sign, of codes (number_system.hpp)
  double gain = 1;                                       ///< before the converter, ≥ 1
  double power_w = 0;  ///< electrical power of the whole: published_w, or an assumption; 0: the devices alone
  /// power_w contains the digital unit and the memory on its chips, whose joules aren't charged again; memory
  /// beside them is.
  bool whole = false;
  std::string assumed;  ///< which of these are assumptions, and why; "" where all are published
};

struct PhotonicSystem {
  std::string name, description;
  Multiplier multiplier;
  std::size_t rows, inner;  ///< of the matrix W[rows×inner] that one core multiplies by
  std::size_t cores;
  std::size_t wavelengths;  ///< vectors that pass a core at once; 1 where colours carry the numbers of one
  double clock_hz;          ///< vectors a second of one wavelength; 0: not in the sources at hand
  std::vector<PoweredDevice> devices;  ///< as far as the sources break the power down
  double published_w;   ///< electrical power of the whole as its source has it; 0: not in the sources at hand
  std::string missing;  ///< whose power is not broken down and so not in `devices`; "" where nothing is
  std::string source;
  SystemRun run;

  double macs_per_symbol() const noexcept { return static_cast<double>(rows * inner * cores * wavelengths); }
  /// Operations a second, two for a multiply-accumulate, with every core at work; 0 where the clock is 0.
  double peak_per_s() const noexcept { return 2 * macs_per_symbol() * clock_hz; }
};

/// Accelerators as published or announced. A figure that sources at hand don't give is absent, never guessed;
/// `run` alone holds assumptions, and says so.
std::span<const PhotonicSystem> photonic_systems();
/// Throws Error, offering the nearest name.
const PhotonicSystem& find_photonic_system(std::string_view name);

/// Albireo's three forecasts of its devices (Shiflett et al., ISCA 2021).
enum class AlbireoForecast { conservative, moderate, aggressive };
PhotonicSystem albireo(AlbireoForecast forecast);

/// The mesh of `modes` modes whose energy Pai et al. (Science 380, 398 (2023), supplement 2.7) estimate at 8
/// bits and 1 GHz, multiplying by a complex matrix, read in both quadratures. Segmented: inputs are phase
/// shifters in binary segments, without converters. An operation is a real one, two for each pair of an input
/// and an output.
PhotonicSystem in_situ_mesh(std::size_t modes, bool segmented);

}  // namespace fringe
