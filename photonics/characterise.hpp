// What a chip is, from what it does: splitter and phase errors of every coupler fitted to readings at its
// outputs.
#pragma once

#include "photonics/measurement.hpp"

namespace fringe {

enum class ChipReading {
  fields,  ///< homodyne detection, one input lit at a time
  powers,  ///< photodiodes; inputs lit one at a time, and each together with the first
};

struct CharacterisationOptions {
  ChipReading reading = ChipReading::fields;
  unsigned programs = 12;    ///< random settings of all phases, ≥ 1
  unsigned iterations = 60;  ///< at most
  /// Start from the phases with which nulling (null_measured, with a search for the cross states) makes the
  /// chip do a random unitary: those differ from the design's by the static phase errors, up to what splitter
  /// errors move them. For triangular and rectangular meshes of any static phases.
  bool seek_phases = false;
  std::uint64_t seed = 0;  ///< of the random settings
  /// Thermal crosstalk of the expected kernel, whose strength is fitted too; null: none in the model.
  const CrosstalkMap* crosstalk = nullptr;
};

struct Characterisation {
  FabricatedMesh chip;       ///< α, β, γ and phase errors as fitted; all else as in `nominal`
  double crosstalk;          ///< fitted strength over that of options.crosstalk; 0 without it
  double misfit;             ///< rms of reading less model, per number read (inputs have unit power)
  std::size_t readings;      ///< numbers read
  std::size_t unknowns;      ///< parameters fitted
  std::size_t undetermined;  ///< combinations of them that leave every reading unchanged
  unsigned iterations;
};

/// Sets all phases to random programs, reads every port for each input, and fits a model of the whole chip
/// (whole-chip reconstruction as in Kuzmin et al., Opt. Express 29, 38429 (2021) and Bantysh et al., Opt.
/// Express 31, 16729 (2023)), by Levenberg and Marquardt's method with exact derivatives. Unlike sweeps of
/// one MZI after the other it needs no path to each of them, works for any layout and crossing type, and its
/// error falls with the square root of everything that was read. It starts from `nominal`, a chip without
/// splitter and phase errors but with the loss that the design expects; unknown loss shows in the misfit.
///
/// From fields everything that matters is determined, signs and order of α and β too; undetermined are only
/// phases of light that doesn't exist. From powers the phases behind the last couplers are not: all output
/// phases, which stay 0 (one homodyne reading per output sets them).
///
/// A local method: without seek_phases it finds chips whose static phase errors are below about 0.3 rad rms
/// (more programs reach further), beyond which the misfit tells that it failed. O(programs · N⁶) for
/// universal meshes. Throws Error where sizes disagree or an option is out of range.
Characterisation characterise(ChipUnderTest& chip, const FabricatedMesh& nominal,
                              const CharacterisationOptions& options = {});

}  // namespace fringe
