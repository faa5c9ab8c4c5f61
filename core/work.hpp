// The plain list of work that a graph lowers to and that every hardware prices.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fringe {

/// One unit of work. Products are Y[rows×columns] = W[rows×inner]·X[inner×columns]; columns is the batch.
struct Work {
  enum class Kind {
    product,        ///< W is a weight: it may stay programmed between executions
    outer_product,  ///< dW[rows×inner] = dY[rows×columns]·Xᵀ: both operands are new each time
    elementwise,    ///< rows·columns elements
    weight_update,  ///< optimiser step on rows·inner weights; the hardware then holds new weights
  };
  Kind kind = Kind::product;
  std::string name;         ///< operator it comes from, e.g. "dense1"
  int weight = -1;          ///< which weight matrix (products, outer products, updates); −1: none
  bool transposed = false;  ///< product with Wᵀ (backward pass); rows and inner are those of W itself
  std::size_t rows = 0, inner = 0, columns = 0;
  double operations_per_element = 1;  ///< elementwise and update: arithmetic operations per element
  double bytes = 0;  ///< operand traffic [bytes] if nothing is cached: inputs + outputs at 4 B an element
  std::vector<int> after;  ///< indices of the work it waits for

  /// Multiply-accumulates of a product or outer product; 0 otherwise.
  double macs() const {
    return kind == Kind::product || kind == Kind::outer_product
               ? static_cast<double>(rows) * static_cast<double>(inner) * static_cast<double>(columns)
               : 0.0;
  }
};

}  // namespace fringe
