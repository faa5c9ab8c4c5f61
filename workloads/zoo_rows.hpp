// Rows of the zoo by family.
#pragma once

#include <span>

#include "workloads/zoo.hpp"

namespace fringe::zoo {

/// Adam with a rate that falls to 0 as a cosine.
constexpr TrainingOptions adam_cosine(std::size_t epochs, std::size_t batch, float rate) {
  TrainingOptions options;
  options.epochs = epochs;
  options.batch = batch;
  options.optimiser.rate = rate;
  return options;
}

std::span<const Workload> vision();
std::span<const Workload> language();
std::span<const Workload> speech();
std::span<const Workload> other();
std::span<const Workload> runs();

}  // namespace fringe::zoo
