// The plain list of work that a graph lowers to and that every hardware prices.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fringe {

/// One unit of work. Products are Y[rows×columns] = W[rows×inner]·X[inner×columns]; columns is the batch, or
/// the batch times the positions at which a convolution or a sequence applies W.
struct Work {
  enum class Kind {
    product,  ///< W is a weight: it may stay programmed between executions; or, without one, an activation
    outer_product,  ///< dW[rows×inner] = dY[rows×columns]·Xᵀ: both operands are new each time
    elementwise,    ///< rows·columns elements
    weight_update,  ///< optimiser step on rows·inner weights; the hardware then holds new weights
  };
  Kind kind = Kind::product;
  std::string name;  ///< operator it comes from, e.g. "dense1"
  /// Which weight matrix (products, outer products, updates); −1: none. A product without one is of two
  /// activations, both new each time: nothing of it can stay in the hardware.
  int weight = -1;
  bool transposed = false;  ///< product with Wᵀ (backward pass); rows and inner are those of W itself
  std::size_t rows = 0, inner = 0, columns = 0;
  /// That many matrices W of this size, each with its own X: groups of a convolution, heads of an attention
  /// times the batch. 1 for element-wise work.
  std::size_t groups = 1;
  double operations_per_element = 1;  ///< elementwise and update: arithmetic operations per element
  double bytes = 0;  ///< operand traffic [bytes] if nothing is cached: inputs + outputs at 4 B an element
  /// Part of `bytes` that lies in off-chip memory whatever the caches: rows of an embedding's table, keys and
  /// values of earlier tokens.
  double off_chip_bytes = 0;
  /// Operators that a framework issues for it, one after the other: more than one for an optimiser's step
  /// that isn't one kernel.
  std::size_t issues = 1;
  std::vector<int> after;  ///< indices of the work it waits for

  /// Numbers in all the matrices W.
  double matrix_numbers() const {
    return static_cast<double>(groups) * static_cast<double>(rows) * static_cast<double>(inner);
  }
  /// Multiply-accumulates of a product or outer product; 0 otherwise.
  double macs() const {
    return kind == Kind::product || kind == Kind::outer_product
               ? matrix_numbers() * static_cast<double>(columns)
               : 0.0;
  }
};

}  // namespace fringe
