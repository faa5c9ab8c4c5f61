// A workload as a value: operators, each with the number of features it produces. One description serves cost
// (lower), numeric execution (Network) and training. Values are [features × batch]; the batch is no part of
// the graph.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/work.hpp"
#include "workloads/optimiser.hpp"

namespace fringe {

enum class Operator {
  input,                  ///< the batch that the caller gives
  dense,                  ///< y[out×B] = W[out×in]·x[in×B]; runs on the accelerator
  bias,                   ///< y = x + b, after a dense
  relu,                   ///< y = max(x, 0)
  softmax_cross_entropy,  ///< mean over the batch of −log softmax(x)[label]; ends the graph
};
std::string_view to_string(Operator op) noexcept;

struct Node {
  Operator op = Operator::input;
  std::string name;
  std::vector<int> inputs;   ///< indices of the nodes it reads, all smaller than its own
  std::size_t features = 0;  ///< rows of its value; classes for softmax_cross_entropy
};

/// Nodes in order of execution. Every builder infers the shape, checks its arguments and returns the new
/// node's index; it throws Error on a wrong index, zero features, a second reader of one value (values have
/// exactly one), a name in use, an input read by anything but a dense, a bias that follows no dense, or a
/// node after the loss. An empty name becomes e.g. "dense2", the second dense.
class Graph {
 public:
  int input(std::size_t features, std::string name = {});
  int dense(int from, std::size_t features, std::string name = {});
  int bias(int from, std::string name = {});
  int relu(int from, std::string name = {});
  int softmax_cross_entropy(int logits, std::string name = {});

  std::span<const Node> nodes() const noexcept { return nodes_; }
  const Node& node(int index) const { return nodes_.at(static_cast<std::size_t>(index)); }
  /// Indices of the dense nodes in order. The k-th owns weight matrix k.
  std::vector<int> dense_nodes() const;
  std::size_t input_features() const { return nodes_.at(0).features; }
  /// Features of the last node: the classes.
  std::size_t classes() const { return nodes_.at(nodes_.size() - 1).features; }

 private:
  int append(Operator op, int from, std::size_t features, std::string name);
  std::size_t features_of(int index) const;
  std::vector<Node> nodes_;
};

/// Throws Error unless the graph has an input and ends in its loss, and every value has a reader.
void require_complete(const Graph& graph);

/// Fully connected layers {inputs, hidden…, classes}: dense, bias and, but for the last, ReLU; then the loss.
/// Throws Error on fewer than two sizes or a zero.
Graph mlp(std::span<const std::size_t> features);

/// Weights and biases.
std::size_t parameter_count(const Graph& graph);
/// Multiply-accumulates of one forward pass: Σ out·in·batch over the dense operators.
double forward_macs(const Graph& graph, std::size_t batch);

/// The work of one forward pass (training = false) or of one training step, in an order of execution. Weight
/// indices count the dense operators. Inference ends at the logits. A training step adds: the loss and its
/// gradient; for every dense the outer product dW and, but for the first, the product with Wᵀ; the backward
/// of bias and ReLU; the optimiser's step. Biases live in the digital unit: their update is element-wise
/// work. Throws Error on batch 0 or an incomplete graph.
std::vector<Work> lower(const Graph& graph, std::size_t batch, bool training,
                        const Optimiser& optimiser = {});

}  // namespace fringe
