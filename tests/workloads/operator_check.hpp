// Any operator in a small network against plain loops in double that a test writes from its definition.
//
//   Graph graph;
//   const int x = spread(graph, {2, 5, 4});                     // numbers that depend on parameters
//   finish(graph, graph.add(Operator::max_pool, {x}, attributes));
//   check(graph, 5, {{Operator::max_pool, max_pool_reference}});
//
// compares what the loss reads, in training and at inference, the loss, and the gradient of every parameter
// with the reference's derivative; all within the bounds that `Tracked` derives. The gradient of an
// operator's input is that of the dense before it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tracked.hpp"
#include "workloads/network.hpp"

namespace fringe::testing {

/// A value of a whole batch, [numbers of the shape × batch], as the library lays it out.
using Values = std::vector<Tracked>;

struct ReferenceCall {
  const Node& node;
  std::vector<Shape> in;
  std::size_t batch;
  bool training;
  std::vector<const Values*> x;              ///< of each input
  const Values &weights, &vectors, &states;  ///< the node's, as in Parameters
  const std::vector<std::int32_t>& labels;   ///< losses: of each sample (and token)
  const std::vector<float>& targets;         ///< losses: values
  std::size_t index;                         ///< of the node

  const Attributes& attributes() const { return node.attributes; }
};
/// The value made; of a loss its mean alone.
using Reference = std::function<Values(const ReferenceCall&)>;
using References = std::map<Operator, Reference>;

/// input, dense on [features] and on [tokens, features], bias, relu, reshape and softmax_cross_entropy over
/// the last dimension.
const References& basic_references();

/// Starts the graph: three numbers a sample, dense to as many as the shape has, reshape.
int spread(Graph& graph, const Shape& shape);
/// Another value of any shape from the graph's input.
int spread_more(Graph& graph, const Shape& shape);
/// Ends it: flatten, dense to three classes, cross entropy.
void finish(Graph& graph, int from);

struct CheckOptions {
  std::vector<float> x;              ///< [features × batch]; empty: normals
  std::vector<std::int32_t> labels;  ///< empty: 0, 1, 2, 0, …
  std::size_t most = 40;             ///< gradients compared of each list of parameters, evenly spread
  Context context;
};

/// Expects (GoogleTest) that a Network on CPU BLAS computes what the references say; parameters are
/// initial_parameters with every list of vectors redrawn around 1, states around 0 and 1.
void check(const Graph& graph, std::size_t batch, const References& references,
           const CheckOptions& options = {});

/// The parameters that check() uses.
Parameters check_parameters(const Graph& graph);

/// To be told by a reference how far a decision (a sign, the larger of two) is from falling the other way;
/// check() fails where float32 could decide otherwise.
void near_kink(const Tracked& distance);

}  // namespace fringe::testing
