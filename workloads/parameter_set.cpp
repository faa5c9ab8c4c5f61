#include "workloads/parameter_set.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

using Lists = std::vector<std::vector<float>>;

Matrix as_row(std::span<float> numbers) { return {numbers.data(), 1, numbers.size()}; }

std::vector<float> host_copy(Executor& executor, std::span<const float> numbers) {
  std::vector<float> host(numbers.size());
  executor.copy_to_host(host.data(), numbers.data(), numbers.size_bytes());
  return host;
}

}  // namespace

void ParameterSet::add(std::span<float> values, std::span<float> gradients, bool decays) {
  executor_->fill(as_row(gradients), 0);
  trained_.push_back({values, gradients, decays, {*executor_, values.size()}, {*executor_, values.size()}});
}

double ParameterSet::gradient_norm() const {
  double sum = 0;
  for (const Trained& t : trained_) sum += executor_->sum_of_squares(t.gradients.size(), t.gradients.data());
  return std::sqrt(sum);
}

bool ParameterSet::step(const Optimiser& optimiser, float rate, float loss_scale) {
  double scale = loss_scale > 0 ? 1.0 / static_cast<double>(loss_scale) : 1.0;
  bool finite = true;
  if (loss_scale > 0 || optimiser.clip_norm > 0) {
    const double norm = gradient_norm() * scale, most = optimiser.clip_norm;
    finite = loss_scale == 0 || std::isfinite(norm);
    if (most > 0 && norm > most) scale *= most / norm;
  }
  if (finite) {
    if (steps_ == 0 || optimiser.kind != kind_) {
      steps_ = 0;
      kind_ = optimiser.kind;
      for (const Trained& t : trained_) {
        executor_->fill(as_row(t.first.span()), 0);
        executor_->fill(as_row(t.second.span()), 0);
      }
    }
    ++steps_;
  }
  for (const Trained& t : trained_) {
    const StepTerms terms{.gradient_scale = static_cast<float>(scale),
                          .decay = t.decays ? optimiser.weight_decay : 0.0f,
                          .nesterov = optimiser.nesterov};
    if (finite && optimiser.is_adam())
      executor_->adam_step(t.values.size(), t.values.data(), t.gradients.data(), t.first.data(),
                           t.second.data(), steps_, rate, optimiser.beta1, optimiser.beta2, optimiser.epsilon,
                           terms);
    else if (finite)
      executor_->sgd_step(t.values.size(), t.values.data(), t.gradients.data(), t.first.data(), rate,
                          optimiser.momentum, terms);
    executor_->fill(as_row(t.gradients), 0);
  }
  return finite;
}

Lists ParameterSet::values() const {
  Lists lists;
  for (const Trained& t : trained_) lists.push_back(host_copy(*executor_, t.values));
  return lists;
}

OptimiserState ParameterSet::state() const {
  OptimiserState state{.kind = kind_, .steps = steps_, .first = {}, .second = {}};
  if (steps_ == 0) return state;
  for (const Trained& t : trained_) {
    state.first.push_back(t.first.to_host());
    if (kind_ != Optimiser::Kind::sgd) state.second.push_back(t.second.to_host());
  }
  return state;
}

void ParameterSet::restore(const Lists& values, const OptimiserState& state) {
  const auto require = [this](const char* what, const Lists& lists, bool wanted) {
    bool fits = lists.size() == (wanted ? trained_.size() : 0);
    for (std::size_t i = 0; fits && i < lists.size(); ++i)
      fits = lists[i].size() == trained_[i].values.size();
    if (!fits)
      throw Error(std::string("state of a training: its ") + what + " are " + std::to_string(lists.size()) +
                  " lists whose sizes are not those of the network's " + std::to_string(trained_.size()) +
                  " lists of parameters");
  };
  require("parameters", values, true);
  require("first moments", state.first, state.steps > 0);
  require("second moments", state.second, state.steps > 0 && state.kind != Optimiser::Kind::sgd);
  kind_ = state.kind;
  steps_ = state.steps;
  for (std::size_t i = 0; i < trained_.size(); ++i) {
    Trained& t = trained_[i];
    executor_->copy_from_host(t.values.data(), values[i].data(), t.values.size_bytes());
    executor_->fill(as_row(t.gradients), 0);
    executor_->fill(as_row(t.second.span()), 0);
    if (!state.first.empty()) t.first.from_host(state.first[i]);
    if (!state.second.empty()) t.second.from_host(state.second[i]);
  }
}

}  // namespace fringe
