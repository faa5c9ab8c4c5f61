// Windows over images, of convolutions and pools: what ONNX says about them, as attributes. A sequence
// [channels, length] is an image of height 1.
#pragma once

#include "workloads/onnx_site.hpp"

namespace fringe {

/// [1, channels, height, width] or [1, channels, length] as [channels, height, width]. Throws Error on
/// others.
Shape onnx_image(const OnnxDims& dims);
/// Kernel, strides, dilations, and pads, which must be the same at both ends; zeros that a Pad put around the
/// value become the window's. `kernel` is what the weight says.
Attributes onnx_window(const OnnxNode& node, OnnxValue& value, OnnxDims kernel);
/// An image of the draft in as many dimensions as the file has them.
OnnxValue onnx_image_value(const OnnxSite& site, int node, std::size_t rank);

}  // namespace fringe
