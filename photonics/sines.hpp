// Sines and cosines of many angles at once, in double.
#pragma once

#include <cstddef>

namespace fringe {

/// sine[i], cosine[i] of angle_rad[i], i < count; no two of them overlap. Absolute error below 2.5e-16 where
/// |angle| < 2²⁰ rad; the library's functions beyond. Equal bits on every processor.
void sines_cosines(const double* angle_rad, std::size_t count, double* sine, double* cosine) noexcept;

}  // namespace fringe
