// What an optimiser works on: spans of parameters in executor memory, each with its gradient and the
// optimiser's state.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/tensor.hpp"
#include "workloads/optimiser.hpp"

namespace fringe {

/// What an optimiser remembers of its steps, in host memory; one vector per span of parameters.
struct OptimiserState {
  Optimiser::Kind kind = Optimiser::Kind::adam;
  int steps = 0;                           ///< 0: none yet, and both lists are empty
  std::vector<std::vector<float>> first;   ///< m of Adam, v of the heavy ball
  std::vector<std::vector<float>> second;  ///< v of Adam, else empty
  bool operator==(const OptimiserState&) const = default;
};

class ParameterSet {
 public:
  explicit ParameterSet(Executor& executor) : executor_(&executor) {}
  /// Clears the gradients. `decays`: whether Optimiser::weight_decay acts on them.
  void add(std::span<float> values, std::span<float> gradients, bool decays);
  std::size_t size() const noexcept { return trained_.size(); }
  /// One step with the gradients, which it clears. Changing the optimiser's kind midway restarts its state.
  /// loss_scale > 0: the gradients are those of loss_scale times the loss; where one isn't finite, nothing
  /// but clearing happens, and the answer is false.
  bool step(const Optimiser& optimiser, float rate, float loss_scale = 0);

  std::vector<std::vector<float>> values() const;
  OptimiserState state() const;
  /// Throws Error where sizes are not those of this set; nothing is changed then.
  void restore(const std::vector<std::vector<float>>& values, const OptimiserState& state);

 private:
  struct Trained {
    std::span<float> values, gradients;
    bool decays;
    Buffer<float> first, second;
  };
  double gradient_norm() const;

  Executor* executor_;
  std::vector<Trained> trained_;
  Optimiser::Kind kind_ = Optimiser::Kind::adam;
  int steps_ = 0;
};

}  // namespace fringe
