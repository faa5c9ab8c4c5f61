#include "workloads/blocks.hpp"

#include <cmath>

namespace fringe {

int convolution(Graph& graph, int from, const Convolution& c) {
  Attributes a;
  a.features = c.channels;
  a.kernel = c.kernel;
  a.stride = c.stride;
  a.padding = c.padding;
  a.dilation = c.dilation;
  a.groups = c.groups;
  int node = graph.add(Operator::conv2d, {from}, a);
  if (c.bias) node = graph.bias(node);
  if (c.batch_norm) node = graph.add(Operator::batch_norm, {node});
  return c.relu ? graph.relu(node) : node;
}

Convolution square(std::size_t channels, std::size_t kernel, std::size_t stride, std::size_t padding) {
  Convolution c;
  c.channels = channels;
  c.kernel = {kernel, kernel};
  c.stride = {stride, stride};
  c.padding = {padding, padding};
  return c;
}

int max_pool(Graph& graph, int from, std::size_t kernel, std::size_t stride, std::size_t padding, bool ceil) {
  Attributes a;
  a.kernel = {kernel, kernel};
  a.stride = {stride, stride};
  a.padding = {padding, padding};
  a.ceil = ceil;
  return graph.add(Operator::max_pool, {from}, a);
}

int reshape(Graph& graph, int from, Shape shape) {
  Attributes a;
  a.shape = std::move(shape);
  return graph.add(Operator::reshape, {from}, a);
}

int flatten(Graph& graph, int from) { return reshape(graph, from, {graph.node(from).features}); }

int transpose(Graph& graph, int from, Shape axes) {
  Attributes a;
  a.shape = std::move(axes);
  return graph.add(Operator::transpose, {from}, a);
}

int slice(Graph& graph, int from, std::size_t axis, std::size_t begin, std::size_t end) {
  Attributes a;
  a.axis = axis;
  a.begin = begin;
  a.end = end;
  return graph.add(Operator::slice, {from}, a);
}

int concat(Graph& graph, std::vector<int> parts, std::size_t axis) {
  Attributes a;
  a.axis = axis;
  return graph.add(Operator::concat, std::move(parts), a);
}

int learned(Graph& graph, Shape shape) {
  Attributes a;
  a.shape = std::move(shape);
  return graph.add(Operator::learned, {}, a);
}

int embedding(Graph& graph, int tokens, std::size_t vocabulary, std::size_t width, bool tied) {
  Attributes a;
  a.vocabulary = vocabulary;
  a.features = width;
  a.tied = tied;
  return graph.add(Operator::embedding, {tokens}, a);
}

int affine(Graph& graph, int from, std::size_t features) { return graph.bias(graph.dense(from, features)); }

int attention(Graph& graph, int x, const Attention& a) {
  const std::size_t tokens = graph.node(x).shape.at(0), width = graph.node(x).shape.at(1);
  const auto project = [&](int from) {
    return a.bias ? affine(graph, from, width) : graph.dense(from, width);
  };
  const auto heads = [&](bool rotate) {
    int node = transpose(graph, reshape(graph, project(x), {tokens, a.heads, width / a.heads}), {1, 0, 2});
    return rotate ? graph.add(Operator::rotary, {node}) : node;
  };
  const auto remember = [&](int node) {
    Attributes cache;
    cache.context = a.context;
    return a.context > 0 ? graph.add(Operator::cache, {node}, cache) : node;
  };
  const int queries = heads(a.rotary), keys = remember(heads(a.rotary)), values = remember(heads(false));
  Attributes by_keys, mask;
  by_keys.transposed = true;
  by_keys.scale = 1 / std::sqrt(static_cast<double>(width / a.heads));
  mask.causal = a.causal;
  const int scores = graph.add(Operator::matmul, {queries, keys}, by_keys);
  const int weights = graph.add(Operator::softmax, {scores}, mask);
  const int context = graph.add(Operator::matmul, {weights, values});
  return project(reshape(graph, transpose(graph, context, {1, 0, 2}), {tokens, width}));
}

int feed_forward(Graph& graph, int x, std::size_t hidden) {
  const std::size_t width = graph.node(x).shape.back();
  return affine(graph, graph.add(Operator::gelu, {affine(graph, x, hidden)}), width);
}

int pre_norm_block(Graph& graph, int x, const Attention& a, std::size_t hidden) {
  x = graph.add(Operator::add, {x, attention(graph, graph.add(Operator::layer_norm, {x}), a)});
  return graph.add(Operator::add, {x, feed_forward(graph, graph.add(Operator::layer_norm, {x}), hidden)});
}

int lstm_layer(Graph& graph, int x, std::size_t width) {
  return graph.add(Operator::lstm, {affine(graph, x, 4 * width)});
}

}  // namespace fringe
