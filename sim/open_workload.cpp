#include "sim/open_workload.hpp"

#include <utility>

#include "core/error.hpp"
#include "workloads/feeder.hpp"
#include "workloads/onnx_import.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

OpenedWorkload opened(OnnxModel model) {
  OpenedWorkload workload;
  workload.graph = std::move(model.graph);
  workload.training.epochs = 0;
  workload.parameters = parameter_count(workload.graph);
  workload.sha256 = std::move(model.sha256);
  workload.trained = std::make_shared<const Parameters>(std::move(model.parameters));
  return workload;
}

/// Dimensions of one say nothing about the order of the numbers.
Shape without_ones(Shape shape) {
  std::erase(shape, std::size_t{1});
  return shape;
}

std::string samples_of(const Shape& shape, std::size_t features) {
  return shape.size() > 1 ? "samples of " + to_string(shape) : std::to_string(features) + " features";
}

void require_fit(const OpenedWorkload& workload, const std::string& what, const Dataset& data) {
  const Graph& graph = workload.graph;
  const Shape &takes = graph.node(0).shape, lean = without_ones(takes), has = without_ones(data.shape);
  const bool other_order = workload.trained && lean.size() > 1 && has.size() > 1 && lean != has;
  const bool one_class = graph.nodes().back().op == Operator::softmax_cross_entropy &&
                         data.labels_per_sample == 1 && data.classes > 0;
  // A part of the data that a network was trained on may not show all of its classes.
  const bool other_classes =
      one_class && (workload.trained ? data.classes > graph.classes() : data.classes != graph.classes());
  if (data.features != graph.input_features() || other_order || other_classes) {
    const auto told = [&](std::size_t classes) { return std::to_string(classes) + " classes"; };
    throw Error("workload '" + what + "' takes " + samples_of(takes, graph.input_features()) +
                (one_class ? " and tells " + told(graph.classes()) : "") + "; data '" + data.name + "' has " +
                samples_of(data.shape, data.features) + (one_class ? " and " + told(data.classes) : "") +
                (one_class && !workload.trained ? "; workload mlp@" + std::to_string(data.features) + "-32-" +
                                                      std::to_string(data.classes) + " would fit them"
                                                : ""));
  }
  try {
    require_match(graph, data, {});
  } catch (const Error& error) {
    throw Error("workload '" + what + "', " + error.what());
  }
}

}  // namespace

bool is_model_file(std::string_view what) noexcept { return what.ends_with(".onnx"); }

OpenedWorkload open_workload(const std::string& what) {
  if (is_model_file(what)) return opened(read_onnx(what));
  const Workload& row = find_workload(what);
  return {row.graph(), row.training, row.parameters, {}, {}};
}

void record_model(TraceWriter& trace, const std::string& what, const std::string& sha256) {
  if (!sha256.empty()) trace.append("models", {{"file", what}, {"sha256", sha256}});
}

OpenedWorkload open_workload(const std::string& what, const Dataset& data) {
  OpenedWorkload workload = open_workload(what);
  if (is_model_file(what) && data.classes == 0 && data.outputs > 0)
    if (OnnxModel model = read_onnx(what, Operator::mean_squared_error); !model.names_loss)
      workload = opened(std::move(model));
  try {
    require_executable(workload.graph);
  } catch (const Error& error) {
    throw Error("workload '" + what + "': " + error.what() + " (fringe compare --workload " + what +
                " prices it)");
  }
  require_fit(workload, what, data);
  return workload;
}

}  // namespace fringe
