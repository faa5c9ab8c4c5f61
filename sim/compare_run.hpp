// One comparison under way: what its electronic and its photonic half share.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/comparison.hpp"
#include "sim/operator_errors.hpp"
#include "sim/study.hpp"
#include "sim/trace_writer.hpp"

namespace fringe {

struct ComparisonRun {
  Study study;
  std::unique_ptr<TraceWriter> trace;
  Comparison result;
  OperatorOutputs float_outputs;  // of every dense operator, against which errors are measured

  const Experiment& experiment() const { return study.experiment(); }
  bool go_on() const { return !study.observer().stop_requested(); }

  /// Judges a row against floating point, records it and keeps it.
  void finish(HardwareResult hardware);
  /// Keeps the first test images of fold 0 as they are told; without an evaluation, the targets.
  void show(const std::string& subject, const std::string& role, const Evaluation* evaluation);
  /// Predictions and confusion of classes, images of images.
  void keep_outputs(const std::string& name, const std::vector<Evaluation>& evaluations,
                    const std::vector<std::span<const std::uint32_t>>& rows);
  /// Costs and errors of single operators, at the best batch.
  void add_layers(HardwareResult& hardware, Accelerator& accelerator);
};

/// Adds every photonic row, its summary and its causes; false where the observer asks to stop.
bool compare_photonics(ComparisonRun& run);

}  // namespace fringe
