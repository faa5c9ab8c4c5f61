#include "workloads/graph.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fringe {
namespace {

bool has_weight(const Node& node) {
  const OperatorKind kind = row_of(node.op).kind;
  return kind == OperatorKind::weighted || kind == OperatorKind::recurrence;
}

std::string default_name(Operator op, std::size_t number) {
  if (op == Operator::input) return "input";
  if (op == Operator::softmax_cross_entropy && number == 1) return "loss";
  return std::string(to_string(op)) + std::to_string(number);
}

}  // namespace

int Graph::add(Operator op, std::vector<int> inputs, Attributes attributes, std::string name) {
  const auto same_kind =
      std::count_if(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.op == op; });
  if (name.empty()) name = default_name(op, static_cast<std::size_t>(same_kind) + 1);
  const std::string where = "operator '" + name + "': ";
  const OperatorRow& row = row_of(op);
  if (op == Operator::input && !nodes_.empty())
    throw Error("a graph has one input, its first operator; '" + nodes_[0].name + "' is there");
  if (op != Operator::input && nodes_.empty())
    throw Error(where + "comes first; a graph starts with its input");
  if (std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& n) { return n.name == name; }))
    throw Error(where + "the name is in use; names must differ");
  if (row.inputs >= 0 ? inputs.size() != static_cast<std::size_t>(row.inputs) : inputs.size() < 2)
    throw Error(where + "reads " + std::to_string(inputs.size()) + " values; must be " +
                (row.inputs >= 0 ? std::to_string(row.inputs) : "two or more"));
  std::vector<Shape> in;
  for (const int from : inputs) {
    if (from < 0 || from >= static_cast<int>(nodes_.size()))
      throw Error(where + "reads operator " + std::to_string(from) + ", but there are only " +
                  std::to_string(nodes_.size()));
    if (row_of(node(from).op).kind == OperatorKind::loss)
      throw Error(where + "follows the loss '" + node(from).name + "'; a loss ends the graph");
    in.push_back(node(from).shape);
  }
  Shape shape;
  try {
    shape = row.shape(in, attributes);
  } catch (const Error& error) {
    throw Error(where + error.what());
  }
  const std::size_t features = numbers(shape);
  if (features == 0) throw Error(where + "features = 0; must be at least 1");
  nodes_.push_back(
      {op, std::move(name), std::move(inputs), features, std::move(shape), std::move(attributes)});
  return static_cast<int>(nodes_.size()) - 1;
}

int Graph::input(Shape shape, std::string name) {
  Attributes attributes;
  attributes.shape = std::move(shape);
  return add(Operator::input, {}, std::move(attributes), std::move(name));
}

int Graph::dense(int from, std::size_t features, std::string name) {
  Attributes attributes;
  attributes.features = features;
  return add(Operator::dense, {from}, std::move(attributes), std::move(name));
}

std::vector<int> Graph::weight_nodes() const {
  std::vector<int> indices;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (has_weight(nodes_[i])) indices.push_back(static_cast<int>(i));
  return indices;
}

Products Graph::products(int index) const {
  return at(index, false, [](const OperatorRow& row, const Site& site) {
    return row.products == nullptr ? Products{} : row.products(site);
  });
}

std::size_t Graph::vectors(int index) const {
  return at(index, false, [](const OperatorRow& row, const Site& site) {
    return row.vectors == nullptr ? std::size_t{0} : row.vectors(site);
  });
}

void require_complete(const Graph& graph) {
  const auto nodes = graph.nodes();
  if (nodes.empty()) throw Error("the graph has no operators; it must have an input, a dense and a loss");
  const auto is_loss = [](const Node& n) { return row_of(n.op).kind == OperatorKind::loss; };
  if (!is_loss(nodes.back()))
    throw Error("the graph ends in '" + nodes.back().name +
                "'; it must end in a loss, e.g. softmax_cross_entropy");
  std::vector<bool> read(nodes.size());
  for (const Node& n : nodes)
    for (const int from : n.inputs) read[static_cast<std::size_t>(from)] = true;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (!read[i] && !is_loss(nodes[i]))
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
  for (const int i : graph.weight_nodes()) count += graph.products(i).weights();
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) count += graph.vectors(i);
  return count;
}

double forward_macs(const Graph& graph, std::size_t batch) {
  double macs = 0;
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) macs += graph.products(i).macs();
  return macs * static_cast<double>(batch);
}

}  // namespace fringe
