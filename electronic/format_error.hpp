// How far a product in a number format is from the exact one: measured against FP64, bounded, and predicted.
#pragma once

#include "core/view.hpp"
#include "electronic/number_format.hpp"

namespace fringe {

struct FormatError {
  double relative;        ///< ‖ŷ − y‖_F/‖y‖_F against y = w·x in FP64
  double share_of_bound;  ///< largest |ŷ − y| over its bound; above 1 the hardware is wrong, not imprecise
};

/// Of y[rows×B], computed in the format from w[rows×cols] and x[cols×B], all in host memory.
///
/// Bound of an element, for operands rounded to nearest with relative error u and spacing s below the
/// smallest normal number (FP16), and float sums in any order, truncated or not (unit 2⁻²³):
///   E + (K + 2)·2⁻²³·(Σ|w·x| + E)  with  E = Σ|w·x|·(2u + u²) + s/2·Σ((1 + u)·(|w| + |x|) + s/2),  K terms
/// (N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1). TF32 may be truncated:
/// u = 2⁻¹⁰. INT8 has absolute errors of half a step of the row's and of the sample's scale instead, and
/// exact sums; FP8 both, its spacing in those scales. FP64 sums to 2⁻⁵² and is rounded once, to a float.
FormatError format_error(Format format, ConstMatrix w, ConstMatrix x, ConstMatrix y);

/// The relative error to expect where operands are independent standard normal numbers, for any K, while that
/// of the sums is far below it: rounding errors are uniform within a spacing of 2^(e−p), p stored bits of
/// mantissa, e the operand's exponent, so their mean square is v = Σ_e P(e)·4^(e−p)/12 and the error √(2v).
/// Formats with a mantissa below 23 bits; 0 for FP32 and FP64. INT8 and FP8 take their scale from the data
/// and have no such law: NaN.
double expected_format_error(Format format);

}  // namespace fringe
