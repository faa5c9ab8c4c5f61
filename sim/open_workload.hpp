// What an experiment runs: a row of the zoo, or the trained network of an ONNX file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sim/trace_writer.hpp"
#include "workloads/dataset.hpp"
#include "workloads/network.hpp"
#include "workloads/training.hpp"

namespace fringe {

struct OpenedWorkload {
  Graph graph;
  TrainingOptions training;  ///< of a file: none (epochs = 0), else Adam on 32 samples a step
  std::size_t parameters = 0;
  std::shared_ptr<const Parameters> trained;  ///< of a file; null: a training starts anew
  std::string sha256;                         ///< of the file's bytes; "": of the zoo
};

/// A path, no name of the zoo: "*.onnx".
bool is_model_file(std::string_view what) noexcept;

/// By path or by name. Throws Error naming the file and the node, or the nearest workload.
OpenedWorkload open_workload(const std::string& what);

/// A record of the table `models`, where it comes from a file.
void record_model(TraceWriter& trace, const std::string& what, const std::string& sha256);

/// For these data. A file that names no loss is judged by the numbers to be told where the data have no
/// classes. Throws Error also where a Network can't run the workload or the data don't fit: features or their
/// order, classes, labels, numbers to be told.
OpenedWorkload open_workload(const std::string& what, const Dataset& data);

}  // namespace fringe
