#include "workloads/schedule.hpp"

#include <cmath>
#include <numbers>
#include <string>

#include "core/error.hpp"

namespace fringe {

double Schedule::share(std::size_t step, std::size_t steps, std::size_t steps_of_epoch) const {
  const auto number = [](std::size_t n) { return static_cast<double>(n); };
  if (step < warmup_steps) return number(step + 1) / number(warmup_steps);
  const double rest = number(steps - warmup_steps);  // > 0, as warmup_steps ≤ step < steps
  switch (kind) {
    case Kind::constant:
      return 1;
    case Kind::cosine:
      return 0.5 * (1.0 + std::cos(std::numbers::pi * number(step - warmup_steps) / rest));
    case Kind::linear:
      return 1 - number(step - warmup_steps) / rest;
    case Kind::step:
      return std::pow(factor, number(step / steps_of_epoch / every_epochs));
  }
  return 1;
}

void validate(const Schedule& schedule) {
  if (schedule.every_epochs == 0) throw Error("every_epochs = 0; must be at least 1");
  if (!(schedule.factor > 0 && schedule.factor <= 1))
    throw Error("factor = " + std::to_string(schedule.factor) + " must be above 0 and at most 1");
}

}  // namespace fringe
