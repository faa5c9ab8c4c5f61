// What every decomposition asks of its matrix.
#pragma once

#include "photonics/phase_program.hpp"

namespace fringe {

/// Throws Error where u isn't square, N < 2, or an element isn't finite.
void check_input(ConstComplexMatrix u);

/// Throws Error, naming both distances, where a decomposition of u left more than 1e-9·N (Frobenius).
void check_remainder(ConstComplexMatrix u, double remainder);

}  // namespace fringe
