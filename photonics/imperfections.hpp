// What fabrication and drivers do to a mesh, and the list of the imperfections that are modelled. Not
// modelled: laser intensity noise, thermal crosstalk, extinction of the modulators, drift, errors of the
// attenuators beyond their resolution. Loss stands on couplers alone, so a mode at the edge that skips a
// column loses nothing there.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "photonics/physical_mesh.hpp"

namespace fringe {

/// Strengths for one mesh; all zero is the ideal mesh.
struct MeshImperfections {
  double splitter_sigma_rad = 0;       ///< spread of α and β of each coupler, independent
  double phase_sigma_rad = 0;          ///< spread of the static error of every θ, φ and output phase
  int phase_bits = 0;                  ///< resolution of every phase over 2π, 1 … 32; 0: unlimited
  double insertion_loss_db = 0;        ///< mean of each MZI
  double insertion_loss_sigma_db = 0;  ///< spread of it; a loss never falls below 0 dB

  bool operator==(const MeshImperfections&) const = default;
};

/// Throws Error naming the key and the rule where a strength is negative, not finite, or out of range.
void check(const MeshImperfections& imperfections);

/// Chip number `trial`, mesh number `site` of it. Normal errors whose draws depend on (seed, trial, site,
/// coupler) alone, so a mesh keeps its errors whatever is programmed and in whatever order chips are made.
/// Throws Error where check() does.
FabricatedMesh fabricate(const MeshLayout& layout, const MeshImperfections& imperfections, std::uint64_t seed,
                         std::uint32_t trial, std::uint32_t site);

/// Every phase at the nearest multiple of 2π/2^bits, in [0, 2π); 0 bits leaves the program as it is.
/// Throws Error for bits outside 0 … 32.
PhaseProgram quantise(const PhaseProgram& program, int bits);

/// One row per imperfection that the simulator knows; the figures are those of the device catalogue.
struct ImperfectionRow {
  enum class Kind { fixed, per_symbol };  ///< drawn once per chip or programming; anew for every symbol
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
