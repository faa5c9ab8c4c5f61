// What operators of ONNX that only rearrange numbers do to dimensions, the same for constants and for values
// of the graph. Each throws Error with the rule that is broken.
#pragma once

#include <span>

#include "workloads/onnx_file.hpp"

namespace fringe {

using OnnxOperands = std::span<const OnnxTensor* const>;  ///< nullptr: an optional one that isn't given

/// −1, the last, becomes rank − 1.
std::size_t positive_axis(std::int64_t axis, std::size_t rank);
/// Of Identity, Reshape, Flatten, Squeeze, Unsqueeze: the same numbers in other dimensions. `second` is the
/// operand with sizes or axes, where there is one.
OnnxDims viewed_dims(const OnnxNode& node, const OnnxDims& dims, const OnnxTensor* second);
/// Order of axes of a Transpose.
std::vector<std::size_t> transpose_axes(const OnnxNode& node, std::size_t rank);
/// Dimensions of an operator on two values that repeats either along axes of size 1.
OnnxDims broadcast_dims(const OnnxDims& a, const OnnxDims& b);
/// A Slice, one entry for each axis.
struct OnnxRange {
  std::int64_t begin = 0, step = 1, size = 0;
};
std::vector<OnnxRange> slice_ranges(const OnnxNode& node, const OnnxDims& dims, OnnxOperands operands);
/// The values of a constant as integers, e.g. axes.
OnnxDims integers_of(const OnnxTensor& tensor);

}  // namespace fringe
