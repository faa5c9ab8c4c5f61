#include "workloads/onnx_window.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::int64_t longest = 1 << 24;  // no image is as long; sums of sizes stay far from overflow

}  // namespace

Shape onnx_image(const OnnxDims& dims) {
  if (dims.size() < 3 || dims.size() > 4 || dims[0] != 1)
    throw Error("reads a value of " + to_string(dims) +
                "; must be [1, channels, height, width] or [1, channels, length]");
  Shape shape(dims.begin() + 1, dims.end());
  if (dims.size() == 3) shape.insert(shape.begin() + 1, 1);
  return shape;
}

Attributes onnx_window(const OnnxNode& node, OnnxValue& value, OnnxDims kernel) {
  OnnxDims& dims = value.dims;
  const Shape image = onnx_image(dims);
  const std::size_t axes = dims.size() - 2, first = 2 - axes;
  kernel = node.integers("kernel_shape", std::move(kernel));
  const OnnxDims strides = node.integers("strides", OnnxDims(axes, 1));
  const OnnxDims dilations = node.integers("dilations", OnnxDims(axes, 1));
  const OnnxDims pads = node.integers("pads", OnnxDims(2 * axes, 0));
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (kernel.size() != axes || strides.size() != axes || dilations.size() != axes || pads.size() != 2 * axes)
    throw Error("its kernel, strides, dilations and pads must fit an input of " + to_string(dims));
  Attributes a;
  a.padding = value.padding;
  for (std::size_t i = 0; i < axes; ++i) {
    std::int64_t low = std::min(pads[i], longest), high = std::min(pads[axes + i], longest);
    for (const std::int64_t size : {kernel[i], strides[i], dilations[i], low + 1, high + 1})
      if (size < 1 || size > longest)
        throw Error("its kernel, strides and dilations must be at least 1, its pads at least 0");
    if (automatic == "VALID") low = high = 0;
    if (automatic.starts_with("SAME")) {
      const auto size = static_cast<std::int64_t>(image[first + 1 + i]);
      const std::int64_t steps = (size + strides[i] - 1) / strides[i];
      const std::int64_t all =
          std::max<std::int64_t>(0, (steps - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - size);
      low = all / 2;
      high = all - low;
    }
    if (low != high || low < 0)
      throw Error("pads of " + std::to_string(low) + " before and " + std::to_string(high) +
                  " behind; must be the same");
    a.kernel[first + i] = static_cast<std::size_t>(kernel[i]);
    a.stride[first + i] = static_cast<std::size_t>(strides[i]);
    a.dilation[first + i] = static_cast<std::size_t>(dilations[i]);
    dims[2 + i] -= static_cast<std::int64_t>(2 * value.padding[first + i]);
    a.padding[first + i] += static_cast<std::size_t>(low);
  }
  value.padding = {0, 0};
  return a;
}

OnnxValue onnx_image_value(const OnnxSite& site, int node, std::size_t rank) {
  const Shape& shape = site.draft.at(node).shape;
  OnnxValue value{.node = node, .dims = {1}};
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (rank == 4 || i != 1) value.dims.push_back(static_cast<std::int64_t>(shape[i]));
  return value;
}

}  // namespace fringe
