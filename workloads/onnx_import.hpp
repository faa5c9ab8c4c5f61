// ONNX models as graphs: `import` of the command line, and the way of any framework's model to a comparison.
#pragma once

#include <filesystem>
#include <string>

#include "workloads/graph.hpp"
#include "workloads/network.hpp"

namespace fringe {

struct OnnxModel {
  Graph graph;
  Parameters parameters;
  std::string producer;  ///< what wrote the file
  int opset = 0;
  /// Softmax or LogSoftmax, where the model ended in one: it is left out, since the loss contains it.
  std::string left_out;
  bool names_loss = false;  ///< "fringe.loss" stands in the file's metadata
  std::string sha256;       ///< of the file (file_bytes.hpp)
};

/// Reads a model of opset 11 to 17 as what it does with a batch of one: the input's free dimension, or its
/// first, is the batch and must be free or 1; every other is known. Shapes that it computes are folded, layer
/// norm, root mean square norm, GELU and SiLU found in their parts. Operators keep the names of the file's
/// nodes; what one node becomes beyond its first operator is called after it ("conv1.bias"). The file has one
/// input (integers are token ids) and one output that is needed, behind which stands `loss`, by default the
/// one that the file names ("fringe.loss" in its metadata, as the exporter writes it), else softmax cross
/// entropy. Constants that are added or multiplied become learned values.
///
/// Throws Error that names the file and the node: no ONNX, damaged, another opset, data in other files, an
/// operator that fringe doesn't have, or an option of one.
OnnxModel read_onnx(const std::filesystem::path& file);
OnnxModel read_onnx(const std::filesystem::path& file, Operator loss);

}  // namespace fringe
