// What an optimiser works on: spans of parameters in executor memory, each with its gradient and the
// optimiser's state.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/tensor.hpp"
#include "workloads/optimiser.hpp"

namespace fringe {

class ParameterSet {
 public:
  explicit ParameterSet(Executor& executor) : executor_(&executor) {}
  /// Clears the gradients.
  void add(std::span<float> values, std::span<float> gradients);
  std::size_t size() const noexcept { return trained_.size(); }
  /// One step with the gradients, which it clears. Changing the optimiser's kind midway restarts its state.
  void step(const Optimiser& optimiser, float rate);

 private:
  struct Trained {
    std::span<float> values, gradients;
    Buffer<float> first, second;
  };
  Executor* executor_;
  std::vector<Trained> trained_;
  Optimiser::Kind kind_ = Optimiser::Kind::adam;
  int steps_ = 0;
};

}  // namespace fringe
