#include "workloads/value_plan.hpp"

#include <algorithm>

namespace fringe {
namespace {

// Slots that grow to their largest tenant.
class Slots {
 public:
  int take(std::size_t size) {
    // The smallest that is large enough, else the largest, which grows.
    int best = -1;
    for (const int slot : free_) {
      const std::size_t has = sizes_[at(slot)], held = best < 0 ? 0 : sizes_[at(best)];
      const bool better = best < 0 || (has >= size ? held < size || has < held : held < size && has > held);
      if (better) best = slot;
    }
    if (best < 0) {
      sizes_.push_back(size);
      return static_cast<int>(sizes_.size()) - 1;
    }
    free_.erase(std::find(free_.begin(), free_.end(), best));
    sizes_[at(best)] = std::max(sizes_[at(best)], size);
    return best;
  }
  void release(int slot) { free_.push_back(slot); }
  std::vector<std::size_t> sizes() { return std::move(sizes_); }

 private:
  static std::size_t at(int slot) { return static_cast<std::size_t>(slot); }
  std::vector<std::size_t> sizes_;
  std::vector<int> free_;
};

std::vector<std::size_t> last_readers(const Graph& graph) {
  std::vector<std::size_t> last(graph.nodes().size(), 0);
  for (std::size_t i = 0; i < last.size(); ++i)
    for (const int from : graph.nodes()[i].inputs) last[static_cast<std::size_t>(from)] = i;
  return last;
}

std::vector<int> reader_counts(const Graph& graph) {
  std::vector<int> count(graph.nodes().size(), 0);
  for (const Node& n : graph.nodes())
    for (const int from : n.inputs) ++count[static_cast<std::size_t>(from)];
  return count;
}

const OperatorKernel& kernel(std::span<const OperatorKernel> kernels, const Node& node) {
  return kernels[static_cast<std::size_t>(node.op)];
}

}  // namespace

ValuePlan plan_values(const Graph& graph, std::span<const OperatorKernel> kernels, bool training) {
  const auto nodes = graph.nodes();
  const auto last = last_readers(graph);
  const auto readers = reader_counts(graph);
  ValuePlan plan{std::vector<int>(nodes.size(), -1), {}};
  std::vector<bool> kept(nodes.size());  // a pass back reads it
  Slots slots;
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    if (row_of(n.op).kind == OperatorKind::loss) continue;
    const auto from = n.inputs.empty() ? std::size_t{0} : static_cast<std::size_t>(n.inputs[0]);
    // A view of the input is the input; nothing overwrites what the caller holds.
    if (n.op == Operator::reshape && plan.slot[from] < 0) continue;
    const OperatorKernel& k = kernel(kernels, n);
    const bool over = !n.inputs.empty() && k.in_place && plan.slot[from] >= 0 && readers[from] == 1 &&
                      n.features == nodes[from].features && (n.op == Operator::reshape || !kept[from]);
    plan.slot[i] = over ? plan.slot[from] : slots.take(n.features);
    kept[i] = training && (k.reads_output || (over && kept[from]));
    if (training) continue;
    std::vector<int> inputs = n.inputs;
    std::sort(inputs.begin(), inputs.end());
    inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
    for (const int input : inputs) {
      const auto j = static_cast<std::size_t>(input);
      if (last[j] == i && plan.slot[j] >= 0 && plan.slot[j] != plan.slot[i]) slots.release(plan.slot[j]);
    }
  }
  plan.sizes = slots.sizes();
  return plan;
}

ValuePlan plan_gradients(const Graph& graph, std::span<const OperatorKernel> kernels) {
  const auto nodes = graph.nodes();
  const auto readers = reader_counts(graph);
  ValuePlan plan{std::vector<int>(nodes.size(), -1), {}};
  Slots slots;
  for (std::size_t i = nodes.size(); i-- > 1;) {
    const Node& n = nodes[i];
    bool handed_on = false;
    for (const int input : n.inputs) {
      const auto j = static_cast<std::size_t>(input);
      if (j == 0 || plan.slot[j] >= 0) continue;
      const bool over = !handed_on && input == n.inputs[0] && plan.slot[i] >= 0 &&
                        kernel(kernels, n).in_place && readers[j] == 1 && n.features == nodes[j].features;
      plan.slot[j] = over ? plan.slot[i] : slots.take(nodes[j].features);
      handed_on = handed_on || over;
    }
    if (plan.slot[i] >= 0 && !handed_on) slots.release(plan.slot[i]);
  }
  plan.sizes = slots.sizes();
  return plan;
}

}  // namespace fringe
