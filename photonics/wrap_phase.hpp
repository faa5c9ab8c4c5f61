// Phases live on a circle.
#pragma once

#include <cmath>

#include "core/units.hpp"

namespace fringe {

/// The same phase in [0, 2π).
inline double wrap_phase(double phase_rad) {
  const double wrapped = phase_rad - 2 * pi * std::floor(phase_rad / (2 * pi));
  return wrapped >= 0 && wrapped < 2 * pi ? wrapped : 0.0;
}

}  // namespace fringe
