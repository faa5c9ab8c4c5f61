#include "workloads/training_memory.hpp"

#include <algorithm>
#include <vector>

namespace fringe {
namespace {

Keeps kept_by(const OperatorRow& row) {
  switch (row.kind) {
    case OperatorKind::weighted:
    case OperatorKind::activations:
      return Keeps::inputs;
    case OperatorKind::recurrence:
      return Keeps::result;
    default:
      return row.keeps;
  }
}

}  // namespace

KeptValues kept_values(const Graph& graph) {
  const auto nodes = graph.nodes();
  // Views are their source's numbers; what nothing before is trained has no pass back.
  std::vector<std::size_t> origin(nodes.size());
  std::vector<bool> trained(nodes.size()), kept(nodes.size());
  KeptValues total;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const OperatorRow& row = row_of(node.op);
    const auto each_input = [&](auto&& visit) {
      for (const int from : node.inputs) visit(static_cast<std::size_t>(from));
    };
    origin[i] = row.kind == OperatorKind::view ? origin[static_cast<std::size_t>(node.inputs[0])] : i;
    const bool weights = row.kind == OperatorKind::weighted || row.kind == OperatorKind::recurrence ||
                         node.attributes.tied || graph.vectors(static_cast<int>(i)) > 0;
    trained[i] = weights;
    each_input([&](std::size_t from) { trained[i] = trained[i] || trained[from]; });
    if (!trained[i]) continue;
    if (kept_by(row) == Keeps::inputs) each_input([&](std::size_t from) { kept[origin[from]] = true; });
    if (kept_by(row) == Keeps::result) kept[i] = true;
    const double size = static_cast<double>(node.features);
    if (row.kind == OperatorKind::recurrence) total.numbers += row.saved * size;
    total.bytes += row.kept_bytes * size;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    // A learned value is a parameter.
    if (kept[i] && nodes[i].op != Operator::learned) total.numbers += static_cast<double>(nodes[i].features);
  return total;
}

TrainingMemory training_memory(const Graph& graph, const Optimiser& optimiser, std::size_t batch,
                               double bytes_per_number) {
  const double states = optimiser.is_adam() ? 2 : optimiser.momentum > 0 ? 1 : 0;
  const KeptValues kept = kept_values(graph);
  return {static_cast<double>(parameter_count(graph)) * (2 + states) * std::max(4.0, bytes_per_number),
          static_cast<double>(batch) * (kept.numbers * bytes_per_number + kept.bytes)};
}

}  // namespace fringe
