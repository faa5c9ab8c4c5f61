// Products of two activations, C = scale·A·B for every head of every sample: attention. Values are [head,
// row, column, batch] with the batch innermost, products take one matrix for each head and sample; so
// operands are packed, multiplied by Accelerator::multiply and unpacked, as many heads at a time as stay in a
// cache. A batch of one needs no packing.
//
// Products are numbered head by head in Context::first_position: those of the forward pass come first, then
// those of the gradient of A, then those of B. Context::positions is the number of heads of a call; product i
// of it belongs to sample first_sample + i mod B.
#pragma once

#include "core/accelerator.hpp"
#include "workloads/kernels.hpp"
#include "workloads/scratch.hpp"

namespace fringe {

struct ActivationProduct {
  Accelerator& accelerator;
  const OperatorKernel& kernel;
  Scratch& scratch;
  const Products& products;  ///< groups: heads

  void forward(const Call& call, const Context& context) const;
  /// Gradients of both operands, where they are asked for.
  void backward(const Call& call, const Context& context) const;

 private:
  struct Operand {
    const float* data;
    bool transposed;
  };
  void run(const Call& call, const Context& context, std::size_t part, std::size_t rows, std::size_t inner,
           std::size_t columns, Operand a, Operand b, float* c) const;
};

}  // namespace fringe
