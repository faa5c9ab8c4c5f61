#include "operator_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/draw.hpp"
#include "electronic/cpu_blas.hpp"

namespace fringe::testing {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

// The smallest distance from a kink, in errors that float32 may make there.
double nearest_kink = 0;

Values dense(const ReferenceCall& c) {
  const std::size_t inner = c.in[0].back(), rows = c.attributes().features;
  const std::size_t tokens = numbers(c.in[0]) / inner;
  Values y(tokens * rows * c.batch);
  // A value of tokens is [tokens × features × batch].
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t b = 0; b < c.batch; ++b) {
        Tracked sum;
        for (std::size_t i = 0; i < inner; ++i)
          sum += c.weights[r * inner + i] * (*c.x[0])[(t * inner + i) * c.batch + b];
        y[(t * rows + r) * c.batch + b] = sum;
      }
  return y;
}

Values bias(const ReferenceCall& c) {
  const Shape& shape = c.node.shape;
  Values y = *c.x[0];
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t feature = i / c.batch;
    y[i] += c.vectors[shape.size() == 3 ? feature / (shape[1] * shape[2]) : feature % shape.back()];
  }
  return y;
}

Values relu(const ReferenceCall& c) {
  const double limit = c.attributes().limit;
  Values y = *c.x[0];
  for (Tracked& v : y) {
    near_kink(v);
    if (limit > 0) near_kink(v - limit);
    v = v.value <= 0 ? Tracked() : limit > 0 && v.value >= limit ? Tracked(limit) : v;
  }
  return y;
}

Values cross_entropy(const ReferenceCall& c) {
  const std::size_t classes = c.in[0].back(), tokens = numbers(c.in[0]) / classes;
  Tracked loss;
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t b = 0; b < c.batch; ++b) {
      const auto z = [&](std::size_t k) { return (*c.x[0])[(t * classes + k) * c.batch + b]; };
      Tracked sum;
      for (std::size_t k = 0; k < classes; ++k) sum += exp(z(k));
      loss += log(sum) - z(static_cast<std::size_t>(c.labels[t * c.batch + b]));
    }
  return {loss / static_cast<double>(tokens * c.batch)};
}

// The graph in Tracked numbers.
class Evaluation {
 public:
  Evaluation(const Graph& graph, std::size_t batch, const References& references,
             const Parameters& parameters, const std::vector<float>& x,
             const std::vector<std::int32_t>& labels, const std::vector<float>& targets)
      : graph_(graph), batch_(batch), references_(references), x_(x), labels_(labels), targets_(targets) {
    for (const auto& list : parameters.weights) weights_.emplace_back(list.begin(), list.end());
    for (const auto& list : parameters.vectors) vectors_.emplace_back(list.begin(), list.end());
    for (const auto& list : parameters.states) states_.emplace_back(list.begin(), list.end());
  }

  /// Lists of parameters: weights, then vectors.
  Values& list(std::size_t k) { return k < weights_.size() ? weights_[k] : vectors_[k - weights_.size()]; }
  std::size_t lists() const { return weights_.size() + vectors_.size(); }

  /// Loss by derivative after one number of the lists.
  Tracked loss(std::size_t k, std::size_t i) {
    Tracked& p = list(k)[i];
    p.slope = p.slope_size = 1;
    run(true);
    p.slope = p.slope_size = 0;
    return values_.back()[0];
  }
  void run(bool training) {
    const auto nodes = graph_.nodes();
    values_.assign(nodes.size(), {});
    values_[0].assign(x_.begin(), x_.end());
    std::size_t weights = 0, vectors = 0, states = 0;
    static const Values none;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      const OperatorKind kind = row_of(nodes[n].op).kind;
      const bool has_weight = kind == OperatorKind::weighted || kind == OperatorKind::recurrence;
      ReferenceCall call{.node = nodes[n],
                         .in = {},
                         .batch = batch_,
                         .training = training,
                         .x = {},
                         .weights = has_weight ? weights_[weights++] : none,
                         .vectors = graph_.vectors(static_cast<int>(n)) > 0 ? vectors_[vectors++] : none,
                         .states = nodes[n].op == Operator::batch_norm ? states_[states++] : none,
                         .labels = labels_,
                         .targets = targets_,
                         .index = n};
      if (n == 0) continue;
      for (const int from : nodes[n].inputs) {
        call.in.push_back(nodes[at(from)].shape);
        call.x.push_back(&values_[at(from)]);
      }
      values_[n] = references_.at(nodes[n].op)(call);
      // What a node hands on is stored: its terms are no longer apart.
      for (Tracked& v : values_[n]) v.size = std::abs(v.value);
    }
  }
  const Values& value(int node) const { return values_[at(node)]; }

 private:
  const Graph& graph_;
  std::size_t batch_;
  const References& references_;
  const std::vector<float>& x_;
  const std::vector<std::int32_t>& labels_;
  const std::vector<float>& targets_;
  std::vector<Values> weights_, vectors_, states_, values_;
};

void expect_values(const ConstMatrix& y, const Values& expected, const char* what) {
  ASSERT_EQ(y.rows * y.cols, expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(y.data[i], expected[i].value, expected[i].error) << what << ", number " << i;
}

}  // namespace

const References& basic_references() {
  static const References all{{Operator::dense, dense},
                              {Operator::bias, bias},
                              {Operator::relu, relu},
                              {Operator::reshape, [](const ReferenceCall& c) { return *c.x[0]; }},
                              {Operator::softmax_cross_entropy, cross_entropy}};
  return all;
}

void near_kink(const Tracked& distance) {
  if (distance.error > 0) nearest_kink = std::min(nearest_kink, std::abs(distance.value) / distance.error);
}

int spread_more(Graph& graph, const Shape& shape) {
  Attributes a;
  a.shape = shape;
  return graph.add(Operator::reshape, {graph.dense(0, numbers(shape))}, a);
}

int spread(Graph& graph, const Shape& shape) {
  graph.input(3);
  return spread_more(graph, shape);
}

void finish(Graph& graph, int from) {
  Attributes a;
  a.shape = {graph.node(from).features};
  graph.softmax_cross_entropy(graph.dense(graph.add(Operator::reshape, {from}, a), 3));
}

Parameters check_parameters(const Graph& graph) {
  Parameters parameters = initial_parameters(graph, 3);
  std::uint32_t site = 100;
  const auto around = [&](float& v, float centre, float draw) { v = centre + 0.25f * draw; };
  for (auto& list : parameters.vectors) {
    std::vector<float> draws(list.size());
    fill_normal(draws, {.seed = 7, .site = site++});
    for (std::size_t i = 0; i < list.size(); ++i) around(list[i], list[i] == 0 ? 0.0f : 1.0f, draws[i]);
  }
  for (auto& list : parameters.states) {
    std::vector<float> draws(list.size());
    fill_normal(draws, {.seed = 7, .site = site++});
    for (std::size_t i = 0; i < list.size(); ++i)  // means around 0, variances above ½
      list[i] = i < list.size() / 2 ? 0.25f * draws[i] : 0.5f + draws[i] * draws[i];
  }
  return parameters;
}

void check(const Graph& graph, std::size_t batch, const References& more, const CheckOptions& options) {
  SCOPED_TRACE("batch " + std::to_string(batch));
  References references = more;
  references.insert(basic_references().begin(), basic_references().end());
  const Parameters parameters = check_parameters(graph);
  std::vector<float> x = options.x;
  if (x.empty()) {
    x.resize(graph.input_features() * batch);
    fill_normal(x, {.seed = 5});
  }
  const auto last = graph.nodes().back().inputs[0];
  const std::size_t classes = graph.node(last).shape.back(), tokens = graph.node(last).features / classes;
  std::vector<std::int32_t> labels = options.labels;
  for (std::size_t i = labels.size(); i < tokens * batch; ++i)
    labels.push_back(static_cast<std::int32_t>(i % classes));
  std::vector<float> targets(graph.node(last).features * batch);
  fill_normal(targets, {.seed = 6});

  nearest_kink = 1e300;
  Evaluation reference(graph, batch, references, parameters, x, labels, targets);
  ThreadPool pool(2);
  const auto cpu = make_cpu_executor(pool);
  const auto hardware = make_cpu_blas(*cpu, pool);
  const ConstMatrix inputs{x.data(), graph.input_features(), batch};
  Context context = options.context;
  {
    Network network(graph, parameters, *hardware);
    reference.run(false);
    expect_values(network.forward(inputs, context), reference.value(last), "inference");
  }
  Network network(graph, parameters, *hardware);
  context.training = true;
  reference.run(true);
  expect_values(network.forward(inputs, context), reference.value(last), "training");
  const Targets wanted{labels.data(), targets.data()};
  const Tracked loss = reference.value(static_cast<int>(graph.nodes().size()) - 1)[0];
  EXPECT_NEAR(network.backward(wanted, context), loss.value, loss.error);
  ASSERT_GT(nearest_kink, 1) << "a kink within reach of rounding: draw other numbers";

  // Gradients are read off a long plain step: p − (p − rate·g).
  constexpr float rate = 1024;
  network.step({.kind = Optimiser::Kind::sgd, .rate = rate, .momentum = 0});
  const Parameters after = network.parameters();
  std::vector<std::vector<float>> before = parameters.weights, stepped = after.weights;
  before.insert(before.end(), parameters.vectors.begin(), parameters.vectors.end());
  stepped.insert(stepped.end(), after.vectors.begin(), after.vectors.end());
  ASSERT_EQ(before.size(), stepped.size());
  for (std::size_t k = 0; k < before.size(); ++k) {
    const std::size_t count = before[k].size();
    const std::size_t compared = std::min(count, options.most);
    for (std::size_t j = 0; j < compared; ++j) {
      const std::size_t i = j * count / compared;
      const double found = (static_cast<double>(before[k][i]) - stepped[k][i]) / rate;
      const Tracked expected = reference.loss(k, i);
      const double rounding =
          unit * (std::abs(static_cast<double>(before[k][i])) / rate + std::abs(expected.slope));
      EXPECT_NEAR(found, expected.slope, expected.slope_error + 2 * rounding)
          << "gradient of list " << k << ", element " << i;
    }
  }
}

}  // namespace fringe::testing
