// From a graph to the plain list of work that hardware prices.
#include <algorithm>

#include "core/error.hpp"
#include "workloads/graph.hpp"

namespace fringe {
namespace {

constexpr double bytes_per_number = 4;

using Indices = std::vector<int>;

void push_unique(Indices& list, int index) {
  if (index >= 0 && std::find(list.begin(), list.end(), index) == list.end()) list.push_back(index);
}

class Lowering {
 public:
  Lowering(const Graph& graph, std::size_t batch, bool training)
      : graph_(graph),
        batch_(batch),
        training_(training),
        done_(graph.nodes().size(), -1),
        weight_(graph.nodes().size(), -1),
        vectors_(graph.nodes().size()),
        trained_(graph.nodes().size()) {
    int ordinal = 0;
    for (const int i : graph.weight_nodes()) weight_[static_cast<std::size_t>(i)] = ordinal++;
    for (std::size_t i = 0; i < done_.size(); ++i) {
      vectors_[i] = static_cast<double>(graph.vectors(static_cast<int>(i)));
      const Node& n = node(i);
      trained_[i] = weight_[i] >= 0 || vectors_[i] > 0 || n.attributes.tied ||
                    std::any_of(n.inputs.begin(), n.inputs.end(),
                                [&](int from) { return trained_[static_cast<std::size_t>(from)]; });
    }
  }

  void forward() {
    for (std::size_t i = 0; i < done_.size(); ++i) {
      const OperatorRow& row = row_of(node(i).op);
      Indices after;
      for (const int from : node(i).inputs) push_unique(after, done_[static_cast<std::size_t>(from)]);
      switch (row.kind) {
        case OperatorKind::source:
          break;
        case OperatorKind::view:
          pass_through(i);
          break;
        case OperatorKind::weighted:
          done_[i] = weighted(i, Work::Kind::product, "", false, after);
          break;
        case OperatorKind::activations:
          done_[i] = activations(i, after);
          break;
        case OperatorKind::recurrence:
          done_[i] = recurrence(i, after);
          break;
        case OperatorKind::elementwise:
          if (row.training_only && !training_)
            pass_through(i);
          else
            done_[i] = elementwise_forward(i, after);
          break;
        case OperatorKind::loss:
          if (training_) done_[i] = elementwise_forward(i, after);
          break;
      }
    }
  }

  void backward(const Optimiser& optimiser) {
    std::vector<Indices> gradients(done_.size());  // the work whose results make the gradient of a value
    for (std::size_t i = done_.size(); i-- > 0;) {
      const Node& n = node(i);
      const OperatorRow& row = row_of(n.op);
      if (!trained_[i]) continue;
      if (row.kind == OperatorKind::loss) {
        hand_on(i, done_[i], gradients);
        continue;
      }
      if (gradients[i].size() > 1) gradients[i] = {sum_of(i, gradients[i])};
      const Indices& dy = gradients[i];
      switch (row.kind) {
        case OperatorKind::weighted:
          weighted_backward(i, dy, gradients);
          break;
        case OperatorKind::activations:
          activations_backward(i, dy, gradients);
          break;
        case OperatorKind::recurrence:
          recurrence_backward(i, dy, gradients);
          break;
        case OperatorKind::source:
        case OperatorKind::elementwise:
          elementwise_backward(i, dy, gradients);
          break;
        case OperatorKind::view:
        case OperatorKind::loss:
          hand_on(i, dy.at(0), gradients);
          break;
      }
    }
    for (const Update& u : updates_) update(u, optimiser);
  }

  std::vector<Work> take() { return std::move(work_); }

 private:
  struct Update {
    std::size_t node;
    bool matrix;
    Indices after;
  };

  const Node& node(std::size_t i) const { return graph_.nodes()[i]; }
  double batch() const { return static_cast<double>(batch_); }
  double values(std::size_t i) const { return static_cast<double>(node(i).features) * batch(); }
  std::size_t source(std::size_t i) const { return static_cast<std::size_t>(node(i).inputs[0]); }

  void pass_through(std::size_t i) { done_[i] = done_[source(i)]; }

  void hand_on(std::size_t i, int gradient, std::vector<Indices>& gradients) const {
    for (const int from : node(i).inputs)
      if (trained_[static_cast<std::size_t>(from)])
        push_unique(gradients[static_cast<std::size_t>(from)], gradient);
  }

  int append(Work work, double numbers, Indices after) {
    work.bytes = bytes_per_number * numbers;
    work.after = std::move(after);
    work_.push_back(std::move(work));
    return static_cast<int>(work_.size()) - 1;
  }

  int elementwise(std::string name, std::size_t rows, std::size_t columns, double operations, double numbers,
                  Indices after, double stored = 0) {
    Work work;
    work.kind = Work::Kind::elementwise;
    work.name = std::move(name);
    work.rows = rows;
    work.columns = columns;
    work.operations_per_element = operations;
    work.off_chip_bytes = bytes_per_number * stored;
    return append(std::move(work), numbers, std::move(after));
  }

  // ---- element-wise work and losses

  int elementwise_forward(std::size_t i, const Indices& after) {
    return graph_.at(static_cast<int>(i), training_, [&](const OperatorRow& row, const Site& site) {
      double numbers = values(i) + vectors_[i];
      for (const int from : node(i).inputs) numbers += values(static_cast<std::size_t>(from));
      if (row.forward_numbers != nullptr) numbers = row.forward_numbers(site) * batch();
      const double stored = row.stored_numbers != nullptr ? row.stored_numbers(site) * batch() : 0;
      return elementwise(node(i).name, node(i).features, batch_,
                         row.operations != nullptr ? row.operations(site) : 0, numbers, after, stored);
    });
  }

  // A parameter's gradient sums over the batch; where the gradient itself passes unchanged, nothing else is
  // written.
  void elementwise_backward(std::size_t i, const Indices& dy, std::vector<Indices>& gradients) {
    const OperatorRow& row = row_of(node(i).op);
    int gradient = dy.at(0);
    const bool sums_alone = row.passes_gradient || row.kind == OperatorKind::source;
    if (!sums_alone || vectors_[i] > 0) {
      double numbers =
          values(i) * (1 + (sums_alone ? 0 : row.saved)) + (node(i).attributes.tied ? 0 : vectors_[i]);
      if (row.op == Operator::embedding)
        numbers = 3 * values(i);  // adds dy to the rows that were looked up
      else if (!sums_alone)
        for (const int from : node(i).inputs)
          if (trained_[static_cast<std::size_t>(from)]) numbers += values(static_cast<std::size_t>(from));
      gradient = elementwise(node(i).name + ".backward", node(i).features, batch_, row.backward_operations,
                             numbers, dy);
      if (vectors_[i] > 0) updates_.push_back({i, false, {gradient}});
      if (node(i).attributes.tied) tied_.push_back({i, false, {gradient}});
    }
    hand_on(i, sums_alone ? dy.at(0) : gradient, gradients);
  }

  int sum_of(std::size_t i, const Indices& parts) {
    const auto count = static_cast<double>(parts.size());
    return elementwise(node(i).name + ".gradient_sum", node(i).features, batch_, count - 1,
                       (count + 1) * values(i), parts);
  }

  // ---- products with weights

  Work matrix_work(std::size_t i, Work::Kind kind, const char* suffix) const {
    const Products p = graph_.products(static_cast<int>(i));
    Work work;
    work.kind = kind;
    work.name = node(i).name + suffix;
    work.weight = weight_[i];
    work.rows = p.rows;
    work.inner = p.inner;
    work.groups = p.groups;
    return work;
  }

  double weights(std::size_t i) const {
    return static_cast<double>(graph_.products(static_cast<int>(i)).weights());
  }

  // W, the operand and the result: one is the weight's size, the others are batches.
  int weighted(std::size_t i, Work::Kind kind, const char* suffix, bool transposed, Indices after) {
    Work work = matrix_work(i, kind, suffix);
    work.transposed = transposed;
    work.columns = graph_.products(static_cast<int>(i)).columns * batch_;
    return append(std::move(work), weights(i) + values(source(i)) + values(i), std::move(after));
  }

  void weighted_backward(std::size_t i, const Indices& dy, std::vector<Indices>& gradients) {
    // New weights may be written once both products that need the old ones, or make the new ones, are done.
    updates_.push_back({i, true, {weighted(i, Work::Kind::outer_product, ".backward_weight", false, dy)}});
    if (!trained_[source(i)]) return;
    const int dx = weighted(i, Work::Kind::product, ".backward_input", true, dy);
    updates_.back().after.push_back(dx);
    hand_on(i, dx, gradients);
  }

  // ---- products of two activations

  int dynamic_product(std::string name, std::size_t rows, std::size_t inner, std::size_t columns,
                      std::size_t groups, double stored, Indices after) {
    Work work;
    work.name = std::move(name);
    work.rows = rows;
    work.inner = inner;
    work.columns = columns;
    work.groups = groups;
    work.off_chip_bytes = bytes_per_number * stored;
    const double numbers = static_cast<double>(rows * inner + inner * columns + rows * columns);
    return append(std::move(work), numbers * static_cast<double>(groups), std::move(after));
  }

  // A cache of earlier tokens lies off chip: between two tokens all the other layers have passed.
  int activations(std::size_t i, Indices after) {
    const Products p = graph_.products(static_cast<int>(i));
    double stored = 0;
    for (const int from : node(i).inputs) {
      std::size_t origin = static_cast<std::size_t>(from);
      while (row_of(node(origin).op).kind == OperatorKind::view) origin = source(origin);
      if (node(origin).op == Operator::cache) stored += values(origin);
    }
    return dynamic_product(node(i).name, p.rows, p.inner, p.columns, p.groups * batch_, stored,
                           std::move(after));
  }

  // dA = dY·Bᵀ, dB = Aᵀ·dY.
  void activations_backward(std::size_t i, const Indices& dy, std::vector<Indices>& gradients) {
    const Products p = graph_.products(static_cast<int>(i));
    const auto left = source(i), right = static_cast<std::size_t>(node(i).inputs[1]);
    const std::size_t groups = p.groups * batch_;
    if (trained_[left])
      push_unique(gradients[left], dynamic_product(node(i).name + ".backward_left", p.rows, p.columns,
                                                   p.inner, groups, 0, dy));
    if (trained_[right])
      push_unique(gradients[right], dynamic_product(node(i).name + ".backward_right", p.inner, p.rows,
                                                    p.columns, groups, 0, dy));
  }

  // ---- recurrence: a token at a time

  int recurrent_product(std::size_t i, const char* suffix, bool transposed, Indices after) {
    Work work = matrix_work(i, Work::Kind::product, suffix);
    work.transposed = transposed;
    work.columns = batch_;
    const double numbers = weights(i) + static_cast<double>(work.rows + work.inner) * batch();
    return append(std::move(work), numbers, std::move(after));
  }

  int recurrence(std::size_t i, const Indices& after) {
    return graph_.at(static_cast<int>(i), training_, [&](const OperatorRow& row, const Site& site) {
      const Products p = row.products(site);
      Indices before = after;
      for (std::size_t step = 0; step < p.steps; ++step) {
        const int product = recurrent_product(i, "", false, before);
        // Gate inputs of both products, the state in and out.
        const double numbers =
            (2.0 * static_cast<double>(p.rows) + 4.0 * static_cast<double>(p.inner)) * batch();
        before = {elementwise(node(i).name + ".cell", p.inner, batch_, row.operations(site),
                              numbers + vectors_[i], {product})};
      }
      return before.at(0);
    });
  }

  void recurrence_backward(std::size_t i, const Indices& dy, std::vector<Indices>& gradients) {
    const OperatorRow& row = row_of(node(i).op);
    const Products p = graph_.products(static_cast<int>(i));
    Indices before = dy;
    for (std::size_t step = 0; step < p.steps; ++step) {
      const double numbers =
          (static_cast<double>(p.rows) + (2.0 + row.saved) * static_cast<double>(p.inner)) * batch();
      const int cell = elementwise(node(i).name + ".cell.backward", p.inner, batch_, row.backward_operations,
                                   numbers + vectors_[i], before);
      before = {recurrent_product(i, ".backward_input", true, {cell})};
    }
    Work work = matrix_work(i, Work::Kind::outer_product, ".backward_weight");
    work.columns = p.steps * batch_;
    const double numbers = weights(i) + static_cast<double>((p.rows + p.inner) * p.steps) * batch();
    const int outer = append(std::move(work), numbers, before);
    updates_.push_back({i, true, {outer}});
    updates_.push_back({i, false, before});
    hand_on(i, before.at(0), gradients);
  }

  // ---- updates

  void update(const Update& u, const Optimiser& optimiser) {
    const std::string name =
        node(u.node).name + (u.matrix || weight_[u.node] < 0 ? ".update" : ".bias.update");
    if (!u.matrix) {
      const auto count = static_cast<std::size_t>(vectors_[u.node]);
      const int step = elementwise(name, count, 1, optimiser.operations(),
                                   optimiser.transfers() * vectors_[u.node], u.after);
      work_[static_cast<std::size_t>(step)].issues = optimiser.issues;
      return;
    }
    Work work = matrix_work(u.node, Work::Kind::weight_update, ".update");
    work.operations_per_element = optimiser.operations();
    work.issues = optimiser.issues;
    Indices after = u.after;
    for (const Update& other : tied_) {
      const Attributes& a = node(other.node).attributes;
      if (a.vocabulary == work.rows && a.features == work.inner)
        for (const int index : other.after) push_unique(after, index);
    }
    append(std::move(work), optimiser.transfers() * weights(u.node), std::move(after));
  }

  const Graph& graph_;
  std::size_t batch_;
  bool training_;
  std::vector<Work> work_;
  Indices done_;                 // node → the work that made its value; −1: there from the start
  Indices weight_;               // node → number of its weight matrix; −1: none
  std::vector<double> vectors_;  // node → parameters in the digital unit
  std::vector<bool> trained_;    // node → whether it or anything before it has parameters
  std::vector<Update> updates_, tied_;
};

}  // namespace

std::vector<Work> lower(const Graph& graph, std::size_t batch, bool training, const Optimiser& optimiser) {
  require_complete(graph);
  if (batch == 0) throw Error("batch = 0; must be at least 1");
  if (training) validate(optimiser);
  Lowering lowering(graph, batch, training);
  lowering.forward();
  if (training) lowering.backward(optimiser);
  return lowering.take();
}

}  // namespace fringe
