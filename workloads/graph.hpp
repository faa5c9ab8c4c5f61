// A workload as a value: operators, each with the shape that it produces for one sample. One description
// serves cost (lower), numeric execution (Network, for the operators that it runs) and training. The batch is
// no part of the graph.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/work.hpp"
#include "workloads/operators.hpp"
#include "workloads/optimiser.hpp"

namespace fringe {

struct Node {
  Operator op = Operator::input;
  std::string name;
  std::vector<int> inputs;   ///< indices of the nodes it reads, all smaller than its own
  std::size_t features = 0;  ///< numbers of its value: the product of its shape
  Shape shape;
  Attributes attributes;
};

/// Nodes in order of execution; values have as many readers as they like. Every builder infers the shape,
/// checks its arguments and returns the new node's index; it throws Error on a wrong index, shapes that the
/// operator doesn't take, a second input, a name in use, or a reader of a loss, and leaves the graph as it
/// was. An empty name becomes e.g. "dense2", the second dense.
class Graph {
 public:
  /// Any operator of the table.
  int add(Operator op, std::vector<int> inputs, Attributes attributes = {}, std::string name = {});

  int input(std::size_t features, std::string name = {}) { return input(Shape{features}, std::move(name)); }
  int input(Shape shape, std::string name = {});
  int dense(int from, std::size_t features, std::string name = {});
  int bias(int from, std::string name = {}) { return add(Operator::bias, {from}, {}, std::move(name)); }
  int relu(int from, std::string name = {}) { return add(Operator::relu, {from}, {}, std::move(name)); }
  int softmax_cross_entropy(int logits, std::string name = {}) {
    return add(Operator::softmax_cross_entropy, {logits}, {}, std::move(name));
  }

  std::span<const Node> nodes() const noexcept { return nodes_; }
  const Node& node(int index) const { return nodes_.at(static_cast<std::size_t>(index)); }
  /// Indices of the nodes that own a weight matrix, in order. The k-th owns weight matrix k.
  std::vector<int> weight_nodes() const;
  /// Products of a node with a weight matrix or of two activations; all zero for others.
  Products products(int index) const;
  /// Parameters of a node in the digital unit.
  std::size_t vectors(int index) const;
  std::size_t input_features() const { return nodes_.at(0).features; }
  /// Size of the last dimension of the last node: the classes.
  std::size_t classes() const { return nodes_.at(nodes_.size() - 1).shape.back(); }

  /// visit(row, site) of a node.
  template <class F>
  auto at(int index, bool training, F&& visit) const {
    const Node& n = node(index);
    std::vector<Shape> in;
    for (const int from : n.inputs) in.push_back(node(from).shape);
    return visit(row_of(n.op), Site{in, n.attributes, n.shape, training});
  }

 private:
  std::vector<Node> nodes_;
};

/// Throws Error unless the graph has an input, ends in a loss, and every value but losses has a reader.
void require_complete(const Graph& graph);

/// Fully connected layers {inputs, hidden…, classes}: dense, bias and, but for the last, ReLU; then the loss.
/// Throws Error on fewer than two sizes or a zero.
Graph mlp(std::span<const std::size_t> features);

/// Weights and everything else that training changes.
std::size_t parameter_count(const Graph& graph);
/// Multiply-accumulates of one forward pass over weights and between activations.
double forward_macs(const Graph& graph, std::size_t batch);

/// The work of one forward pass (training = false) or of one training step, in an order of execution. Weight
/// indices count the nodes with a weight matrix; products of two activations have none. Inference leaves out
/// losses and dropout. A training step adds: losses and their gradients; for every weight the outer product
/// dW and, where anything before it is trained, the product with Wᵀ; both products behind a product of two
/// activations; sums of gradients where a value has several readers; the backward of the rest; the
/// optimiser's step. Parameters outside weight matrices live in the digital unit: their update is
/// element-wise work, of an embedding over its whole table, as optimisers with momentum do. Convolutions are
/// products with the unfolded image, but their bytes are those of the image itself; element-wise work is not
/// fused into products. Recurrent operators are a product a token, one after the other; their dW is one
/// product over all tokens. Throws Error on batch 0 or an incomplete graph.
std::vector<Work> lower(const Graph& graph, std::size_t batch, bool training,
                        const Optimiser& optimiser = {});

}  // namespace fringe
