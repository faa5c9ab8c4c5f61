// A graph with its parameters as an ONNX model of opset 17 that any runtime runs, with a free batch.
#pragma once

#include <filesystem>

#include "workloads/network.hpp"
#include "workloads/onnx_file.hpp"

namespace fringe {

/// Operators become nodes of the same name, what needs several nodes ends in it; a recurrence takes the dense
/// and the bias before it along. The loss is left out: its name stands in the metadata ("fringe.loss"), its
/// input is the output. read_onnx makes of it the same graph with the same bits of parameters, except that
/// scales and epsilons are floats, and that dense and bias of a recurrence are called after it. Throws Error
/// on parameters that aren't the graph's and on what ONNX or the importer has no operator for: rotary, cache,
/// tied embeddings, norms of tokens by heads, a recurrence behind no dense, several losses.
OnnxFile to_onnx(const Graph& graph, const Parameters& parameters);
/// The same to a file, which is replaced as a whole or not at all.
void write_onnx(const Graph& graph, const Parameters& parameters, const std::filesystem::path& file);

}  // namespace fringe
