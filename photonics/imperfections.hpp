// What fabrication, drivers, heat, wavelength and time do to a mesh, and the list of the imperfections that
// are modelled. Not modelled: back-reflection, polarisation, errors of the attenuators beyond their
// resolution.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "photonics/drift.hpp"
#include "photonics/mesh_geometry.hpp"
#include "photonics/phase_drive.hpp"
#include "photonics/physical_mesh.hpp"
#include "photonics/thermal_crosstalk.hpp"
#include "photonics/wavelength.hpp"

namespace fringe {

/// Strengths for one mesh; the default is the ideal mesh.
struct MeshImperfections {
  double splitter_sigma_rad = 0;  ///< spread of α, β and γ of each coupler
  double phase_sigma_rad = 0;     ///< spread of the static error of every θ, φ and output phase
  int phase_bits = 0;             ///< resolution of every phase over drive.range_rad, 1 … 32; 0: unlimited
  double insertion_loss_db = 0;   ///< mean of each MZI
  double insertion_loss_sigma_db = 0;  ///< spread of it; a loss never falls below 0 dB

  /// Correlation of the errors of two splitters of one coupler, 0 … 1. Each error is √ρ of a part that the
  /// coupler's splitters share and √(1−ρ) of one of its own.
  double splitter_correlation = 0;
  /// Of the shared part over the chip (gaussian_field); 0: each coupler has its own; ∞: one for the chip.
  double splitter_correlation_length_m = 0;
  double arm_imbalance_sigma_db = 0;  ///< spread of the loss of upper over lower arm
  double waveguide_loss_db_per_m = 0;
  double crossing_loss_db = 0;  ///< of each waveguide crossing
  double crossing_leakage = 0;  ///< power that a crossing of a coupler leaks into the other mode, 0 … 1
  /// Columns in which a mode meets no coupler hold a dummy with a coupler's mean loss (no imperfection, but a
  /// choice of the layout, as for the balanced loss of Clements et al. 2016).
  bool balanced_edges = false;

  double detuning_m = 0;  ///< of the laser from dispersion.design_wavelength_m
  Dispersion dispersion = {};
  double temperature_shift_k = 0;     ///< of the chip since its phases were calibrated, any sign
  double path_imbalance_sigma_m = 0;  ///< spread of the path difference at each phase shifter

  PhaseDrive drive = {};
  ThermalCrosstalk crosstalk = {};
  PhaseDrift drift = {};  ///< acts where the caller lets time pass: DriftingPhases

  double dead_coupler_probability = 0, stuck_phase_probability = 0;
  MeshGeometry geometry = {};

  bool operator==(const MeshImperfections&) const = default;
};

/// dn/dT of silicon at 1550 nm and room temperature [1/K]: Komma et al., Appl. Phys. Lett. 101, 041905
/// (2012).
inline constexpr double silicon_index_per_k = 1.8e-4;

/// Throws Error naming the key and the rule where a strength is negative, not finite, or out of range.
void check(const MeshImperfections& imperfections);

/// Chip number `trial`, mesh number `site` of it, with everything about it that doesn't change. Draws depend
/// on (seed, trial, site, coupler) alone, so a mesh keeps its errors whatever is programmed and in whatever
/// order chips are made. A common change of temperature turns all modes alike and isn't seen; what is seen is
/// 2π/λ₀·dn/dT·ΔT times the path difference at each shifter. A crossing's leak is a turn of β by asin(√leak).
/// What acts on the program (drive, crosstalk, stuck phases) is chip_drivers.hpp's. Throws Error where
/// check() does.
FabricatedMesh fabricate(const MeshLayout& layout, const MeshImperfections& imperfections, std::uint64_t seed,
                         std::uint32_t trial, std::uint32_t site, const Crossing& crossing = mzi_crossing());

/// Extinction ratio [dB] of an interferometer of perfect splitters whose arms differ by a loss, and the
/// imbalance [dB] that limits it to a ratio: the fields 1 and r of the arms leave ((1−r)/(1+r))² of the
/// power.
double extinction_ratio_db(double arm_imbalance_db);
double arm_imbalance_db(double extinction_ratio_db);

/// One row per imperfection that the simulator knows; the figures are those of the device catalogue.
struct ImperfectionRow {
  /// Drawn once per chip or programming; anew for every symbol; wandering in time.
  enum class Kind { fixed, per_symbol, drifting };
  enum class Where { mesh, input, output };
  std::string_view name;
  Kind kind;
  Where where;
  double typical;
  std::string_view unit;
  std::string_view meaning;
  std::string_view source;  ///< of the typical strength
};
std::span<const ImperfectionRow> imperfections();
std::string_view to_string(ImperfectionRow::Kind kind) noexcept;
std::string_view to_string(ImperfectionRow::Where where) noexcept;

}  // namespace fringe
