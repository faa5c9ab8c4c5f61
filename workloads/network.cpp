#include "workloads/network.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "workloads/activation_product.hpp"
#include "workloads/recurrence.hpp"

namespace fringe {
namespace {

// Numbers of a product's columns at a time: on the host a second-level cache (2^17 and fewer were slower,
// more no faster), on a device enough to fill it.
std::size_t scratch_numbers(const Executor& executor) {
  return std::size_t{1} << (executor.on_host() ? 18 : 26);
}

// Columns that repay a product's packing of its weights, where the scratch holds fewer.
constexpr std::size_t least_columns = 512;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

Matrix as_row(float* data, std::size_t count) { return {data, 1, count}; }

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

// Tokens of a value of [tokens, features] or [heads, tokens, features].
std::size_t tokens_of(const Shape& shape) { return shape.size() > 1 ? shape[shape.size() - 2] : 1; }

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
                                                  static_cast<std::uint32_t>(i)));
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

void Network::reset() {
  calls_ = 0;
  for (Buffer<float>& cache : caches_)
    if (cache.size() > 0) accelerator_->executor().fill(as_row(cache.data(), cache.size()), 0);
}

void Network::prepare_caches() {
  if (caches_.empty() || batch_ == cached_batch_) return;
  if (calls_ > 0)
    throw Error("the caches hold the tokens of " + std::to_string(cached_batch_) + " samples, " +
                std::to_string(batch_) + " are given; reset() begins anew");
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (const int cache = places_[i].cache; cache >= 0)
      caches_[at(cache)] = Buffer<float>(accelerator_->executor(), graph_.nodes()[i].features * batch_);
  cached_batch_ = batch_;
  reset();
}

void Network::reserve(std::size_t batch, bool training) {
  if (batch <= capacity_ && (trains_ || !training)) return;
  Executor& executor = accelerator_->executor();
  trains_ = trains_ || training;
  capacity_ = std::max(batch, capacity_);
  values_.clear();
  gradients_.clear();
  saved_.clear();
  for (const std::size_t size : (trains_ ? training_ : inference_).sizes)
    values_.emplace_back(executor, size * capacity_);
  if (!trains_) return;
  for (const std::size_t size : gradient_plan_.sizes) gradients_.emplace_back(executor, size * capacity_);
  for (const Place& place : places_) saved_.emplace_back(executor, place.saved * capacity_);
}

float* Network::slot(const ValuePlan& plan, const std::vector<Buffer<float>>& buffers,
                     std::size_t node) const {
  return plan.slot[node] < 0 ? nullptr : buffers[at(plan.slot[node])].data();
}

const float* Network::value(int node) const {
  const float* data = slot(trains_ ? training_ : inference_, values_, at(node));
  return data != nullptr ? data : input_.data;
}

Call Network::call_of(std::size_t node, const Context& context) {
  Place& place = places_[node];
  const Node& n = graph_.nodes()[node];
  for (std::size_t k = 0; k < n.inputs.size(); ++k) place.x[k] = value(n.inputs[k]);
  Call call;
  call.node = &n;
  call.in = place.in;
  call.batch = batch_;
  call.training = context.training;
  call.x = place.x;
  call.y = slot(trains_ ? training_ : inference_, values_, node);
  if (place.vectors >= 0) {
    call.vectors = vectors_[at(place.vectors)].data();
    if (!vector_gradients_.empty()) call.vector_gradients = vector_gradients_[at(place.vectors)].data();
  }
  if (place.states >= 0) call.states = states_[at(place.states)].data();
  if (place.table >= 0) call.vectors = tables_[at(place.table)].data();
  if (trains_) call.saved = saved_[node].data();
  const std::size_t calls = context.training ? 0 : calls_;
  if (place.cache >= 0 && !context.training) call.states = caches_[at(place.cache)].data();
  if (!caches_.empty()) call.first_token = calls * tokens_of(n.shape);
  if (place.cached >= 0) {
    const Node& cache = graph_.node(place.cached);
    const std::size_t filled = (calls + 1) * tokens_of(places_[at(place.cached)].in[0]);
    call.hidden_tokens = cache.attributes.context - std::min(cache.attributes.context, filled);
  }
  call.draw = {.seed = context.seed, .site = static_cast<std::uint32_t>(node), .shot = context.shot};
  call.first_sample = context.first_sample;
  return call;
}

template <class F>
void Network::by_positions(const Place& place, bool whole, F&& part) {
  const Products& p = place.products;
  Executor& executor = accelerator_->executor();
  const std::size_t numbers = std::max(p.inner, p.rows) * p.groups * batch_;
  const std::size_t most = whole || !place.rearranges
                               ? p.columns
                               : std::clamp<std::size_t>(std::max(scratch_numbers(executor) / numbers,
                                                                  (least_columns + batch_ - 1) / batch_),
                                                         1, p.columns);
  for (std::size_t first = 0; first < p.columns; first += most)
    part(Positions{first, std::min(most, p.columns - first)});
}

void Network::product_forward(std::size_t node, const Call& call, const Context& context) {
  const Place& place = places_[node];
  const OperatorKernel& kernel = place.kernel;
  const Products& p = place.products;
  Executor& executor = accelerator_->executor();
  const std::size_t inner = p.groups * p.inner, rows = p.groups * p.rows;
  const bool gathers = place.rearranges && kernel.gather != nullptr,
             delivers = place.rearranges && kernel.deliver != nullptr;
  if (delivers && kernel.overlaps) executor.fill(as_row(call.y, call.node->features * batch_), 0);
  // Ranges of converters are set for all that a calibration batch brings.
  by_positions(place, context.calibrate, [&](const Positions& positions) {
    const std::size_t first = positions.first * batch_, columns = positions.count * batch_;
    Context now = context;
    now.positions = positions.count;
    now.first_position = positions.first;
    const Matrix gathered{gathers ? scratch_.at(0, inner * columns) : nullptr, inner, columns};
    if (gathers) kernel.gather(executor, call, positions, gathered);
    const ConstMatrix x =
        gathers ? ConstMatrix(gathered)
                : ConstMatrix(call.x[0], inner, p.columns * batch_).block(0, inner, first, columns);
    const Matrix y = delivers ? Matrix(scratch_.at(1, rows * columns), rows, columns)
                              : Matrix(call.y, rows, p.columns * batch_).block(0, rows, first, columns);
    for (std::size_t g = 0; g < p.groups; ++g) {
      const ConstMatrix in = x.block(g * p.inner, p.inner, 0, columns);
      const Matrix out = y.block(g * p.rows, p.rows, 0, columns);
      const std::size_t matrix = at(place.matrix) + g;
      matrices_[matrix]->forward(in, out, now);
      if (hook_) hook_({call.node->name, matrix, in, out});
    }
    if (delivers) kernel.deliver(executor, call, positions, y);
  });
}

void Network::product_backward(std::size_t node, const Call& call, const Context& context) {
  const Place& place = places_[node];
  const OperatorKernel& kernel = place.kernel;
  const Products& p = place.products;
  Executor& executor = accelerator_->executor();
  const bool gathers = place.rearranges && kernel.gather != nullptr,
             collects = place.rearranges && kernel.collect != nullptr;
  float* const to = call.dx[0];
  const std::size_t inner = p.groups * p.inner, rows = p.groups * p.rows;
  if (gathers && kernel.overlaps && to != nullptr)
    executor.fill(as_row(to, numbers(place.in[0]) * batch_), 0);
  by_positions(place, false, [&](const Positions& positions) {
    const std::size_t first = positions.first * batch_, columns = positions.count * batch_;
    Context now = context;
    now.positions = positions.count;
    now.first_position = positions.first;
    const Matrix gathered{gathers ? scratch_.at(0, inner * columns) : nullptr, inner, columns};
    const Matrix collected{collects ? scratch_.at(1, rows * columns) : nullptr, rows, columns};
    if (gathers) kernel.gather(executor, call, positions, gathered);
    if (collects) kernel.collect(executor, call, positions, collected);
    const ConstMatrix x =
        gathers ? ConstMatrix(gathered)
                : ConstMatrix(call.x[0], inner, p.columns * batch_).block(0, inner, first, columns);
    const ConstMatrix dy =
        collects ? ConstMatrix(collected)
                 : ConstMatrix(call.dy, rows, p.columns * batch_).block(0, rows, first, columns);
    Matrix dx;
    if (to != nullptr && gathers) {
      dx = {scratch_.at(2, inner * columns), inner, columns};
    } else if (to != nullptr) {
      dx = Matrix(to, inner, p.columns * batch_).block(0, inner, first, columns);
    }
    for (std::size_t g = 0; g < p.groups; ++g)
      matrices_[at(place.matrix) + g]->backward(
          x.block(g * p.inner, p.inner, 0, columns), dy.block(g * p.rows, p.rows, 0, columns),
          to != nullptr ? dx.block(g * p.inner, p.inner, 0, columns) : Matrix(), now);
    if (to != nullptr && gathers) kernel.scatter(executor, call, positions, dx);
  });
}

// A table's gradient is that of a product with the ids' unit vectors.
void Network::tied_backward(std::size_t node, const Call& call, const Context& context) {
  const Place& place = places_[node];
  const Products& p = place.products;
  Executor& executor = accelerator_->executor();
  by_positions(place, false, [&](const Positions& positions) {
    const std::size_t columns = positions.count * batch_;
    Context now = context;
    now.positions = positions.count;
    now.first_position = positions.first;
    const Matrix ids{scratch_.at(0, p.rows * columns), p.rows, columns};
    const Matrix slopes{scratch_.at(1, p.inner * columns), p.inner, columns};
    place.kernel.gather(executor, call, positions, ids);
    place.kernel.collect(executor, call, positions, slopes);
    matrices_[at(places_[at(place.tied)].matrix)]->backward(slopes, ids, Matrix(), now);
  });
}

ConstMatrix Network::forward(ConstMatrix x, const Context& context) {
  if (x.rows != graph_.input_features())
    throw Error("input '" + graph_.nodes()[0].name + "': " + std::to_string(x.rows) +
                " features given; must be " + std::to_string(graph_.input_features()));
  reserve(x.cols, context.training);
  batch_ = x.cols;
  input_ = x;
  if (!context.training) prepare_caches();
  const auto nodes = graph_.nodes();
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const Place& place = places_[i];
    if (row_of(nodes[i].op).kind == OperatorKind::loss) continue;
    const Call call = call_of(i, context);
    const OperatorKind kind = row_of(nodes[i].op).kind;
    if (kind == OperatorKind::recurrence)
      Recurrence{accelerator_->executor(), *matrices_[at(place.matrix)], place.kernel, scratch_}.forward(
          call, context, [&](ConstMatrix in, ConstMatrix out) {
            if (hook_) hook_({nodes[i].name, at(place.matrix), in, out});
          });
    else if (kind == OperatorKind::activations)
      ActivationProduct{*accelerator_, place.kernel, scratch_, place.products}.forward(call, context);
    else if (place.matrix >= 0)
      product_forward(i, call, context);
    else if (place.kernel.forward != nullptr)
      place.kernel.forward(accelerator_->executor(), call);
  }
  if (!context.training) ++calls_;
  const int result = nodes.back().inputs[0];
  return {value(result), nodes[at(result)].features, batch_};
}

void Network::prepare_training() {
  if (trained_.size() > 0) return;
  for (const Buffer<float>& v : vectors_) vector_gradients_.emplace_back(accelerator_->executor(), v.size());
  for (const auto& matrix : matrices_) trained_.add(matrix->parameters(), matrix->gradients(), true);
  // Weights that the digital unit holds decay too: depthwise filters and tables.
  std::vector<char> decays(vectors_.size());
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (places_[i].vectors >= 0)
      decays[at(places_[i].vectors)] =
          (places_[i].weights >= 0 && places_[i].matrix < 0) || graph_.nodes()[i].op == Operator::embedding;
  for (std::size_t k = 0; k < vectors_.size(); ++k)
    trained_.add(vectors_[k].span(), vector_gradients_[k].span(), decays[k] != 0);
}

double Network::loss(const Targets& targets) {
  const Call call = call_of(graph_.nodes().size() - 1, {});
  return places_.back().kernel.loss(accelerator_->executor(), call, targets);
}

double Network::backward(const Targets& targets, const Context& context, float gradient_scale) {
  if (!trains_) throw Error("backward pass: it follows a forward pass with training");
  prepare_training();
  Executor& executor = accelerator_->executor();
  const auto nodes = graph_.nodes();
  std::vector<char> made(nodes.size());
  double mean = 0;
  for (std::size_t i = nodes.size(); i-- > 1;) {
    Place& place = places_[i];
    Call call = call_of(i, context);
    call.dy = slot(gradient_plan_, gradients_, i);
    // Where a value has several readers, the later ones write beside it, and then add.
    std::vector<std::size_t> later;
    for (std::size_t k = 0; k < nodes[i].inputs.size(); ++k) {
      const std::size_t from = at(nodes[i].inputs[k]);
      place.dx[k] = slot(gradient_plan_, gradients_, from);
      if (place.dx[k] != nullptr && std::exchange(made[from], 1) != 0) later.push_back(k);
    }
    std::size_t beside = 0;
    for (const std::size_t k : later) beside += numbers(place.in[k]) * batch_;
    Buffer<float> parts(executor, beside);
    std::size_t used = 0;
    for (const std::size_t k : later) {
      place.dx[k] = parts.data() + used;
      used += numbers(place.in[k]) * batch_;
    }
    call.dx = place.dx;
    const OperatorKind kind = row_of(nodes[i].op).kind;
    if (place.kernel.loss != nullptr) {
      mean = place.kernel.loss(executor, call, targets);
      if (gradient_scale != 1 && place.dx[0] != nullptr)
        executor.scale(as_row(place.dx[0], numbers(place.in[0]) * batch_), gradient_scale);
    } else if (kind == OperatorKind::recurrence)
      Recurrence{executor, *matrices_[at(place.matrix)], place.kernel, scratch_}.backward(call, context);
    else if (kind == OperatorKind::activations)
      ActivationProduct{*accelerator_, place.kernel, scratch_, place.products}.backward(call, context);
    else if (place.matrix >= 0)
      product_backward(i, call, context);
    else if (place.kernel.backward != nullptr)
      place.kernel.backward(executor, call);
    if (place.tied >= 0) tied_backward(i, call, context);
    for (const std::size_t k : later) {
      const std::size_t count = numbers(place.in[k]) * batch_;
      executor.add(as_row(place.dx[k], count),
                   as_row(slot(gradient_plan_, gradients_, at(nodes[i].inputs[k])), count));
    }
  }
  return mean;
}

bool Network::step(const Optimiser& optimiser, float rate, float loss_scale) {
  prepare_training();
  if (!trained_.step(optimiser, rate, loss_scale)) return false;
  for (const auto& matrix : matrices_) matrix->commit();
  read_tables();
  return true;
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
