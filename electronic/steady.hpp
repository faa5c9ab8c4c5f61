// How often a piece of work is timed before its price is told.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace fringe {

struct Timing {
  double median_s = 0, spread_s = 0;  ///< spread: from the first to the third quartile
  bool steady = false;                ///< the warm-up's medians came to agree
};

inline Timing timing_of(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const std::size_t n = seconds.size();
  return {seconds[n / 2], seconds[n - 1 - n / 4] - seconds[n / 4]};
}

/// `round()` returns the seconds of each of one or more executions. Warm-up: rounds of at least `least_s`
/// until the medians of two successive ones agree within `within`, so that caches are filled and clocks have
/// settled, at most `most_s` altogether. Then a round whose median and quartiles are the result, of at least
/// 5 executions; `before_last` is called ahead of it, to read a counter of joules.
template <class Round, class Before>
Timing time_steadily(Round&& round, Before&& before_last, double least_s = 0.02, double most_s = 0.5,
                     double within = 0.02) {
  constexpr std::size_t fewest = 5;
  const auto sample = [&](double& total) {
    std::vector<double> seconds;
    double sum = 0;
    while (seconds.size() < fewest || sum < least_s)
      for (const double s : round()) {
        seconds.push_back(s);
        sum += s;
      }
    total += sum;
    return timing_of(std::move(seconds));
  };
  round();
  bool steady = false;
  double warm = 0;
  for (double last = 0; !steady && warm < most_s;) {
    const double now = sample(warm).median_s;
    steady = std::fabs(now - last) <= within * now;
    last = now;
  }
  before_last();
  Timing timing = sample(warm);
  timing.steady = steady;
  return timing;
}

}  // namespace fringe
