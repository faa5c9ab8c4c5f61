// The table of workloads: one row adds one.
#pragma once

#include <span>
#include <string_view>

#include "workloads/graph.hpp"
#include "workloads/training.hpp"

namespace fringe {

struct Workload {
  std::string_view name;
  std::string_view description;
  Graph (*graph)();
  std::size_t parameters;    ///< weights and biases, as the source counts them
  double macs;               ///< multiply-accumulates of one sample's forward pass
  std::string_view source;   ///< where shape and counts come from; never empty
  TrainingOptions training;  ///< what reaches its accuracy; see workloads/README.md
};

std::span<const Workload> workload_zoo();
/// Throws Error with the nearest name.
const Workload& find_workload(std::string_view name);

}  // namespace fringe
