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
  Graph (*build)(std::size_t length);  ///< networks without a length to choose ignore it
  std::size_t parameters;      ///< all that training changes, to the last digit, as the source counts them
  double macs;                 ///< multiply-accumulates of one sample's forward pass, as published
  double macs_half_unit = 0;   ///< half a unit of the last digit that was published; 0: counted exactly
  std::string_view source;     ///< where shape and counts come from; never empty
  bool runs = false;           ///< a Network trains and tests it; others are priced alone
  TrainingOptions training{};  ///< what reaches its accuracy, see workloads/README.md; else the step to price
  std::size_t length = 0;      ///< of a sequence, as `description` has it; 0: there is none to choose
  std::size_t most_length = 0;  ///< that its tables of places, or its published use, allow

  std::span<const std::size_t> layers{};  ///< of mlp@…: features, hidden units, classes

  Graph graph() const { return layers.empty() ? build(length) : mlp(layers); }
};

std::span<const Workload> workload_zoo();
/// The row of this name; for NAME@LENGTH that row with another length of its sequences, counted from its
/// graph; for mlp@FEATURES-HIDDEN-…-CLASSES a network of fully connected layers with rectifiers between,
/// which trains as digits-mlp does. What it refers to lives as long as the program. Any thread. Throws Error
/// with the nearest name, and where the row has no length or not this one, or a layer no size of 1 … 65536.
const Workload& find_workload(std::string_view name);

}  // namespace fringe
