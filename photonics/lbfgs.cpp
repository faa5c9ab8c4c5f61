#include "photonics/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace fringe {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The function along a line.
struct Point {
  double step, value, slope;
};

class Search {
 public:
  Search(const Objective& objective, Vector start)
      : x(std::move(start)), gradient(x.size()), objective_(objective), from_(x.size()) {
    value = objective_(x, gradient);
  }

  /// Moves along `direction` to a point of the strong Wolfe conditions; false, and nowhere, where there is
  /// none.
  bool advance(const Vector& direction, double first_step) {
    const Vector start = x, start_gradient = gradient;
    const double start_value = value;
    from_ = start;
    const Point zero{0, value, dot(gradient, direction)};
    if (zero.slope < 0 && search(direction, zero, first_step)) return true;
    x = start;
    gradient = start_gradient;
    value = start_value;
    return false;
  }

  Vector x, gradient;
  double value = 0;
  unsigned evaluations = 1;

 private:
  static constexpr double armijo = 1e-4, curvature = 0.9;

  Point at(const Vector& direction, double step) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = from_[i] + step * direction[i];
    value = objective_(x, gradient);
    ++evaluations;
    return {step, value, dot(gradient, direction)};
  }

  bool search(const Vector& direction, const Point& zero, double step) {
    const auto too_high = [&](const Point& p) {
      return !(p.value <= zero.value + armijo * p.step * zero.slope);
    };
    const auto flat = [&](const Point& p) { return std::abs(p.slope) <= -curvature * zero.slope; };
    Point low = zero, high = zero;
    bool bracketed = false;
    for (int tries = 0; tries < 40; ++tries) {
      const Point p = at(direction, step);
      if (!bracketed) {
        if (too_high(p) || (tries > 0 && p.value >= low.value)) {
          high = p;
          bracketed = true;
        } else if (flat(p)) {
          return true;
        } else if (p.slope >= 0) {
          high = low;
          low = p;
          bracketed = true;
        } else {
          low = p;
          step *= 4;
          continue;
        }
      } else if (too_high(p) || p.value >= low.value) {
        high = p;
      } else {
        if (flat(p)) return true;
        if (p.slope * (high.step - low.step) >= 0) high = low;
        low = p;
      }
      const double width = high.step - low.step;
      // The parabola through both values and the slope at `low`, kept inside.
      const double bend = high.value - low.value - low.slope * width;
      double inside = bend > 0 && std::isfinite(bend) ? -low.slope * width / (2 * bend) : 0.5;
      inside = std::clamp(inside, 0.1, 0.9);
      step = low.step + inside * width;
      if (step == low.step) break;
    }
    if (!(low.step > 0)) return false;
    at(direction, low.step);  // lower than at the start, though not flat
    return true;
  }

  const Objective& objective_;
  Vector from_;
};

/// −H·g with the inverse Hessian that the pairs describe (algorithm 7.4).
class Memory {
 public:
  explicit Memory(std::size_t most) : most_(most) {}

  void add(Vector step, Vector change) {
    const double product = dot(step, change);
    if (!(product > 1e-16 * dot(change, change))) return;
    pairs_.push_back({std::move(step), std::move(change), product});
    if (pairs_.size() > most_) pairs_.pop_front();
  }

  void clear() { pairs_.clear(); }
  bool empty() const { return pairs_.empty(); }

  Vector direction(const Vector& gradient) const {
    Vector d = gradient, weights(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      weights[i] = dot(pairs_[i].step, d) / pairs_[i].product;
      for (std::size_t k = 0; k < d.size(); ++k) d[k] -= weights[i] * pairs_[i].change[k];
    }
    const double scale =
        pairs_.empty() ? 1 : pairs_.back().product / dot(pairs_.back().change, pairs_.back().change);
    for (double& x : d) x *= -scale;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const double back = dot(pairs_[i].change, d) / pairs_[i].product;
      for (std::size_t k = 0; k < d.size(); ++k) d[k] -= (weights[i] + back) * pairs_[i].step[k];
    }
    return d;
  }

 private:
  struct Pair {
    Vector step, change;
    double product;
  };
  std::size_t most_;
  std::deque<Pair> pairs_;
};

}  // namespace

LbfgsResult minimise(const Objective& objective, std::vector<double> start, const LbfgsOptions& options) {
  Search search(objective, std::move(start));
  Memory memory(options.memory);
  const auto largest = [](const Vector& g) {
    double most = 0;
    for (const double x : g) most = std::max(most, std::abs(x));
    return most;
  };
  constexpr unsigned stretch = 10;
  std::deque<double> recent{search.value};
  unsigned iteration = 0;
  while (iteration < options.iterations && largest(search.gradient) > options.gradient) {
    const Vector x = search.x, gradient = search.gradient;
    const double first = memory.empty() ? std::min(1.0, 0.1 / std::sqrt(dot(gradient, gradient))) : 1;
    if (!search.advance(memory.direction(gradient), first)) {
      if (memory.empty()) break;
      memory.clear();
      continue;
    }
    ++iteration;
    Vector step = search.x, change = search.gradient;
    for (std::size_t i = 0; i < x.size(); ++i) {
      step[i] -= x[i];
      change[i] -= gradient[i];
    }
    memory.add(std::move(step), std::move(change));
    recent.push_back(search.value);
    if (recent.size() > stretch) {
      if (recent.front() - search.value <= options.decrease * recent.front()) break;
      recent.pop_front();
    }
  }
  return {search.x, search.value, iteration, search.evaluations};
}

}  // namespace fringe
