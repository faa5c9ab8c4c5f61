// Minimising a smooth function of many variables from its value and gradient.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace fringe {

/// Value at x; writes the gradient there, of the same size.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct LbfgsOptions {
  unsigned iterations = 1000;  ///< at most
  unsigned memory = 20;        ///< pairs kept, ≥ 1
  double gradient = 1e-13;     ///< stop where no component of the gradient is larger
  double decrease = 1e-12;     ///< or where ten iterations lower the value by less than this share of it
};

struct LbfgsResult {
  std::vector<double> x;
  double value;
  unsigned iterations, evaluations;
};

/// Limited-memory BFGS with a line search for the strong Wolfe conditions (J. Nocedal and S. J. Wright,
/// Numerical Optimization, 2nd ed. (2006), algorithms 7.4, 7.5, 3.5 and 3.6). No randomness, one thread but
/// for the objective's own. Ends where rounding leaves no descent; never above the value at the start.
LbfgsResult minimise(const Objective& objective, std::vector<double> start, const LbfgsOptions& options = {});

}  // namespace fringe
