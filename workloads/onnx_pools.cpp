// Pools of an ONNX file.
#include <algorithm>

#include "core/error.hpp"
#include "workloads/onnx_site.hpp"
#include "workloads/onnx_window.hpp"

namespace fringe::onnx_rows {
namespace {

void pool(const OnnxSite& s, Operator op, Attributes a, const OnnxValue& x) {
  s.result(onnx_image_value(s, s.draft.add(op, {s.draft.shaped(x, onnx_image(x.dims))}, a), x.dims.size()));
}

template <Operator op>
void window(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  if (s.node.outputs.size() > 1 && !s.node.outputs[1].empty() && s.readers.contains(s.node.outputs[1]))
    throw Error("its second output isn't read");
  s.require("storage_order", 0);
  const auto zeros = x.padding;
  const bool padded = zeros != std::array<std::size_t, 2>{0, 0};
  Attributes a = onnx_window(s.node, x, {});
  a.ceil = s.node.integer("ceil_mode", 0) != 0;
  a.counts_padding = op == Operator::average_pool && s.node.integer("count_include_pad", 0) != 0;
  if (padded && (op == Operator::max_pool || a.padding != zeros || a.ceil))
    throw Error("reads a padded value and pads, hangs over the edge or takes a maximum itself");
  a.counts_padding = a.counts_padding || padded;
  pool(s, op, a, x);
}

void whole_maximum(const OnnxSite& s) {
  const OnnxValue x = s.value(0);
  const Shape image = onnx_image(x.dims);
  Attributes a;
  a.kernel = a.stride = {image[1], image[2]};
  pool(s, Operator::max_pool, a, x);
}

OnnxValue whole_mean(const OnnxSite& s, const OnnxValue& x, OnnxDims dims) {
  const int node = s.draft.add(Operator::global_pool, {s.draft.shaped(x, onnx_image(x.dims))});
  return {.node = node, .dims = std::move(dims)};
}

void global_mean(const OnnxSite& s) {
  const OnnxValue x = s.value(0);
  OnnxDims dims(x.dims.size(), 1);
  dims.at(1) = x.dims[1];
  s.result(whole_mean(s, x, std::move(dims)));
}

// Over all places of an image, or over the tokens of [1, tokens, features].
void mean(const OnnxSite& s) {
  const OnnxValue x = s.value(0);
  const std::size_t rank = x.dims.size();
  std::vector<std::size_t> axes;
  const OnnxDims given = s.given(1) ? integers_of(s.constant(1, "axes")) : s.node.integers("axes");
  for (const std::int64_t axis : given) axes.push_back(positive_axis(axis, rank));
  std::sort(axes.begin(), axes.end());
  OnnxDims kept, left;
  for (std::size_t i = 0; i < rank; ++i) {
    const bool over = std::binary_search(axes.begin(), axes.end(), i);
    kept.push_back(over ? 1 : x.dims[i]);
    if (!over) left.push_back(x.dims[i]);
  }
  OnnxDims dims = s.node.integer("keepdims", 1) != 0 ? kept : left;
  const bool image = (rank == 4 && axes == std::vector<std::size_t>{2, 3}) ||
                     (rank == 3 && axes == std::vector<std::size_t>{2});
  if (image) return s.result(whole_mean(s, x, std::move(dims)));
  if (rank != 3 || axes != std::vector<std::size_t>{1} || x.dims[0] != 1)
    throw Error("takes the mean over axes " + to_string(given) + " of " + to_string(x.dims) +
                "; must be all places of an image or all tokens");
  OnnxValue turned = x;
  turned.node = s.draft.whole(x);
  turned.axes = {0, 2, 1};
  std::swap(turned.dims[1], turned.dims[2]);
  s.result(whole_mean(s, turned, std::move(dims)));
}

constexpr std::array rows{OnnxRow{"MaxPool", window<Operator::max_pool>},
                          OnnxRow{"AveragePool", window<Operator::average_pool>},
                          OnnxRow{"GlobalMaxPool", whole_maximum}, OnnxRow{"GlobalAveragePool", global_mean},
                          OnnxRow{"ReduceMean", mean}};

}  // namespace

std::span<const OnnxRow> windows() { return rows; }

}  // namespace fringe::onnx_rows
