// What the literature expects of the error of a mesh whose chips are off a little, beside which a Monte Carlo
// can stand.
#pragma once

#include <limits>
#include <string>

#include "photonics/imperfections.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {

struct ErrorLaw {
  double error =
      std::numeric_limits<double>::quiet_NaN();  ///< rms of E over chips and targets; NaN: there is no law
  std::string why_not;  ///< why there is none, or why the case lies outside its range; else empty
};

/// Small independent errors add in squares: every splitter that light passes turns it by its error, every
/// phase by its own, and rounding to b bits is an error of 2π/(√12·2ᵇ). Where light meets c couplers and p
/// phases on average (rectangular and triangular meshes: N−1 and N), E² = 2cσ² + pσ_p² + p·(1.814/2ᵇ)²; 3cσ²
/// with three splitters a coupler, and a push–pull θ counts half. Sources: rows splitter-errors, phase-errors
/// and phase-bits of the validation gallery.
///
/// In its range (E ≤ 0.5, step of a phase ≤ 1/(2√N), and E above what a Monte Carlo in single precision can
/// tell, 24·2⁻²⁴·√columns) the terms left out are less than 1/16 of E; all chips of one program round alike,
/// so that of few modes one target is far from the mean of rounding. There is no law for correlated
/// splitters, loss, dark modes, and for the rounding of phases that are no random ones: of targets other than
/// Haar-random ones (`random_target`) or in spare couplers.
ErrorLaw error_law(const MeshLayout& layout, const Crossing& crossing, const MeshImperfections& imperfections,
                   bool random_target);

}  // namespace fringe
