// A comparison as text for a terminal and as JSON.
#pragma once

#include <string>

#include "sim/comparison.hpp"

namespace fringe {

/// The table and its summary, at most 118 columns wide.
std::string report_text(const Comparison& comparison);
/// Everything in the comparison; units in the names, NaN as null.
std::string report_json(const Comparison& comparison);

}  // namespace fringe
