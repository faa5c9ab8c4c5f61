// What a chip is, one coupler after the other: its phases are swept, photodiodes see fringes, and the fringes
// tell its errors.
#pragma once

#include "photonics/measurement.hpp"

namespace fringe {

struct PowerSweepOptions {
  unsigned points = 8;  ///< K readings of each sweep over 2π, ≥ 4: harmonics of a sine's noise average out
  /// Thermal crosstalk of the expected kernel, whose strength is found too; null: none in the model.
  const CrosstalkMap* crosstalk = nullptr;
  unsigned replays = 100;  ///< at most
};

struct PowerSweeps {
  FabricatedMesh chip;  ///< α, β, θ and φ errors as found; output phases 0, all else as in `nominal`
  double crosstalk;     ///< strength over that of options.crosstalk; 1 where no sweep feels it, 0 without it
  double misfit;        ///< rms of reading less model, per power read (inputs have unit power)
  unsigned replays;     ///< of the sweeps on the model
  double last_change;   ///< of any parameter in the last replay [rad]
};

/// All couplers stand in the cross state (seek_cross_states(), whatever the static phases), so that light
/// from each input follows one line, and two lines i and j enter coupler k. Of each coupler are read
///  - with line i lit, a sweep of θ: P = p + q·cos(θ + δθ) at the ends of both lines gives δθ;
///  - with lines i and j lit alike, sweeps of φ at three θ, a third of a turn apart. The fringe over φ is
///      F(θ) ∝ e^{i(φ₀)}·(cos 2β·sin θ + i·(cos 2α·sin 2β + cos 2β·sin 2α·cos θ))
///    for any power of the two lines and any loss behind, so that its parts along 1, cos θ and sin θ give
///    sin 2α, tan 2β and φ₀, which is δφ and the phases of both lines up to there;
///  - with options.crosstalk, the sweep of θ again, all phases that its light doesn't meet half a turn on.
/// Light leaves a line where a cross state is incomplete, (α+β)² of the power, and what finds back interferes
/// with the fringe: an error of order σ²√N in what a fringe shows. It is removed without any further
/// reading: the same sweeps are played on the model that was found, and what its fringes show too much or too
/// little is taken off the model, until nothing changes (a factor of about σ√N per replay).
///
/// What photodiodes determine: extinctions of the θ sweep alone would give |α+β| and |α−β|, no sign. Two
/// inputs lit together with known phases, as a matrix engine has them, give α and β with their signs, each
/// δθ, each δφ, and the strength of crosstalk. Phases behind the last couplers are not seen: output phases.
/// Loss that both modes share needn't be known. Unequal loss of a coupler's arms isn't modelled; it shows in
/// the misfit, as does a chip whose cross states weren't found.
///
/// Errors from shot noise, for n photons per reading and light that isn't lost (K points): δθ √(2/(Kn)); φ₀
/// √(4/(3Kn)); α √(1/(3Kn)); β √(1/(6Kn)). δφ adds those of the lines' phases.
/// Readings: 3 + 4K per coupler, K more with crosstalk; as many settles, as each reading is another setting.
/// One chip at a time and one coupler at a time; couplers of one column could be swept together.
///
/// After the sweeps of single interferometers along diagonals of a mesh (Alexiev et al., OSA Continuum 4,
/// 2892 (2021); Safaee et al., Opt. Express 33, 36182 (2025)); the closed form in θ and φ and the replays are
/// this file's own derivation. Any layout of which all-cross states send each input to an output and two
/// lit lines to each coupler: triangular, rectangular, truncated, butterfly. Crossings of two splitters.
/// Throws Error otherwise, where sizes disagree, and where an option is out of range.
PowerSweeps sweep_powers(ChipUnderTest& chip, const FabricatedMesh& nominal,
                         const PowerSweepOptions& options = {});

}  // namespace fringe
