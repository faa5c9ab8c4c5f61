// Devices that a photonic matrix engine is built from, one table per kind. Figures are those of the row's
// source; one that was computed from the source (a rise time from a bandwidth, joules from a voltage) says so
// in the source text. So does an area that is another device's or assumed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fringe {

struct PhaseShifter {
  std::string_view name;
  double pi_power_w;         ///< electrical power that holds a phase of π
  double insertion_loss_db;  ///< ≥ 0
  double length_m;           ///< along the light
  double rise_time_s;        ///< 10–90 %; where only a bandwidth is published, 0.35 / bandwidth (one pole)
  std::string_view source;
};

struct Splitter {
  std::string_view name;
  double splitting_sigma_rad;  ///< spread of the splitting angle about π/4 (power split ≈ ½ + angle error)
  double insertion_loss_db;
  double length_m;
  std::string_view source;
};

struct Waveguide {
  std::string_view name;
  double loss_db_per_m;
  double group_index;
  std::string_view source;
};

struct FibreCoupler {
  std::string_view name;
  double insertion_loss_db;  ///< fibre or laser to chip
  std::string_view source;
};

struct Modulator {
  std::string_view name;
  double bandwidth_hz;  ///< electro-optic, −3 dB
  double insertion_loss_db;
  double energy_per_symbol_j;  ///< drive energy of one full-scale symbol, a field of ±1
  double
      symbol_rate_hz;  ///< at which that holds: a terminated electrode burns power, so joules go with 1/rate
  double extinction_ratio_db;  ///< of power, > 0
  std::string_view source;
  double area_m2 = 0;  ///< on its chip; 0: not known
};

struct Laser {
  std::string_view name;
  double wall_plug_efficiency;  ///< optical watts over electrical watts, (0, 1)
  double wavelength_m;
  double rin_db_per_hz;  ///< relative intensity noise over the symbol rate, one-sided; −infinity: none
  double linewidth_hz;   ///< of the Lorentzian
  std::string_view source;
  double area_m2 = 0;  ///< on its chip; 0: not known
};

struct Photodiode {
  std::string_view name;
  double responsivity_a_per_w;
  double bandwidth_hz;
  double dark_current_a;
  std::string_view source;
  double area_m2 = 0;  ///< on its chip; 0: not known
};

struct Tia {
  std::string_view name;
  double input_noise_a_per_sqrt_hz;  ///< input-referred, averaged over the band
  double bandwidth_hz;
  double power_w;
  std::string_view source;
  double area_m2 = 0;  ///< on its chip; 0: not known
};

/// A DAC or an ADC.
struct Converter {
  enum class Kind { dac, adc };
  std::string_view name;
  Kind kind;
  double nominal_bits;
  double enob_bits;  ///< effective bits (SNDR_dB − 1.76) / 6.02; where a DAC's paper gives SFDR alone, of
                     ///< that: a bound
  double rate_hz;    ///< conversions per second
  double power_w;    ///< at that rate
  std::string_view source;
  double area_m2 = 0;  ///< on its chip; 0: not known
};

/// Digital logic beside the light: bias, activation, partial sums, decomposition. Arithmetic alone: operand
/// storage is the memory system's.
struct DigitalUnit {
  std::string_view name;
  double fp32_add_j;
  double fp32_multiply_j;
  double int32_add_j;
  double clock_hz;
  double operations_per_s;  ///< single-precision operations per second of the whole unit
  std::string_view source;
  double area_m2 = 0;  ///< of its arithmetic; 0: not known
};

/// One link between two chips of a system.
struct ChipLink {
  std::string_view name;
  double bytes_per_s;  ///< each way
  double j_per_bit;
  double latency_s;  ///< from chip to chip, besides the time of the bytes
  std::string_view source;
};

std::span<const PhaseShifter> phase_shifters() noexcept;
std::span<const Splitter> splitters() noexcept;
std::span<const Waveguide> waveguides() noexcept;
std::span<const FibreCoupler> fibre_couplers() noexcept;
std::span<const Modulator> modulators() noexcept;
std::span<const Laser> lasers() noexcept;
std::span<const Photodiode> photodiodes() noexcept;
std::span<const Tia> tias() noexcept;
std::span<const Converter> converters() noexcept;
std::span<const DigitalUnit> digital_units() noexcept;
std::span<const ChipLink> chip_links() noexcept;

/// The row of that name. Each throws Error, offering the nearest name.
const PhaseShifter& find_phase_shifter(std::string_view name);
const Splitter& find_splitter(std::string_view name);
const Waveguide& find_waveguide(std::string_view name);
const FibreCoupler& find_fibre_coupler(std::string_view name);
const Modulator& find_modulator(std::string_view name);
const Laser& find_laser(std::string_view name);
const Photodiode& find_photodiode(std::string_view name);
const Tia& find_tia(std::string_view name);
const Converter& find_converter(std::string_view name);
const DigitalUnit& find_digital_unit(std::string_view name);
const ChipLink& find_chip_link(std::string_view name);

/// One line of `fringe list devices`.
struct DeviceListing {
  std::string kind, name, summary;  ///< summary: the row's values with units
  std::string source;
};
std::vector<DeviceListing> list_devices();

}  // namespace fringe
