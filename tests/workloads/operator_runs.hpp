// One operator alone, forward and back, by the kernels of one instruction set or device.
#pragma once

#include <string>
#include <vector>

#include "core/draw.hpp"
#include "core/tensor.hpp"
#include "workloads/blocks.hpp"
#include "workloads/kernels.hpp"

namespace fringe::testing {

struct OperatorRun {
  std::vector<float> y, dx, vector_gradients;
  bool operator==(const OperatorRun&) const = default;
};

/// The last node of the graph, which reads node 0 alone, on normals (or on ids where it is an embedding).
inline OperatorRun run_operator(const OperatorKernel& kernel, Executor& executor, const Graph& graph,
                                std::size_t batch) {
  const int last = static_cast<int>(graph.nodes().size()) - 1;
  const Node& node = graph.node(last);
  const Shape in = graph.node(0).shape;
  const auto normals = [&](std::size_t count, std::uint32_t site) {
    std::vector<float> x(count);
    fill_normal(x, {.seed = 3, .site = site});
    return x;
  };
  const auto on = [&](const std::vector<float>& host) {
    Buffer<float> buffer(executor, host.size());
    buffer.from_host(host);
    return buffer;
  };
  std::vector<float> input = normals(numbers(in) * batch, 1);
  if (node.op == Operator::embedding)
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = static_cast<float>(i * 7 % node.attributes.vocabulary);
  const std::size_t vectors = graph.vectors(last);
  const Buffer<float> x = on(input), v = on(normals(vectors, 2)), dy = on(normals(node.features * batch, 3));
  const Buffer<float> y = on(std::vector<float>(node.features * batch)),
                      dx = on(std::vector<float>(input.size())), dv = on(std::vector<float>(vectors));
  const std::vector<Shape> shapes(node.inputs.size(), in);
  Call call;
  call.node = &node;
  call.in = shapes;
  call.batch = batch;
  call.training = true;
  const Buffer<float> saved =
      on(std::vector<float>(kernel.saved != nullptr ? kernel.saved(call.site()) * batch : 0));
  const float* const xs[]{x.data()};
  float* const dxs[]{dx.data()};
  call.x = {xs, node.inputs.size()};
  call.dx = {dxs, node.inputs.size()};
  call.y = y.data();
  call.vectors = v.data();
  call.vector_gradients = dv.data();
  call.saved = saved.data();
  call.dy = dy.data();
  call.draw = {.seed = 4, .site = 5};
  kernel.forward(executor, call);
  kernel.backward(executor, call);
  return {y.to_host(), dx.to_host(), dv.to_host()};
}

struct NamedGraph {
  std::string name;
  Graph graph;
};

/// Operators of sequences, one in each graph behind an input.
inline std::vector<NamedGraph> sequence_operators() {
  std::vector<NamedGraph> all;
  const auto add = [&](Operator op, Shape shape, const Attributes& a = {}) {
    NamedGraph& next = all.emplace_back();
    next.name = to_string(op);
    const int x = next.graph.input(std::move(shape));
    next.graph.add(op, op == Operator::learned ? std::vector<int>{} : std::vector<int>{x}, a);
  };
  Attributes by_tanh, causal, order, part, drop, ids, value, cache;
  by_tanh.by_tanh = causal.causal = true;
  order.shape = {2, 0, 1};
  part.axis = 1;
  part.begin = 2;
  part.end = 5;
  drop.probability = 0.4;
  ids.vocabulary = 11;
  ids.features = 21;
  value.shape = {3, 7};
  cache.context = 9;
  for (const Operator op : {Operator::gelu, Operator::silu, Operator::tanh, Operator::sigmoid})
    add(op, {5, 37});
  add(Operator::gelu, {5, 37}, by_tanh);
  add(Operator::softmax, {3, 6, 37});
  add(Operator::softmax, {3, 6, 37}, causal);
  add(Operator::layer_norm, {5, 37});
  add(Operator::rms_norm, {5, 37});
  add(Operator::rotary, {3, 6, 8});
  add(Operator::transpose, {3, 6, 8}, order);
  add(Operator::slice, {3, 6, 8}, part);
  add(Operator::dropout, {5, 37}, drop);
  add(Operator::embedding, {7}, ids);
  add(Operator::learned, {2}, value);
  add(Operator::cache, {3, 6, 8}, cache);
  return all;
}

}  // namespace fringe::testing
