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
  std::size_t parameters;      ///< all that training changes, to the last digit, as the source counts them
  double macs;                 ///< multiply-accumulates of one sample's forward pass, as published
  double macs_half_unit = 0;   ///< half a unit of the last digit that was published; 0: counted exactly
  std::string_view source;     ///< where shape and counts come from; never empty
  bool runs = false;           ///< a Network trains and tests it; others are priced alone
  TrainingOptions training{};  ///< what reaches its accuracy, see workloads/README.md; else the step to price
};

std::span<const Workload> workload_zoo();
/// Throws Error with the nearest name.
const Workload& find_workload(std::string_view name);

}  // namespace fringe
