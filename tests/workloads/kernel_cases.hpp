// Kernels called without a network: what they make of random numbers, on any executor with any table of
// kernels.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "core/tensor.hpp"
#include "workloads/graph.hpp"
#include "workloads/kernels.hpp"

namespace fringe::testing {

struct KernelCase {
  Operator op;
  std::vector<Shape> in;
  Attributes attributes;
};

/// The operators of images and those that combine values, at sites with edges.
inline std::vector<KernelCase> vision_kernel_cases() {
  std::vector<KernelCase> cases;
  const auto windows = [&](const Shape& shape, auto&& set) {
    Attributes a;
    a.features = 6;
    set(a);
    cases.push_back({Operator::conv2d, {shape}, a});
    if (a.groups > 1) return;
    cases.push_back({Operator::conv2d_transposed, {shape}, a});
    cases.push_back({Operator::average_pool, {shape}, a});
    a.ceil = true;
    cases.push_back({Operator::max_pool, {shape}, a});
    cases.push_back({Operator::average_pool, {shape}, a});
  };
  windows({2, 9, 7}, [](Attributes& a) { a.kernel = {3, 3}, a.padding = {1, 1}; });
  windows({3, 8, 9}, [](Attributes& a) { a.kernel = {3, 2}, a.stride = {2, 3}, a.padding = {1, 0}; });
  windows({2, 8, 8}, [](Attributes& a) {
    a.kernel = {2, 3}, a.dilation = {3, 2}, a.padding = {1, 1}, a.counts_padding = true;
  });
  windows({4, 6, 5}, [](Attributes& a) { a.kernel = {3, 3}, a.groups = 2; });
  windows({3, 6, 5}, [](Attributes& a) { a.kernel = {3, 3}, a.padding = {1, 1}, a.groups = 3; });
  cases.push_back({Operator::global_pool, {{5, 3, 4}}, {}});
  for (const Shape& shape : {Shape{3, 5, 4}, Shape{5, 6}, Shape{7}})
    cases.push_back({Operator::batch_norm, {shape}, {}});
  for (const Operator op : {Operator::add, Operator::multiply})
    for (const Shape& part : {Shape{3, 4, 5}, Shape{3, 1, 1}, Shape{4, 1}, Shape{5}})
      cases.push_back({op, {{3, 4, 5}, part}, {}});
  for (const std::size_t axis : {0u, 1u, 2u}) {
    Attributes a;
    a.axis = axis;
    cases.push_back({Operator::concat, {{3, 4, 5}, {3, 4, 5}}, a});
  }
  return cases;
}

/// All that the kernels of a case give, in one list: columns and what they fold to in parts of `part`
/// positions, or values, gradients and states of a pass in training and a value at inference.
inline std::vector<float> run_kernels(Executor& executor, std::span<const OperatorKernel> table,
                                      const KernelCase& c, std::size_t batch, std::size_t part = 3) {
  Graph graph;
  int last = graph.input(c.in[0]);
  std::vector<int> inputs{last};
  for (std::size_t k = 1; k < c.in.size(); ++k) {
    Attributes a;
    a.shape = c.in[k];
    inputs.push_back(graph.add(Operator::learned, {}, a));
  }
  last = graph.add(c.op, inputs, c.attributes);
  const Node& node = graph.node(last);

  std::uint32_t site = 1;
  const auto draw = [&](std::size_t count) {
    std::vector<float> host(count);
    fill_normal(host, {.seed = 4, .site = site++});
    Buffer<float> buffer(executor, count);
    buffer.from_host(host);
    return buffer;
  };
  std::vector<float> all;
  const auto keep = [&](const Buffer<float>& buffer) {
    const std::vector<float> host = buffer.to_host();
    all.insert(all.end(), host.begin(), host.end());
  };

  std::vector<Buffer<float>> x, dx;
  std::vector<const float*> read;
  std::vector<float*> written;
  for (const Shape& shape : c.in) {
    read.push_back(x.emplace_back(draw(numbers(shape) * batch)).data());
    written.push_back(dx.emplace_back(draw(numbers(shape) * batch)).data());
  }
  const Products products = graph.products(last);
  const bool depthwise = c.op == Operator::conv2d && c.attributes.groups == c.in[0][0];
  std::size_t vectors_count = graph.vectors(last);
  if (depthwise) vectors_count = products.weights();
  const OperatorKernel& kernel = table[static_cast<std::size_t>(c.op)];
  const Site at{c.in, node.attributes, node.shape, true};
  Buffer<float> y = draw(node.features * batch), dy = draw(node.features * batch),
                vectors = draw(vectors_count), vector_gradients = draw(vectors_count),
                saved = draw(kernel.saved != nullptr ? kernel.saved(at) * batch : 0);
  Buffer<float> states = draw(graph.vectors(last));
  std::vector<float> positive = states.to_host();  // variances
  for (float& v : positive) v = std::abs(v) + 0.5f;
  states.from_host(positive);

  Call call;
  call.node = &node;
  call.in = c.in;
  call.batch = batch;
  call.training = true;
  call.x = read;
  call.dx = written;
  call.y = y.data();
  call.dy = dy.data();
  call.vectors = vectors.data();
  call.vector_gradients = vector_gradients.data();
  call.states = states.data();
  call.saved = saved.data();
  if (products.rows > 0 && !depthwise) {
    const bool back = kernel.gather == nullptr;  // a transposed convolution unfolds its gradient
    const std::size_t rows = products.groups * (back ? products.rows : products.inner);
    for (std::size_t first = 0; first < products.columns; first += part) {
      const std::size_t count = std::min(part, products.columns - first);
      Buffer<float> columns = draw(rows * count * batch);
      const Matrix m{columns.data(), rows, count * batch};
      (back ? kernel.deliver : kernel.scatter)(executor, call, {first, count}, m);
      (back ? kernel.collect : kernel.gather)(executor, call, {first, count}, m);
      keep(columns);
    }
    keep(back ? y : dx[0]);
    return all;
  }
  kernel.forward(executor, call);
  keep(y);
  kernel.backward(executor, call);
  for (const Buffer<float>& d : dx) keep(d);
  keep(vector_gradients);
  keep(states);
  call.training = false;
  kernel.forward(executor, call);
  keep(y);
  return all;
}

}  // namespace fringe::testing
