#include "workloads/optimiser.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {

double Optimiser::operations() const noexcept {
  // Adam: m takes 3, v takes 4, the two bias corrections 2, the step 5. Heavy ball: v takes 2, the step 2,
  // looking ahead 2 more. Decay takes 2. Clipping: 2 for the norm, 1 to scale.
  return (is_adam() ? 14.0 : 4.0) + (nesterov && !is_adam() ? 2.0 : 0.0) + (weight_decay > 0 ? 2.0 : 0.0) +
         (clip_norm > 0 ? 3.0 : 0.0);
}

double Optimiser::transfers() const noexcept {
  if (moved > 0) return moved;
  // Adam reads p, g, m, v and writes p, m, v; heavy ball reads p, g, v and writes p, v. The norm of all
  // gradients must be known before the first step, so clipping reads g once more.
  return (is_adam() ? 7.0 : 5.0) + (clip_norm > 0 ? 1.0 : 0.0);
}

void validate(const Optimiser& optimiser) {
  const auto require = [](bool ok, const char* key, float value, const char* rule) {
    if (!ok) throw Error(std::string(key) + " = " + std::to_string(value) + " must be " + rule);
  };
  const auto decay = [](float value) { return value >= 0 && value < 1; };  // false for NaN
  const auto not_negative = [](float value) { return std::isfinite(value) && value >= 0; };
  require(std::isfinite(optimiser.rate) && optimiser.rate > 0, "rate", optimiser.rate, "positive and finite");
  require(std::isfinite(optimiser.moved) && optimiser.moved >= 0, "moved",
          static_cast<float>(optimiser.moved), "finite and not negative");
  require(optimiser.issues >= 1, "issues", static_cast<float>(optimiser.issues), "at least 1");
  if (optimiser.is_adam()) {
    require(decay(optimiser.beta1), "beta1", optimiser.beta1, "in [0, 1)");
    require(decay(optimiser.beta2), "beta2", optimiser.beta2, "in [0, 1)");
    require(std::isfinite(optimiser.epsilon) && optimiser.epsilon > 0, "epsilon", optimiser.epsilon,
            "positive and finite");
    if (optimiser.nesterov) throw Error("nesterov = true belongs to sgd");
  } else {
    require(decay(optimiser.momentum), "momentum", optimiser.momentum, "in [0, 1)");
  }
  require(not_negative(optimiser.weight_decay), "weight_decay", optimiser.weight_decay,
          "finite and at least 0");
  require(optimiser.kind != Optimiser::Kind::adam || optimiser.weight_decay == 0, "weight_decay",
          optimiser.weight_decay, "0 with adam; adamw decays weights, sgd adds them to gradients");
  require(not_negative(optimiser.clip_norm), "clip_norm", optimiser.clip_norm,
          "finite and at least 0, where 0 doesn't clip");
}

}  // namespace fringe
