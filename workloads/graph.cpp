#include "workloads/graph.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

bool reads(const Node& node, int index) {
  return std::find(node.inputs.begin(), node.inputs.end(), index) != node.inputs.end();
}

}  // namespace

std::string_view to_string(Operator op) noexcept {
  constexpr std::array<std::string_view, 5> names{"input", "dense", "bias", "relu", "softmax_cross_entropy"};
  return names[static_cast<std::size_t>(op)];
}

int Graph::append(Operator op, int from, std::size_t features, std::string name) {
  const auto same_kind =
      std::count_if(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.op == op; });
  if (name.empty()) name = std::string(to_string(op)) + std::to_string(same_kind + 1);
  const std::string where = "operator '" + name + "': ";
  if (std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.name == name; }))
    throw Error(where + "the name is in use; names must differ");
  if (features == 0) throw Error(where + "features = 0; must be at least 1");
  std::vector<int> inputs;
  if (op != Operator::input) {
    if (from < 0 || from >= static_cast<int>(nodes_.size()))
      throw Error(where + "reads operator " + std::to_string(from) + ", but there are only " +
                  std::to_string(nodes_.size()));
    const Node& source = node(from);
    if (source.op == Operator::softmax_cross_entropy)
      throw Error(where + "follows the loss '" + source.name + "'; a loss ends the graph");
    for (const Node& n : nodes_)
      if (reads(n, from))
        throw Error(where + "reads '" + source.name + "', which '" + n.name +
                    "' reads already; a value has one reader");
    if (op != Operator::dense && source.op == Operator::input)
      throw Error(where + "reads the input '" + source.name + "'; only a dense may");
    if (op == Operator::bias && source.op != Operator::dense)
      throw Error(where + "a bias must follow a dense, not '" + source.name + "'");
    inputs.push_back(from);
  }
  nodes_.push_back({op, std::move(name), std::move(inputs), features});
  return static_cast<int>(nodes_.size()) - 1;
}

int Graph::input(std::size_t features, std::string name) {
  if (!nodes_.empty())
    throw Error("a graph has one input, its first operator; '" + nodes_[0].name + "' is there");
  return append(Operator::input, -1, features, name.empty() ? "input" : std::move(name));
}

int Graph::dense(int from, std::size_t features, std::string name) {
  return append(Operator::dense, from, features, std::move(name));
}

// Operators that keep the shape take it from their source; append() refuses a wrong index before the shape is
// used.
int Graph::bias(int from, std::string name) {
  return append(Operator::bias, from, features_of(from), std::move(name));
}

int Graph::relu(int from, std::string name) {
  return append(Operator::relu, from, features_of(from), std::move(name));
}

int Graph::softmax_cross_entropy(int logits, std::string name) {
  return append(Operator::softmax_cross_entropy, logits, features_of(logits),
                name.empty() ? "loss" : std::move(name));
}

std::size_t Graph::features_of(int index) const {
  const auto i = static_cast<std::size_t>(index);
  return index >= 0 && i < nodes_.size() ? nodes_[i].features : 1;
}

std::vector<int> Graph::dense_nodes() const {
  std::vector<int> indices;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].op == Operator::dense) indices.push_back(static_cast<int>(i));
  return indices;
}

void require_complete(const Graph& graph) {
  const auto nodes = graph.nodes();
  if (nodes.empty()) throw Error("the graph has no operators; it must have an input, a dense and a loss");
  if (nodes.back().op != Operator::softmax_cross_entropy)
    throw Error("the graph ends in '" + nodes.back().name + "'; it must end in softmax_cross_entropy");
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i)
    if (std::none_of(nodes.begin(), nodes.end(),
                     [&](const Node& n) { return reads(n, static_cast<int>(i)); }))
      throw Error("no operator reads '" + nodes[i].name + "'; every value but the loss must be read");
}

Graph mlp(std::span<const std::size_t> features) {
  if (features.size() < 2)
    throw Error("layer sizes: " + std::to_string(features.size()) +
                " given; at least inputs and classes must be");
  Graph graph;
  int node = graph.input(features[0]);
  for (std::size_t layer = 1; layer < features.size(); ++layer) {
    node = graph.bias(graph.dense(node, features[layer]));
    if (layer + 1 < features.size()) node = graph.relu(node);
  }
  graph.softmax_cross_entropy(node);
  return graph;
}

std::size_t parameter_count(const Graph& graph) {
  std::size_t count = 0;
  for (const Node& n : graph.nodes()) {
    if (n.op == Operator::dense) count += n.features * graph.node(n.inputs[0]).features;
    if (n.op == Operator::bias) count += n.features;
  }
  return count;
}

double forward_macs(const Graph& graph, std::size_t batch) {
  double macs = 0;
  for (const int i : graph.dense_nodes()) {
    const Node& n = graph.node(i);
    macs += static_cast<double>(n.features) * static_cast<double>(graph.node(n.inputs[0]).features);
  }
  return macs * static_cast<double>(batch);
}

}  // namespace fringe
