#include "workloads/network.hpp"

#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

const std::vector<float>& required(const Node& node, const std::vector<std::vector<float>>& all,
                                   std::size_t index, std::size_t expected) {
  const std::size_t given = index < all.size() ? all[index].size() : 0;
  if (given != expected)
    throw Error("parameters of '" + node.name + "': " + std::to_string(given) + " numbers given; must be " +
                std::to_string(expected));
  return all[index];
}

// One filter for every channel: no matrix, but products of numbers that the digital unit takes.
bool depthwise(const Node& node, std::span<const Shape> in) {
  return node.op == Operator::conv2d && node.attributes.groups > 1 && node.attributes.groups == in[0][0];
}

}  // namespace

void require_executable(const Graph& graph) {
  require_complete(graph);
  for (const Node& n : graph.nodes())
    if (!has_kernel(n.op))
      throw Error("operator '" + n.name + "' is a " + std::string(to_string(n.op)) +
                  ": it is priced, not executed yet");
}

Network::Network(const Graph& graph, const Parameters& parameters, Accelerator& accelerator)
    : graph_(graph),
      accelerator_(&accelerator),
      scratch_(accelerator.executor()),
      trained_(accelerator.executor()) {
  require_executable(graph_);
  const auto nodes = graph_.nodes();
  Executor& executor = accelerator.executor();
  const auto kernels = kernels_of(executor);
  int weights = 0, states = 0;
  auto further_site = static_cast<std::uint32_t>(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    Place& place = places_.emplace_back();
    place.kernel = kernels[static_cast<std::size_t>(n.op)];
    for (const int from : n.inputs) place.in.push_back(nodes[at(from)].shape);
    place.x.resize(n.inputs.size());
    place.dx.resize(n.inputs.size());
    const Site site{place.in, n.attributes, n.shape, true};
    if (place.kernel.saved != nullptr) place.saved = place.kernel.saved(site);
    const OperatorKind kind = row_of(n.op).kind;
    const auto hold = [&](const std::vector<float>& values) {
      vectors_.emplace_back(executor, values.size()).from_host(values);
      place.vectors = static_cast<int>(vectors_.size()) - 1;
    };
    if (kind == OperatorKind::weighted || kind == OperatorKind::recurrence) {
      const Products& p = place.products = graph_.products(static_cast<int>(i));
      place.weights = weights++;
      const std::vector<float>& w = required(n, parameters.weights, at(place.weights), p.weights());
      if (depthwise(n, place.in)) {
        hold(w);
      } else {
        place.matrix = static_cast<int>(matrices_.size());
        place.rearranges = (place.kernel.gather != nullptr || place.kernel.deliver != nullptr) &&
                           (place.kernel.rearranges == nullptr || place.kernel.rearranges(site));
        for (std::size_t g = 0; g < p.groups; ++g)
          matrices_.push_back(accelerator.program({w.data() + g * p.rows * p.inner, p.rows, p.inner},
                                                  g == 0 ? static_cast<std::uint32_t>(i) : further_site++));
      }
    }
    if (kind == OperatorKind::activations) place.products = graph_.products(static_cast<int>(i));
    if (n.op == Operator::batch_norm) {
      const std::size_t count = graph_.vectors(static_cast<int>(i));
      states_.emplace_back(executor, count).from_host(required(n, parameters.states, at(states), count));
      place.states = states++;
    }
  }
  std::size_t ordinal = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::size_t count = graph_.vectors(static_cast<int>(i));
    if (count == 0) continue;
    const std::vector<float>& values = required(nodes[i], parameters.vectors, ordinal++, count);
    vectors_.emplace_back(executor, count).from_host(values);
    places_[i].vectors = static_cast<int>(vectors_.size()) - 1;
  }
  find_relations();
  read_tables();
  inference_ = plan_values(graph_, kernels, false);
  training_ = plan_values(graph_, kernels, true);
  gradient_plan_ = plan_gradients(graph_, kernels);
}

void Network::find_relations() {
  const auto nodes = graph_.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    Place& place = places_[i];
    if (n.op == Operator::cache) {
      caches_.emplace_back();
      place.cache = static_cast<int>(caches_.size()) - 1;
    }
    if (n.op == Operator::softmax) {
      // Its columns are the tokens of what a product's right operand holds.
      std::size_t from = at(n.inputs[0]);
      while (nodes[from].shape == n.shape && row_of(nodes[from].op).kind == OperatorKind::elementwise)
        from = at(nodes[from].inputs[0]);
      if (nodes[from].op == Operator::matmul && nodes[from].attributes.transposed &&
          nodes[at(nodes[from].inputs[1])].op == Operator::cache)
        place.cached = nodes[from].inputs[1];
    }
    if (!n.attributes.tied) continue;
    const std::size_t rows = n.attributes.vocabulary, width = n.attributes.features;
    for (std::size_t k = 0; k < nodes.size(); ++k)
      if (nodes[k].op == Operator::dense && places_[k].products.rows == rows &&
          places_[k].products.inner == width)
        place.tied = static_cast<int>(k);
    if (place.tied < 0)
      throw Error("embedding '" + n.name + "' is tied to a dense of " + std::to_string(rows) + "x" +
                  std::to_string(width) + " weights; the graph has none");
    place.products = {rows, width, n.shape[0]};
    place.rearranges = true;
    tables_.emplace_back(accelerator_->executor(), rows * width);
    place.table = static_cast<int>(tables_.size()) - 1;
  }
}

void Network::read_tables() {
  for (const Place& place : places_) {
    if (place.tied < 0) continue;
    std::vector<float> w(place.products.weights());
    matrices_[at(places_[at(place.tied)].matrix)]->realised(
        {w.data(), place.products.rows, place.products.inner});
    tables_[at(place.table)].from_host(w);
  }
}

Parameters Network::parameters() const {
  Parameters parameters;
  for (const Place& place : places_) {
    if (place.weights < 0) continue;
    const Products& p = place.products;
    if (place.matrix < 0) {
      parameters.weights.push_back(vectors_[at(place.vectors)].to_host());
      continue;
    }
    std::vector<float>& w = parameters.weights.emplace_back(p.weights());
    for (std::size_t g = 0; g < p.groups; ++g)
      matrices_[at(place.matrix) + g]->realised({w.data() + g * p.rows * p.inner, p.rows, p.inner});
  }
  for (const Place& place : places_)
    if (place.vectors >= 0 && !(place.weights >= 0 && place.matrix < 0))
      parameters.vectors.push_back(vectors_[at(place.vectors)].to_host());
  for (const Buffer<float>& state : states_) parameters.states.push_back(state.to_host());
  return parameters;
}

}  // namespace fringe
