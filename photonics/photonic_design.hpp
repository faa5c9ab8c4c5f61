// What a photonic system is built from: devices of the catalogue, how many, how fast, how bright.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "photonics/core_kind.hpp"
#include "photonics/device_catalogue.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/photonic_system.hpp"

namespace fringe {

/// How a modulator is driven (input_channels.hpp). Linear is an idealisation; sine is what a Mach–Zehnder
/// modulator does with a voltage proportional to the input; predistorted asks for the voltage that makes the
/// field proportional.
enum class ModulatorDrive { linear, sine, predistorted };
/// Throws Error, offering the nearest name.
ModulatorDrive find_modulator_drive(std::string_view name);

/// Where products of two activations run: on the digital unit, or on cores that take new phases for each.
enum class ActivationProducts { digital, reprogrammed };
/// Throws Error, offering the nearest name.
ActivationProducts find_activation_products(std::string_view name);

/// A system of equal cores. A core is one mesh of `modes` modes, or two with attenuators between them
/// (CoreKind), with one modulator per input and one balanced homodyne receiver (or one photodiode, see
/// Detection) per output; one laser feeds its signals and its local oscillators. Rows are held by value:
/// change a figure and noise, time and joules follow.
struct PhotonicDesign {
  std::string topology;
  std::size_t modes;               ///< n ≥ 2 of each mesh
  std::size_t cores;               ///< ≥ 1
  double clock_hz;                 ///< symbols per second
  double laser_power_w;            ///< optical, per core, at the laser's output
  double local_oscillator_share;   ///< of the laser's light, in (0, 1); the rest is signal
  int phase_bits;                  ///< of every phase over 2π, 1 … phase_dac.nominal_bits
  double insertion_loss_sigma_db;  ///< spread of the loss of an MZI over a mesh
  double phase_sigma_rad;          ///< static error of every phase that remains after calibration
  double routing_per_column_m;     ///< waveguide per mesh column besides splitters and shifters
  double access_length_m;          ///< waveguide before, between and behind the meshes together
  PhaseShifter phase_shifter;
  Splitter splitter;
  Waveguide waveguide;
  FibreCoupler fibre_coupler;
  Modulator modulator;
  Laser laser;
  Photodiode photodiode;
  Tia tia;
  Converter input_dac;
  Converter output_adc;
  Converter phase_dac;  ///< one slow channel per phase shifter
  DigitalUnit digital;
  std::string core = "svd";                   ///< what it makes of its meshes
  std::string crossing = "mzi";               ///< what stands where two modes meet
  Detection detection = Detection::homodyne;  ///< intensity has a local_oscillator_share of 0
  /// What the meshes suffer beyond what the devices bring; the figures that devices bring stay 0.
  MeshImperfections mesh = {};
  ModulatorDrive modulator_drive = ModulatorDrive::linear;
  double modulation_depth = 1;    ///< of the modulator's full swing, (0, 1]; a linear drive has 1
  double oscillator_delay_m = 0;  ///< waveguide that delays the local oscillator, which passes no mesh
  // Errors of converters beyond their ENOB, whose measurement usually includes non-linearity and jitter, and
  // of gains after calibration.
  double dac_inl_lsb = 0;        ///< largest integral non-linearity, in steps of the DAC's nominal bits
  double adc_inl_lsb = 0;        ///< likewise of the ADC
  double input_gain_sigma = 0;   ///< relative spread over the input channels, at most 0.15
  double output_gain_sigma = 0;  ///< likewise over the output channels
  double sampling_jitter_s = 0;  ///< rms of the ADC's sampling instant
  ActivationProducts activations = ActivationProducts::digital;
  std::size_t chips = 1;    ///< 1 … cores; they are dealt out to chips in order
  ChipLink chip_link = {};  ///< from each further chip to the first, which has memory and digital unit
  /// A published system instead of meshes: its cores, its clock and its list of devices give time, joules and
  /// area; it computes in codes (NumberSystem), since what its light suffers isn't published. Of the design
  /// then count cores, clock_hz, digital, chips and their link, and `modes`, the terms of a dot product.
  std::optional<PhotonicSystem> published = {};
};

/// Throws Error naming the field and the rule where a value is out of range, or where a modulator,
/// photodiode, TIA (bandwidth ≥ clock_hz / 2, Nyquist's limit) or converter (rate ≥ clock_hz) is too slow for
/// the clock.
void check(const PhotonicDesign& design);

/// What the devices of the design make of a mesh: the splitter's spread, phase bits and sigma, and per MZI
/// the loss of the splitters and phase shifters that light passes. All else is as in design.mesh.
MeshImperfections mesh_imperfections(const PhotonicDesign& design);

/// Columns of one mesh of the design.
std::size_t mesh_columns(const PhotonicDesign& design);

/// The published system as a design: assumptions for what isn't announced (SystemRun), a digital unit of the
/// catalogue.
PhotonicDesign design_of(const PhotonicSystem& system);

struct PhotonicPreset {
  std::string_view name;
  std::string_view description;
  PhotonicDesign design;
  std::string_view source;  ///< of the figures that are no device's own
};
/// Meshes that are simulated.
std::span<const PhotonicPreset> photonic_presets();
/// Published systems, a preset of the same name for each of photonic_systems().
std::span<const PhotonicPreset> published_presets();
/// Of both. Throws Error, offering the nearest name.
const PhotonicPreset& find_photonic_preset(std::string_view name);

}  // namespace fringe
