// Nodes of an ONNX file that multiply: by a weight of the file, or two values.
#include <algorithm>

#include "core/error.hpp"
#include "workloads/onnx_site.hpp"
#include "workloads/onnx_window.hpp"

namespace fringe::onnx_rows {
namespace {

// [rows × columns] to [columns × rows].
std::vector<float> transposed(const std::vector<float>& from, std::size_t rows, std::size_t columns) {
  std::vector<float> to(from.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  return to;
}

const OnnxTensor& weight(const OnnxSite& s, std::size_t rank) {
  const OnnxTensor& w = s.constant(1, "its weight");
  if (w.dims.size() != rank || !w.real || w.size() == 0)
    throw Error("its weight has dimensions " + to_string(w.dims) + "; must have " + std::to_string(rank));
  return w;
}

int with_bias(const OnnxSite& s, int node, std::vector<float> values) {
  const int bias = s.draft.add(Operator::bias, {node}, {}, "bias");
  const Shape& shape = s.draft.at(bias).shape;
  const std::size_t channels = shape.size() == 3 ? shape[0] : shape.back();
  if (values.size() == 1) values.assign(channels, values[0]);
  if (values.size() != channels)
    throw Error("its bias has " + std::to_string(values.size()) + " numbers for " + std::to_string(channels) +
                " channels");
  s.draft.at(bias).vectors = std::move(values);
  return bias;
}

void convolution(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  const OnnxTensor& w = weight(s, x.dims.size());
  Attributes a = onnx_window(s.node, x, {w.dims.begin() + 2, w.dims.end()});
  a.features = static_cast<std::size_t>(w.dims[0]);
  a.groups = static_cast<std::size_t>(s.node.integer("group", 1));
  int node = s.draft.add(Operator::conv2d, {s.draft.shaped(x, onnx_image(x.dims))}, a);
  if (static_cast<std::size_t>(w.dims[1]) * a.groups != static_cast<std::size_t>(x.dims[1]))
    throw Error("its weight is for " + std::to_string(w.dims[1] * s.node.integer("group", 1)) +
                " channels; its input has " + std::to_string(x.dims[1]));
  s.draft.at(node).weights = w.reals;
  if (s.given(2)) node = with_bias(s, node, s.constant(2, "its bias").reals);
  s.result(onnx_image_value(s, node, x.dims.size()));
}

// The file's weight is [channels in][channels out][height][width]; here every input is multiplied to its
// window of the result, so that a row stands for a channel and place of the result.
void transposed_convolution(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  if (x.padding != std::array<std::size_t, 2>{0, 0}) throw Error("reads a padded value");
  const OnnxTensor& w = weight(s, x.dims.size());
  s.require("group", 1);
  for (const std::int64_t p : s.node.integers("output_padding"))
    if (p != 0) throw Error("output_padding isn't read");
  if (s.node.find("output_shape") != nullptr) throw Error("output_shape isn't read; give pads");
  Attributes a = onnx_window(s.node, x, {w.dims.begin() + 2, w.dims.end()});
  if (a.dilation != std::array<std::size_t, 2>{1, 1}) throw Error("dilations other than 1 aren't read");
  a.features = static_cast<std::size_t>(w.dims[1]);
  int node = s.draft.add(Operator::conv2d_transposed, {s.draft.shaped(x, onnx_image(x.dims))}, a);
  if (w.dims[0] != x.dims[1])
    throw Error("its weight is for " + std::to_string(w.dims[0]) + " channels; its input has " +
                std::to_string(x.dims[1]));
  const auto in = static_cast<std::size_t>(w.dims[0]);
  s.draft.at(node).weights = transposed(w.reals, in, w.size() / in);
  if (s.given(2)) node = with_bias(s, node, s.constant(2, "its bias").reals);
  s.result(onnx_image_value(s, node, x.dims.size()));
}

// What dense takes: rows of the last dimension.
Shape as_rows(const OnnxDims& dims) {
  if (dims.size() <= 4) {
    Shape shape = natural(dims);
    if (shape.size() <= 2) return shape;
  }
  const auto width = static_cast<std::size_t>(dims.back());
  return {count(dims) / width, width};
}

// W [out × in].
OnnxValue dense(const OnnxSite& s, const OnnxValue& x, std::vector<float> w, std::size_t out) {
  const std::size_t in = w.size() / out;
  if (x.dims.empty() || static_cast<std::size_t>(x.dims.back()) != in)
    throw Error("its weight takes " + std::to_string(in) + " features; its input is " + to_string(x.dims));
  Attributes a;
  a.features = out;
  const int node = s.draft.add(Operator::dense, {s.draft.shaped(x, as_rows(x.dims))}, a);
  s.draft.at(node).weights = std::move(w);
  OnnxValue y{.node = node, .dims = x.dims};
  y.dims.back() = static_cast<std::int64_t>(out);
  return y;
}

void gemm(const OnnxSite& s) {
  s.require("transA", 0);
  const OnnxTensor& w = weight(s, 2);
  const auto rows = static_cast<std::size_t>(w.dims[0]), columns = static_cast<std::size_t>(w.dims[1]);
  const bool as_it_is = s.node.integer("transB", 0) != 0;
  std::vector<float> values = as_it_is ? w.reals : transposed(w.reals, rows, columns);
  const auto alpha = static_cast<float>(s.node.real("alpha", 1)),
             beta = static_cast<float>(s.node.real("beta", 1));
  for (float& v : values) v *= alpha;
  OnnxValue y = dense(s, s.value(0), std::move(values), as_it_is ? rows : columns);
  if (s.given(2)) {
    const OnnxTensor& c = s.constant(2, "its bias");
    if (c.dims.size() > 1 && c.dims[0] != 1) throw Error("its bias of " + to_string(c.dims) + " is no row");
    std::vector<float> bias = c.reals;
    for (float& v : bias) v *= beta;
    y.node = with_bias(s, y.node, std::move(bias));
  }
  s.result(y);
}

void matmul(const OnnxSite& s) {
  if (s.is_constant(1)) {
    const OnnxTensor& w = weight(s, 2);
    const auto in = static_cast<std::size_t>(w.dims[0]), out = static_cast<std::size_t>(w.dims[1]);
    return s.result(dense(s, s.value(0), transposed(w.reals, in, out), out));
  }
  OnnxValue left = s.value(0);
  auto [right, turned] = s.draft.perhaps_transposed(s.value(1));
  if (left.dims.size() < 2 || right.dims.size() < 2) throw Error("multiplies values of one dimension");
  Attributes a;
  a.transposed = turned;
  a.scale = left.scale * right.scale;
  left.scale = right.scale = 1;
  OnnxValue y{.dims = left.dims};
  y.dims.back() = right.dims[right.dims.size() - (turned ? 2 : 1)];
  const auto factor = [&](const OnnxValue& v) {
    OnnxDims dims = v.dims;  // a single token is no batch
    if (dims.size() > 2 && dims[0] != 1) dims.insert(dims.begin(), 1);
    return s.draft.shaped(v, natural(dims));
  };
  y.node = s.draft.add(Operator::matmul, {factor(left), factor(right)}, a);
  s.result(std::move(y));
}

constexpr std::array rows{OnnxRow{"Conv", convolution}, OnnxRow{"ConvTranspose", transposed_convolution},
                          OnnxRow{"Gemm", gemm}, OnnxRow{"MatMul", matmul}};

}  // namespace

std::span<const OnnxRow> products() { return rows; }

}  // namespace fringe::onnx_rows
