// From a graph to the plain list of work that hardware prices.
#include "core/error.hpp"
#include "workloads/graph.hpp"

namespace fringe {
namespace {

constexpr double bytes_per_number = 4;

// Largest of a column: 1; subtract it, exponential, sum, divide, subtract the label, divide by the batch: 6.
constexpr double softmax_operations = 7;

class Lowering {
 public:
  Lowering(const Graph& graph, std::size_t batch)
      : graph_(graph), batch_(batch), done_(graph.nodes().size(), -1) {
    int ordinal = 0;
    weight_.assign(graph.nodes().size(), -1);
    for (const int i : graph.dense_nodes()) weight_[static_cast<std::size_t>(i)] = ordinal++;
  }

  void forward(bool with_loss) {
    for (std::size_t i = 1; i < done_.size(); ++i) {
      const Node& n = graph_.nodes()[i];
      const std::vector<int> after = wait_for(done_[source(n)]);
      switch (n.op) {
        case Operator::input:
          break;
        case Operator::dense:
          done_[i] = product(i, false, after);
          break;
        case Operator::bias:
          done_[i] = elementwise(n, n.name, batch_, 1, 2 * values(n) + vector(n), after);
          break;
        case Operator::relu:
          done_[i] = elementwise(n, n.name, batch_, 1, 2 * values(n), after);
          break;
        case Operator::softmax_cross_entropy:  // reads logits and labels, writes the gradient
          if (with_loss)
            done_[i] = elementwise(n, n.name, batch_, softmax_operations,
                                   2 * values(n) + static_cast<double>(batch_), after);
          break;
      }
    }
  }

  void backward(const Optimiser& optimiser) {
    int gradient = done_.back();  // the work that made the gradient of the value being visited
    struct Update {
      std::size_t node;
      std::vector<int> after;
    };
    std::vector<Update> updates;
    for (std::size_t i = done_.size() - 1; i-- > 1;) {
      const Node& n = graph_.nodes()[i];
      const std::string name = n.name + ".backward";
      switch (n.op) {
        case Operator::bias:  // sums over the batch; the gradient itself passes unchanged
          updates.push_back({i, {elementwise(n, name, batch_, 1, values(n) + vector(n), {gradient})}});
          break;
        case Operator::relu:
          gradient = elementwise(n, name, batch_, 1, 3 * values(n), {gradient});
          break;
        case Operator::dense: {
          // New weights may be written once both products that need the old ones, or make the new ones, are
          // done.
          updates.push_back({i, {outer_product(i, {gradient})}});
          if (graph_.nodes()[source(n)].op != Operator::input) {
            gradient = product(i, true, {gradient});
            updates.back().after.push_back(gradient);
          }
          break;
        }
        case Operator::input:
        case Operator::softmax_cross_entropy:
          break;
      }
    }
    for (const Update& u : updates) update(u.node, optimiser, u.after);
  }

  std::vector<Work> take() { return std::move(work_); }

 private:
  static std::size_t source(const Node& n) { return static_cast<std::size_t>(n.inputs[0]); }
  static std::vector<int> wait_for(int index) {
    return index < 0 ? std::vector<int>{} : std::vector<int>{index};
  }
  double values(const Node& n) const { return vector(n) * static_cast<double>(batch_); }
  static double vector(const Node& n) { return static_cast<double>(n.features); }

  int append(Work work, double numbers, std::vector<int> after) {
    work.bytes = bytes_per_number * numbers;
    work.after = std::move(after);
    work_.push_back(std::move(work));
    return static_cast<int>(work_.size()) - 1;
  }

  int elementwise(const Node& n, std::string name, std::size_t columns, double operations, double numbers,
                  std::vector<int> after) {
    Work work;
    work.kind = Work::Kind::elementwise;
    work.name = std::move(name);
    work.rows = n.features;
    work.columns = columns;
    work.operations_per_element = operations;
    return append(std::move(work), numbers, std::move(after));
  }

  Work matrix_work(std::size_t i, Work::Kind kind, const char* suffix) const {
    const Node& n = graph_.nodes()[i];
    Work work;
    work.kind = kind;
    work.name = n.name + suffix;
    work.weight = weight_[i];
    work.rows = n.features;
    work.inner = graph_.nodes()[source(n)].features;
    return work;
  }

  // W, the operand and the result: one is the weight's size, the others are batches.
  double product_numbers(const Work& w) const {
    return static_cast<double>(w.rows) * static_cast<double>(w.inner) +
           static_cast<double>(w.rows + w.inner) * static_cast<double>(batch_);
  }

  int product(std::size_t i, bool transposed, std::vector<int> after) {
    Work work = matrix_work(i, Work::Kind::product, transposed ? ".backward_input" : "");
    work.transposed = transposed;
    work.columns = batch_;
    const double numbers = product_numbers(work);
    return append(std::move(work), numbers, std::move(after));
  }

  int outer_product(std::size_t i, std::vector<int> after) {
    Work work = matrix_work(i, Work::Kind::outer_product, ".backward_weight");
    work.columns = batch_;
    const double numbers = product_numbers(work);
    return append(std::move(work), numbers, std::move(after));
  }

  void update(std::size_t i, const Optimiser& optimiser, const std::vector<int>& after) {
    const Node& n = graph_.nodes()[i];
    if (n.op == Operator::bias) {
      elementwise(n, n.name + ".update", 1, optimiser.operations(), optimiser.transfers() * vector(n), after);
      return;
    }
    Work work = matrix_work(i, Work::Kind::weight_update, ".update");
    work.operations_per_element = optimiser.operations();
    const double weights = static_cast<double>(work.rows) * static_cast<double>(work.inner);
    append(std::move(work), optimiser.transfers() * weights, after);
  }

  const Graph& graph_;
  std::size_t batch_;
  std::vector<Work> work_;
  std::vector<int> done_;    // node → the work that made its value; −1: there from the start
  std::vector<int> weight_;  // node → number of the dense; −1: another operator
};

}  // namespace

std::vector<Work> lower(const Graph& graph, std::size_t batch, bool training, const Optimiser& optimiser) {
  require_complete(graph);
  if (batch == 0) throw Error("batch = 0; must be at least 1");
  if (training) validate(optimiser);
  Lowering lowering(graph, batch);
  lowering.forward(training);
  if (training) lowering.backward(optimiser);
  return lowering.take();
}

}  // namespace fringe
