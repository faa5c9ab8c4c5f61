// Which buffer holds which value: values that nobody needs any more give their memory to later ones.
#pragma once

#include <cstddef>
#include <vector>

#include "workloads/kernels.hpp"

namespace fringe {

struct ValuePlan {
  std::vector<int> slot;           ///< of each node; −1: the input, which the caller holds
  std::vector<std::size_t> sizes;  ///< numbers per sample of each slot
};

/// Values of a forward pass. Without training a slot is free behind the last reader; with training all stay,
/// but for those that an operator overwrites in place and nobody's pass back reads.
ValuePlan plan_values(const Graph& graph, std::span<const OperatorKernel> kernels, bool training);
/// Gradients of the values, made by the readers of a value, used up by its own pass back.
ValuePlan plan_gradients(const Graph& graph, std::span<const OperatorKernel> kernels);

}  // namespace fringe
