// LSTM and GRU over the tokens of a sequence: at each a product of the programmed matrix with the state, then
// the gates; back through time.
#pragma once

#include <functional>

#include "core/accelerator.hpp"
#include "workloads/kernels.hpp"
#include "workloads/scratch.hpp"

namespace fringe {

struct Recurrence {
  Executor& executor;
  ProgrammedMatrix& matrix;  ///< [gates·width × width]
  const OperatorKernel& kernel;
  Scratch& scratch;

  /// `seen` is told x and y of every product.
  void forward(const Call& call, const Context& context,
               const std::function<void(ConstMatrix, ConstMatrix)>& seen) const;
  /// Products of later tokens come first; call.vector_gradients is that of the recurrent bias.
  void backward(const Call& call, const Context& context) const;
};

}  // namespace fringe
