// Which numbers a network starts from.
#include <cmath>

#include "core/draw.hpp"
#include "workloads/network.hpp"

namespace fringe {
namespace {

// Whether what comes next, but for a bias or a norm, is a ReLU.
bool before_relu(const Graph& graph, std::size_t node) {
  const auto nodes = graph.nodes();
  for (std::size_t i = node + 1; i < nodes.size(); ++i) {
    if (nodes[i].inputs.empty() || static_cast<std::size_t>(nodes[i].inputs[0]) != node) continue;
    if (nodes[i].op == Operator::relu) return true;
    if (nodes[i].op != Operator::bias && nodes[i].op != Operator::batch_norm) return false;
    node = i;
  }
  return false;
}

std::vector<float> normals(std::size_t count, double spread, std::uint64_t seed, std::size_t site) {
  std::vector<float> values(count);
  fill_normal(values,
              {.seed = seed, .purpose = Purpose::initial_weights, .site = static_cast<std::uint32_t>(site)});
  for (float& v : values) v *= static_cast<float>(spread);
  return values;
}

bool is_norm(Operator op) {
  return op == Operator::layer_norm || op == Operator::batch_norm || op == Operator::rms_norm;
}

}  // namespace

Parameters initial_parameters(const Graph& graph, std::uint64_t seed) {
  require_executable(graph);
  constexpr double small = 0.02;
  const auto nodes = graph.nodes();
  Parameters parameters;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    const OperatorKind kind = row_of(n.op).kind;
    if (kind == OperatorKind::weighted || kind == OperatorKind::recurrence) {
      const Products p = graph.products(static_cast<int>(i));
      const auto in = static_cast<double>(p.inner), out = static_cast<double>(p.rows);
      const double variance = before_relu(graph, i) ? 2.0 / in : 2.0 / (in + out);
      parameters.weights.push_back(normals(p.weights(), std::sqrt(variance), seed, i));
    }
    if (const std::size_t count = graph.vectors(static_cast<int>(i)); count > 0) {
      std::vector<float>& v = parameters.vectors.emplace_back(count, 0.0f);
      if (n.op == Operator::embedding || n.op == Operator::learned)
        v = normals(count, small, seed, i);
      else if (is_norm(n.op))
        std::fill_n(v.begin(), n.op == Operator::rms_norm ? count : count / 2, 1.0f);
    }
    if (n.op == Operator::batch_norm) {
      const std::size_t channels = graph.vectors(static_cast<int>(i)) / 2;
      std::vector<float>& state = parameters.states.emplace_back(2 * channels, 0.0f);
      std::fill(state.begin() + static_cast<std::ptrdiff_t>(channels), state.end(), 1.0f);
    }
  }
  return parameters;
}

}  // namespace fringe
