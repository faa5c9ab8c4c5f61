// Arithmetic on constants of an ONNX file: the chains of Shape, Gather, Concat and Reshape by which exporters
// keep a dimension free, masks, and weights that are turned or cut before they are used. Dimensions are known
// throughout, since a model is read at a batch of one.
#pragma once

#include "workloads/onnx_dims.hpp"

namespace fringe {

/// Whether the node's operator is computed on constants.
bool folds(const OnnxNode& node) noexcept;
/// Its outputs. Throws Error with the rule that the operands break.
std::vector<OnnxTensor> fold(const OnnxNode& node, OnnxOperands operands);

}  // namespace fringe
