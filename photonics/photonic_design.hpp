// What a photonic system is built from: devices of the catalogue, how many, how fast, how bright.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "photonics/device_catalogue.hpp"
#include "photonics/imperfections.hpp"

namespace fringe {

/// A system of equal cores. A core is V mesh, line of attenuators, U mesh, each on `modes` modes (W =
/// U·Σ·Vᵀ), with one modulator per input and one balanced homodyne receiver per output; one laser feeds its
/// signals and its local oscillators. Rows are held by value: change a figure and noise, time and joules
/// follow.
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
};

/// Throws Error naming the field and the rule where a value is out of range, or where a modulator,
/// photodiode, TIA (bandwidth ≥ clock_hz / 2, Nyquist's limit) or converter (rate ≥ clock_hz) is too slow for
/// the clock.
void check(const PhotonicDesign& design);

/// What the devices of the design make of a mesh: the splitter's spread, phase bits and sigma, and per MZI
/// the loss of two splitters and two phase shifters.
MeshImperfections mesh_imperfections(const PhotonicDesign& design);

/// Columns of one mesh of the design.
std::size_t mesh_columns(const PhotonicDesign& design);

struct PhotonicPreset {
  std::string_view name;
  std::string_view description;
  PhotonicDesign design;
  std::string_view source;  ///< of the figures that are no device's own
};
std::span<const PhotonicPreset> photonic_presets();
/// Throws Error, offering the nearest name.
const PhotonicPreset& find_photonic_preset(std::string_view name);

}  // namespace fringe
