#include "workloads/parameter_set.hpp"

namespace fringe {
namespace {

Matrix as_row(std::span<float> numbers) { return {numbers.data(), 1, numbers.size()}; }

}  // namespace

void ParameterSet::add(std::span<float> values, std::span<float> gradients) {
  executor_->fill(as_row(gradients), 0);
  trained_.push_back({values, gradients, {*executor_, values.size()}, {*executor_, values.size()}});
}

void ParameterSet::step(const Optimiser& optimiser, float rate) {
  if (steps_ == 0 || optimiser.kind != kind_) {
    steps_ = 0;
    kind_ = optimiser.kind;
    for (const Trained& t : trained_) {
      executor_->fill(as_row(t.first.span()), 0);
      executor_->fill(as_row(t.second.span()), 0);
    }
  }
  ++steps_;
  for (const Trained& t : trained_) {
    if (kind_ == Optimiser::Kind::adam)
      executor_->adam_step(t.values.size(), t.values.data(), t.gradients.data(), t.first.data(),
                           t.second.data(), steps_, rate, optimiser.beta1, optimiser.beta2,
                           optimiser.epsilon);
    else
      executor_->sgd_step(t.values.size(), t.values.data(), t.gradients.data(), t.first.data(), rate,
                          optimiser.momentum);
    executor_->fill(as_row(t.gradients), 0);
  }
}

}  // namespace fringe
