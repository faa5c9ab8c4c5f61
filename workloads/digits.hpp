// The embedded data set: 1797 handwritten digits of 8×8 pixels.
#pragma once

#include "workloads/dataset.hpp"

namespace fringe {

/// "Optical Recognition of Handwritten Digits", test part in file order: E.
/// Alpaydin, C. Kaynak, UCI Machine Learning Repository 1998, doi:10.24432/C50P49, CC BY 4.0. Pixels 0…16
/// scaled to [0, 1]. See workloads/data/optical_digits/ATTRIBUTION.md.
const Dataset& optical_digits();

}  // namespace fringe
