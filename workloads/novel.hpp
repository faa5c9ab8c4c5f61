// The embedded text.
#pragma once

#include <string_view>

namespace fringe {

/// Jane Austen, "Northanger Abbey": 432,092 bytes of ASCII, 74 distinct
/// (data/northanger_abbey/ATTRIBUTION.md).
std::string_view northanger_abbey();

}  // namespace fringe
