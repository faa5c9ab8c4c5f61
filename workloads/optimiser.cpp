#include "workloads/optimiser.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {

double Optimiser::operations() const noexcept {
  // Adam: m takes 3, v takes 4, the two bias corrections 2, the step 5. Heavy ball: v takes 2, the step 2.
  return kind == Kind::adam ? 14.0 : 4.0;
}

double Optimiser::transfers() const noexcept {
  if (moved > 0) return moved;
  // Adam reads p, g, m, v and writes p, m, v; heavy ball reads p, g, v and writes p, v.
  return kind == Kind::adam ? 7.0 : 5.0;
}

void validate(const Optimiser& optimiser) {
  const auto require = [](bool ok, const char* key, float value, const char* rule) {
    if (!ok) throw Error(std::string(key) + " = " + std::to_string(value) + " must be " + rule);
  };
  const auto decay = [](float value) { return value >= 0 && value < 1; };  // false for NaN
  require(std::isfinite(optimiser.rate) && optimiser.rate > 0, "rate", optimiser.rate, "positive and finite");
  require(std::isfinite(optimiser.moved) && optimiser.moved >= 0, "moved",
          static_cast<float>(optimiser.moved), "finite and not negative");
  require(optimiser.issues >= 1, "issues", static_cast<float>(optimiser.issues), "at least 1");
  if (optimiser.kind == Optimiser::Kind::sgd) {
    require(decay(optimiser.momentum), "momentum", optimiser.momentum, "in [0, 1)");
  } else {
    require(decay(optimiser.beta1), "beta1", optimiser.beta1, "in [0, 1)");
    require(decay(optimiser.beta2), "beta2", optimiser.beta2, "in [0, 1)");
    require(std::isfinite(optimiser.epsilon) && optimiser.epsilon > 0, "epsilon", optimiser.epsilon,
            "positive and finite");
  }
}

}  // namespace fringe
