// Rows of the zoo by family.
#pragma once

#include <span>

#include "workloads/zoo.hpp"

namespace fringe::zoo {

std::span<const Workload> vision();
std::span<const Workload> language();
std::span<const Workload> speech();
std::span<const Workload> other();
std::span<const Workload> runs();

}  // namespace fringe::zoo
