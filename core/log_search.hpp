// Positive constants of least error, where the error has kinks and no derivative: the mean absolute errors
// that the models of boards and of training are fitted by.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace fringe {

/// A search along the logarithms of the constants from `start` (all positive), with steps of `first_step`
/// that are halved while they are larger than `last_step`. Constants move alone and in pairs: along a kink a
/// search by one at a time would stop.
std::vector<double> least_error(std::vector<double> start,
                                const std::function<double(std::span<const double>)>& error,
                                double first_step = 0.4, double last_step = 0.002);

}  // namespace fringe
