#include "workloads/network.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

std::size_t source(const Node& node) { return static_cast<std::size_t>(node.inputs[0]); }

Matrix as_row(std::span<float> numbers) { return {numbers.data(), 1, numbers.size()}; }

void require_size(const Node& node, const std::vector<std::vector<float>>& all, std::size_t index,
                  std::size_t expected) {
  const std::size_t given = index < all.size() ? all[index].size() : 0;
  if (given != expected)
    throw Error("parameters of '" + node.name + "': " + std::to_string(given) + " numbers given; must be " +
                std::to_string(expected));
}

}  // namespace

void require_executable(const Graph& graph) {
  require_complete(graph);
  const auto nodes = graph.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    const auto refuse = [&](const std::string& what) {
      throw Error("operator '" + n.name + "' " + what + ": it is priced, not executed yet");
    };
    const bool runs = n.op == Operator::input || n.op == Operator::dense || n.op == Operator::bias ||
                      n.op == Operator::relu || n.op == Operator::softmax_cross_entropy;
    if (!runs) refuse("is a " + std::string(to_string(n.op)));
    if (i == 0) continue;
    if (n.shape.size() != 1) refuse("has values of shape " + to_string(n.shape) + ", not [features]");
    const Node& before = nodes[i - 1];
    if (source(n) != i - 1) refuse("doesn't read '" + before.name + "', which stands before it");
    if (before.op == Operator::input && n.op != Operator::dense) refuse("reads the input and is no dense");
    if (n.op == Operator::bias && before.op != Operator::dense) refuse("is a bias behind no dense");
  }
}

Parameters initial_parameters(const Graph& graph, std::uint64_t seed) {
  require_executable(graph);
  const auto nodes = graph.nodes();
  Parameters parameters;
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    if (n.op == Operator::bias) parameters.vectors.emplace_back(n.features, 0.0f);
    if (n.op != Operator::dense) continue;
    // A bias changes no variance.
    std::size_t next = i + 1;
    if (nodes[next].op == Operator::bias) ++next;
    const auto in = static_cast<double>(nodes[source(n)].features);
    const auto out = static_cast<double>(n.features);
    const double variance = nodes[next].op == Operator::relu ? 2.0 / in : 2.0 / (in + out);
    const auto spread = static_cast<float>(std::sqrt(variance));
    std::vector<float>& w = parameters.weights.emplace_back(n.features * nodes[source(n)].features);
    fill_normal(w,
                {.seed = seed, .purpose = Purpose::initial_weights, .site = static_cast<std::uint32_t>(i)});
    for (float& x : w) x *= spread;
  }
  return parameters;
}

Network::Network(const Graph& graph, const Parameters& parameters, Accelerator& accelerator)
    : graph_(graph), accelerator_(&accelerator) {
  require_executable(graph_);
  const auto nodes = graph_.nodes();
  Executor& executor = accelerator.executor();
  ordinal_.assign(nodes.size(), -1);
  slot_.assign(nodes.size(), -1);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    const std::size_t rows = n.features, cols = nodes[source(n)].features;
    if (n.op == Operator::dense) {
      ordinal_[i] = static_cast<int>(dense_.size());
      require_size(n, parameters.weights, dense_.size(), rows * cols);
      const ConstMatrix w(parameters.weights[dense_.size()].data(), rows, cols);
      dense_.push_back(accelerator.program(w, static_cast<std::uint32_t>(i)));
    } else if (n.op == Operator::bias) {
      ordinal_[i] = static_cast<int>(biases_.size());
      require_size(n, parameters.vectors, biases_.size(), rows);
      const std::vector<float>& b = parameters.vectors[biases_.size()];
      biases_.emplace_back(executor, rows).from_host(b);
    }
    slot_[i] = static_cast<int>(dense_.size()) - 1;
  }
}

void Network::reserve(std::size_t batch) {
  if (batch <= capacity_) return;
  values_.clear();
  gradients_.clear();
  for (const auto& matrix : dense_) values_.emplace_back(accelerator_->executor(), matrix->rows() * batch);
  capacity_ = batch;
}

Matrix Network::view(const std::vector<Buffer<float>>& buffers, std::size_t node) const {
  return {buffers[static_cast<std::size_t>(slot_[node])].data(), graph_.nodes()[node].features, batch_};
}

ConstMatrix Network::value(std::size_t node) const { return slot_[node] < 0 ? input_ : view(values_, node); }

ConstMatrix Network::forward(ConstMatrix x, const Context& context) {
  if (x.rows != graph_.input_features())
    throw Error("input '" + graph_.nodes()[0].name + "': " + std::to_string(x.rows) +
                " features given; must be " + std::to_string(graph_.input_features()));
  reserve(x.cols);
  batch_ = x.cols;
  input_ = x;
  Executor& executor = accelerator_->executor();
  const auto nodes = graph_.nodes();
  for (std::size_t i = 1; i + 1 < nodes.size(); ++i) {
    const ConstMatrix from = value(source(nodes[i]));
    const Matrix to = view(values_, i);
    const auto ordinal = static_cast<std::size_t>(ordinal_[i]);
    switch (nodes[i].op) {
      case Operator::dense:
        dense_[ordinal]->forward(from, to, context);
        if (hook_) hook_({nodes[i].name, ordinal, from, to});
        break;
      case Operator::bias:
        executor.add_bias(biases_[ordinal].data(), to);
        break;
      case Operator::relu:
        executor.relu(from, to);
        break;
      default:  // input and loss; require_executable() lets nothing else in
        break;
    }
  }
  return value(nodes.size() - 2);
}

void Network::prepare_training() {
  Executor& executor = accelerator_->executor();
  if (trained_.empty()) {
    const auto add = [&](std::span<float> values, std::span<float> gradients) {
      executor.fill(as_row(gradients), 0);
      trained_.push_back({values, gradients, {executor, values.size()}, {executor, values.size()}});
    };
    for (const auto& matrix : dense_) add(matrix->parameters(), matrix->gradients());
    for (const Buffer<float>& bias : biases_)
      add(bias.span(), bias_gradients_.emplace_back(executor, bias.size()).span());
  }
  if (gradients_.empty())
    for (const auto& matrix : dense_) gradients_.emplace_back(executor, matrix->rows() * capacity_);
}

double Network::loss(const std::int32_t* labels) {
  return accelerator_->executor().softmax_cross_entropy(value(graph_.nodes().size() - 2), labels, {});
}

double Network::backward(const std::int32_t* labels, const Context& context) {
  prepare_training();
  Executor& executor = accelerator_->executor();
  const auto nodes = graph_.nodes();
  const std::size_t logits = nodes.size() - 2;
  const double mean_loss = executor.softmax_cross_entropy(value(logits), labels, view(gradients_, logits));
  for (std::size_t i = logits; i > 0; --i) {
    const Matrix dy = view(gradients_, i);
    const auto ordinal = static_cast<std::size_t>(ordinal_[i]);
    switch (nodes[i].op) {
      case Operator::dense:
        dense_[ordinal]->backward(dy, ordinal > 0 ? view(gradients_, source(nodes[i])) : Matrix{}, context);
        break;
      case Operator::bias:
        executor.add_row_sums(dy, bias_gradients_[ordinal].data());
        break;
      case Operator::relu:
        executor.relu_backward(view(values_, i), dy, dy);
        break;
      default:  // input and loss; require_executable() lets nothing else in
        break;
    }
  }
  return mean_loss;
}

void Network::step(const Optimiser& optimiser, float rate) {
  prepare_training();
  Executor& executor = accelerator_->executor();
  if (steps_ == 0 || optimiser.kind != kind_) {
    steps_ = 0;
    kind_ = optimiser.kind;
    for (const Trained& t : trained_) {
      executor.fill(as_row(t.first.span()), 0);
      executor.fill(as_row(t.second.span()), 0);
    }
  }
  ++steps_;
  for (const Trained& t : trained_) {
    if (kind_ == Optimiser::Kind::adam)
      executor.adam_step(t.values.size(), t.values.data(), t.gradients.data(), t.first.data(),
                         t.second.data(), steps_, rate, optimiser.beta1, optimiser.beta2, optimiser.epsilon);
    else
      executor.sgd_step(t.values.size(), t.values.data(), t.gradients.data(), t.first.data(), rate,
                        optimiser.momentum);
    executor.fill(as_row(t.gradients), 0);
  }
  for (const auto& matrix : dense_) matrix->commit();
}

Parameters Network::parameters() const {
  Parameters parameters;
  for (const auto& matrix : dense_) {
    std::vector<float>& w = parameters.weights.emplace_back(matrix->rows() * matrix->cols());
    matrix->realised({w.data(), matrix->rows(), matrix->cols()});
  }
  for (const Buffer<float>& bias : biases_) parameters.vectors.push_back(bias.to_host());
  return parameters;
}

}  // namespace fringe
