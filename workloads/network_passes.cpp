// A network's passes: its values and gradients in planned memory, one operator after the other.
#include <algorithm>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "workloads/activation_product.hpp"
#include "workloads/network.hpp"
#include "workloads/recurrence.hpp"

namespace fringe {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

Matrix as_row(float* data, std::size_t count) { return {data, 1, count}; }

// Tokens of a value of [tokens, features] or [heads, tokens, features].
std::size_t tokens_of(const Shape& shape) { return shape.size() > 1 ? shape[shape.size() - 2] : 1; }

}  // namespace

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

/// Of a tied embedding: with the matrix whose weights are its table.
WeightedProduct Network::weighted(const Place& place) {
  const Place& owner = place.tied >= 0 ? places_[at(place.tied)] : place;
  return {accelerator_->executor(),
          std::span(matrices_).subspan(at(owner.matrix), place.products.groups),
          place.kernel,
          scratch_,
          place.products,
          place.rearranges};
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
      weighted(place).forward(call, context, [&](std::size_t group, ConstMatrix in, ConstMatrix out) {
        if (hook_) hook_({nodes[i].name, at(place.matrix) + group, in, out});
      });
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
      weighted(place).backward(call, context);
    else if (place.kernel.backward != nullptr)
      place.kernel.backward(executor, call);
    if (place.tied >= 0) weighted(place).backward_of_table(call, context);
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

}  // namespace fringe
