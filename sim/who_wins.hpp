// Light against electronics at equal accuracy: the answer below a comparison's table.
#pragma once

#include <string>

#include "sim/comparison.hpp"

namespace fringe {

/// What joules are compared at; both camps reach it: matrix unit, memory, digital unit.
constexpr Boundary compared = Boundary::accelerator;

/// Whether the hardware's joules are known and reach that boundary.
bool comparable(const HardwareResult& hardware, const CostFigure& figure);

/// Time and energy of one sample and of the best batch, each by the photonic and the electronic hardware that
/// takes least of all that are equal to floating point.
std::string who_wins(const Comparison& comparison);

}  // namespace fringe
