// Positive constants of least error, where the error has kinks and no derivative: the mean absolute errors
// that the models of training are fitted by.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace fringe {

/// A search along the logarithms of the constants from `start` (all positive), with steps of e^0.4 that are
/// halved down to e^0.003. Constants move alone and in pairs: along a kink a search by one at a time would
/// stop.
std::vector<double> least_error(std::vector<double> start,
                                const std::function<double(std::span<const double>)>& error);

}  // namespace fringe
