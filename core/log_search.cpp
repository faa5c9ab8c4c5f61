#include "core/log_search.hpp"

#include <cmath>

namespace fringe {

std::vector<double> least_error(std::vector<double> best,
                                const std::function<double(std::span<const double>)>& error,
                                double first_step, double last_step) {
  double least = error(best);
  const auto try_with = [&](std::size_t i, double a, std::size_t k, double b) {
    std::vector<double> tried = best;
    tried[i] *= std::exp(a);
    if (k != i) tried[k] *= std::exp(b);
    const double found = error(tried);
    if (!(found < least)) return false;
    least = found, best = tried;
    return true;
  };
  constexpr int sweeps = 20;
  for (double step = first_step; step > last_step; step /= 2) {
    bool better = true;
    for (int sweep = 0; better && sweep < sweeps; ++sweep) {
      better = false;
      for (std::size_t i = 0; i < best.size(); ++i)
        for (std::size_t k = i; k < best.size(); ++k)
          for (const double a : {step, -step})
            for (const double b : {step, -step}) {
              better |= try_with(i, a, k, b);
              if (k == i) break;
            }
    }
  }
  return best;
}

}  // namespace fringe
